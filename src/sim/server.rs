//! The simulator as a server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Response, Version};
use http_body_util::Either;

use super::playback::Playback;
use super::scenario::play;
use super::{Counts, Generation, Options, Shared, answer};
use crate::play::{Answers, Server, Socket, Unframed, raw};

/// A running simulator. Dropping it stops it too, without waiting for the end.
#[derive(Debug)]
pub struct Simulator {
    server: Server,
    shared: Arc<Shared>,
}

impl Simulator {
    /// Binds `addr` (port 0 picks one) and serves on it in the background.
    ///
    /// Fails where the address cannot be bound. Must be called inside a tokio runtime.
    pub async fn start(addr: SocketAddr, options: Options) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(options));
        let server = Server::start(addr, Arc::clone(&shared)).await?;
        Ok(Self { server, shared })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// Its base URL: `http://127.0.0.1:PORT/v1`, with the profile's base path.
    pub fn base_url(&self) -> String {
        format!("http://{}{}", self.addr(), self.base_path())
    }

    /// The path of its base URL.
    pub fn base_path(&self) -> &str {
        &self.shared.profile.base_path
    }

    /// What it has done so far.
    pub fn counts(&self) -> Counts {
        self.shared.counts()
    }

    /// Stops accepting, lets answers under way end for a moment, then closes what is left.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

impl Answers for Shared {
    type Body = answer::Body;

    const LONGEST_BODY: usize = 32 * 1024 * 1024;

    async fn answer(
        self: Arc<Self>,
        socket: Socket,
        head: Parts,
        body: Option<Bytes>,
    ) -> io::Result<Response<answer::Body>> {
        let number = self.count_request();
        let scenario = self.options.scenario.as_ref();
        let capture = scenario.and_then(|scenario| scenario.pick(&head, body.as_deref().unwrap_or_default()));
        let Some(capture) = capture else {
            return Ok(answer::answer(&self, number, &head, body).await);
        };
        let mut generation = Generation::new(&self);
        if head.version != Version::HTTP_2 {
            raw(&socket, capture, &head.method, self.options.speed, Unframed::InChunks).await?;
            generation.finish();
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        match play::over_http2(capture, &self.options).await {
            Some((response, script)) => {
                Ok(response
                    .map(|()| Either::Right(Playback::new(script.at_speed(&self.options), generation))))
            }
            None => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }
}
