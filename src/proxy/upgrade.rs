//! Upgrades: WebSocket, and any other protocol that both sides agree on with a `101`.
//!
//! From the `101` on the two connections are bytes both ways, recorded as the bodies of the exchange.

use super::Shared;
use super::relay::{Ends, Witness, relay};
use super::socket::{ResetOnClose, SocketFacts};
use crate::exchange::body::Side;
use crate::exchange::end::{BodyEnd, Hop};
use crate::record::Track;
use http::header::{CONNECTION, HeaderValue, UPGRADE};
use http::{HeaderMap, Request, StatusCode, Version};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A wish to change the protocol, with the headers that it was said in.
#[derive(Debug)]
pub(super) struct Wish {
    app: OnUpgrade,
    headers: Said,
}

/// The headers that speak of an upgrade.
#[derive(Debug, Clone)]
struct Said {
    connection: HeaderValue,
    upgrade: Vec<HeaderValue>,
}

/// One side of a connection that speaks something else now.
struct Switched {
    io: TokioIo<Upgraded>,
    facts: Arc<SocketFacts>,
}

impl Wish {
    /// The wish in a request, if there is one. The upgrade to HTTP/2 is none of these: it speaks of one hop.
    pub(super) fn of<B>(request: &mut Request<B>) -> Option<Self> {
        let headers = Said::of(request.headers())?;
        let to_http2 = headers.upgrade.iter().any(|value| value.as_bytes().eq_ignore_ascii_case(b"h2c"));
        if request.version() != Version::HTTP_11 || to_http2 {
            return None;
        }
        Some(Self { app: hyper::upgrade::on(request), headers })
    }

    /// Says it again on the other hop.
    pub(super) fn put_into(&self, headers: &mut HeaderMap) {
        self.headers.put_into(headers);
    }

    /// Whether an answer of this status grants it.
    pub(super) fn is_granted(status: StatusCode) -> bool {
        status == StatusCode::SWITCHING_PROTOCOLS
    }

    /// Passes bytes on from when both sides have changed over. The sockets are those of the app and of the
    /// gateway.
    pub(super) fn fulfil(
        self,
        shared: &Arc<Shared>,
        track: Track,
        gateway: OnUpgrade,
        sockets: [Arc<SocketFacts>; 2],
    ) {
        for socket in &sockets {
            socket.stop_looking();
        }
        let cut = shared.cut.clone();
        shared.tasks.spawn(async move {
            let ends = tokio::select! {
                ends = pass(self.app, gateway, sockets, &track) => ends,
                () = cut.cancelled() => {
                    let stopped = BodyEnd::broken(Hop::Gatetap, "gatetap was stopped");
                    Ends { request: stopped.clone(), response: stopped }
                }
            };
            // The answer's end is the exchange's: nothing is recorded after it.
            track.ended(Side::Request, ends.request);
            track.ended(Side::Response, ends.response);
        });
    }
}

async fn pass(app: OnUpgrade, gateway: OnUpgrade, sockets: [Arc<SocketFacts>; 2], track: &Track) -> Ends {
    let [app_facts, gateway_facts] = sockets;
    let switched = tokio::try_join!(
        async { app.await.map_err(|_gone| BodyEnd::broken(Hop::App, "gone before the protocol changed")) },
        async {
            gateway.await.map_err(|_gone| BodyEnd::broken(Hop::Gateway, "gone before the protocol changed"))
        },
    );
    match switched {
        Ok((app, gateway)) => {
            let mut app = Switched { io: TokioIo::new(app), facts: app_facts };
            let mut gateway = Switched { io: TokioIo::new(gateway), facts: gateway_facts };
            relay(&mut app, &mut gateway, &Witness::Recording(track)).await
        }
        Err(end) => Ends { request: end.clone(), response: end },
    }
}

/// Puts what an answer says of its upgrade into the answer for the other hop.
pub(super) fn pass_headers(from: &HeaderMap, to: &mut HeaderMap) {
    if let Some(said) = Said::of(from) {
        said.put_into(to);
    }
}

impl Said {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let names_it = |value: &&HeaderValue| {
            let mut tokens = value.as_bytes().split(|&byte| byte == b',');
            tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
        };
        let connection = headers.get_all(CONNECTION).iter().find(names_it)?.clone();
        let upgrade: Vec<_> = headers.get_all(UPGRADE).iter().cloned().collect();
        (!upgrade.is_empty()).then_some(Self { connection, upgrade })
    }

    fn put_into(&self, headers: &mut HeaderMap) {
        headers.insert(CONNECTION, self.connection.clone());
        headers.remove(UPGRADE);
        for value in &self.upgrade {
            headers.append(UPGRADE, value.clone());
        }
    }
}

impl ResetOnClose for Switched {
    fn reset_on_close(&self) {
        self.facts.reset_on_close();
    }
}

impl AsyncRead for Switched {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Switched {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}
