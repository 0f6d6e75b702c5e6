//! `CONNECT`: a tunnel to a host, opened where configuration says so and passed on unseen otherwise.

use super::app_connection::{Connection, serve_http};
use super::app_tls::NoTls;
use super::connect::{Made, place};
use super::http1::HEAD_TIME;
use super::opening::{self, Opening};
use super::own_answer::{Failure, Token, rendered};
use super::relay::{Counts, relay};
use super::stream::Stream;
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::time::Moment;
use crate::gateway::profile::Scheme;
use crate::record::TunnelTrack;
use crate::wire::http1::head_end;
use bytes::BytesMut;
use http::StatusCode;
use http::uri::Authority;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

/// The longest head of a `CONNECT` that is read.
const LONGEST_HEAD: usize = 64 << 10;

/// How often an open tunnel's bytes are written down.
const REPORT: Duration = Duration::from_secs(1);

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection Established\r\n\r\n";

/// Where a tunnel leads.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Target {
    host: String,
    port: u16,
}

/// Serves a connection that begins with `CONNECT`.
pub(super) async fn serve(mut app: Stream, connection: &Connection) -> io::Result<()> {
    let head = tokio::select! {
        read = tokio::time::timeout(HEAD_TIME, read_head(&mut app)) => read,
        () = connection.stop.cancelled() => return Ok(()),
    };
    let Ok(head) = head else {
        let message = format!("the head of the CONNECT was not whole after {} s", HEAD_TIME.as_secs());
        let failure = Failure::new(Token::SlowRequest, message);
        return refuse(app, &failure, failure.status()).await;
    };
    let head = head?;
    let Some(target) = Target::of(&head) else {
        let failure =
            Failure::new(Token::UnsupportedRequest, "a tunnel is asked for as `CONNECT HOST:PORT HTTP/1.1`");
        return refuse(app, &failure, StatusCode::BAD_REQUEST).await;
    };
    let shared = &connection.shared;
    let clock = shared.recorder.clock();
    let began = clock.now();
    let dialled = if connection.is_loop() || shared.connector.is_own_connect(&head) {
        let message = format!("{} was asked for by gatetap itself", target.name());
        Err(Failure::new(Token::Loop, message))
    } else {
        tokio::select! {
            dialled = shared.connector.dial(true, &target.host, target.port, clock) => dialled,
            () = connection.cut.cancelled() => {
                connection.tunnel(began, target.name()).ended(BodyEnd::stopped());
                return Ok(());
            }
        }
    };
    let made = match dialled {
        Ok(made) => made,
        Err(failure) => {
            connection.tunnel(began, target.name()).failed(failure.own());
            return refuse(app, &failure, failure.status()).await;
        }
    };
    app.write_all(ESTABLISHED).await?;
    app.flush().await?;
    if shared.intercept.opens(&target.host, target.port) {
        open(app, made, target, began, connection).await
    } else {
        let mut track = connection.tunnel(began, target.name());
        track.connected(made.connect);
        pass(app, made.stream, track, connection).await;
        Ok(())
    }
}

/// Opens a tunnel, unless the host speaks first or the app speaks something else.
async fn open(
    mut app: Stream,
    mut made: Made,
    target: Target,
    began: Moment,
    connection: &Connection,
) -> io::Result<()> {
    let spoken = loop {
        if let Some(opening) = opening::in_tunnel(app.unread()) {
            break opening;
        }
        // Silence is waited out: nobody loses anything by it.
        tokio::select! {
            biased;
            looked = app.look_further() => if looked? == 0 { break Opening::Foreign },
            looked = made.stream.look_further() => {
                // What went wrong shows again when it is passed on.
                drop(looked);
                break Opening::Foreign;
            }
            () = connection.cut.cancelled() => return Ok(()),
        }
    };
    let intercept = &connection.shared.intercept;
    let (app, scheme) = match spoken {
        Opening::Tls => {
            let accepted = tokio::select! {
                accepted = connection.shared.app_tls.accept(app, &target.host) => {
                    accepted.map_err(|NoTls { reason, .. }| BodyEnd::broken(Hop::App, reason))
                }
                () = connection.cut.cancelled() => Err(BodyEnd::stopped()),
            };
            match accepted {
                Ok(app) => (app, Scheme::Https),
                Err(end) => {
                    let mut track = connection.tunnel(began, target.name());
                    track.connected(made.connect);
                    track.ended(end);
                    return Ok(());
                }
            }
        }
        Opening::Http | Opening::Connect => (app, Scheme::Http),
        Opening::Foreign => {
            let mut track = connection.tunnel(began, target.name());
            track.connected(made.connect);
            pass(app, made.stream, track, connection).await;
            return Ok(());
        }
    };
    let route = intercept.route(scheme, &target.host, target.port, made);
    serve_http(app, &connection.inside(route)).await;
    Ok(())
}

/// Passes a tunnel on unseen.
async fn pass(mut app: Stream, mut host: Stream, mut track: TunnelTrack, connection: &Connection) {
    let counts = Counts::default();
    let mut relaying = std::pin::pin!(relay(&mut app, &mut host, &counts));
    let mut reported = (0, 0);
    let end = loop {
        tokio::select! {
            ends = relaying.as_mut() => break ends.first_break().cloned().unwrap_or(BodyEnd::Whole),
            () = connection.cut.cancelled() => break BodyEnd::stopped(),
            () = tokio::time::sleep(REPORT) => {
                let (sent, received) = counts.read();
                if (sent, received) != reported {
                    reported = (sent, received);
                    track.passed(sent, received);
                }
            }
        }
    };
    let (sent, received) = counts.read();
    track.passed(sent, received);
    track.ended(end);
}

impl Target {
    /// The target of a `CONNECT` head; `None` if it names no host and port.
    fn of(head: &[u8]) -> Option<Self> {
        let line = head.split(|&byte| byte == b'\n').next()?;
        let mut words = std::str::from_utf8(line).ok()?.trim_end().split(' ');
        let (_method, target, version) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() || !version.starts_with("HTTP/1.") {
            return None;
        }
        let authority: Authority = target.parse().ok().filter(|_| !target.contains('@'))?;
        let port = authority.port_u16().filter(|port| *port != 0)?;
        let host = authority.host().trim_matches(['[', ']']);
        (!host.is_empty()).then(|| Self { host: host.to_owned(), port })
    }

    fn name(&self) -> String {
        place(&self.host, self.port)
    }
}

/// Takes the head off the connection, and nothing more.
async fn read_head(app: &mut Stream) -> io::Result<BytesMut> {
    loop {
        if let Some(end) = head_end(app.unread(), 0) {
            return Ok(app.take_unread(end));
        }
        if app.unread().len() > LONGEST_HEAD {
            return Err(io::Error::other("the head of a CONNECT does not end"));
        }
        if app.look_further().await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn refuse(mut app: Stream, failure: &Failure, status: StatusCode) -> io::Result<()> {
    let mut answer = failure.answer(false);
    *answer.status_mut() = status;
    app.write_all(&rendered(&answer, b"CONNECT", false)).await?;
    app.shutdown().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_host_and_a_port() {
        for (line, expected) in [
            ("CONNECT api.openai.com:443 HTTP/1.1", Some("api.openai.com:443")),
            ("CONNECT [::1]:8443 HTTP/1.0", Some("[::1]:8443")),
            ("CONNECT api.openai.com HTTP/1.1", None),
            ("CONNECT api.openai.com:0 HTTP/1.1", None),
            ("CONNECT user@host:1 HTTP/1.1", None),
            ("CONNECT :443 HTTP/1.1", None),
            ("CONNECT https://host:443/ HTTP/1.1", None),
            ("CONNECT host:443", None),
            ("CONNECT host:443 HTTP/1.1 x", None),
        ] {
            let found = Target::of(format!("{line}\r\n\r\n").as_bytes()).map(|target| target.name());
            assert_eq!(found.as_deref(), expected, "{line}");
        }
    }
}
