//! The server that answers with a recording.

use super::library::Library;
use super::miss::{OWN_HEADER, OwnWord};
use super::{Chooser, Match, Miss, Tally, Volatile};
use crate::exchange::head::RequestHead;
use crate::exchange::time::Clock;
use crate::play::{Answers, Server, Socket, Unframed, raw};
use crate::store::Error;
use crate::store::filter::Filter;
use bytes::Bytes;
use http::request::Parts;
use http::{Response, Version};
use http_body_util::Full;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// No longer body is compared: what was recorded was small enough for the recorder.
pub const LONGEST_BODY: usize = 512 << 20;

/// How a recording is replayed.
#[derive(Debug, Clone)]
pub struct Options {
    /// The recording.
    pub recording: PathBuf,
    /// What has to agree.
    pub matching: Match,
    /// What is left out of bodies before they are compared.
    pub volatile: Volatile,
    /// Which of its exchanges answer.
    pub filter: Filter,
    /// How many times faster than recorded; infinite for no waiting at all.
    pub speed: f64,
    /// The status of an answer where nothing recorded fits.
    pub on_miss: u16,
    /// Ids and the times of creation are renewed.
    pub fresh: bool,
    /// What `since:10m` in the filter counts from, and what renewed times come from.
    pub clock: Clock,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            recording: PathBuf::new(),
            matching: Match::default(),
            volatile: Volatile::default(),
            filter: Filter::default(),
            speed: 1.0,
            on_miss: Miss::STATUS,
            fresh: false,
            clock: Clock::system(),
        }
    }
}

/// Why a recording cannot be replayed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// It cannot be read.
    #[error("cannot replay `{}`", path.display())]
    Recording {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Error,
    },
    /// Nothing in it can answer.
    #[error("cannot replay `{}`: it was recorded with --redact-bodies, so no request is known and no answer says anything", path.display())]
    Redacted {
        /// The file.
        path: PathBuf,
    },
    /// None of its exchanges is among those that are to answer.
    #[error("cannot replay `{}`: none of its exchanges was chosen", path.display())]
    NoneChosen {
        /// The file.
        path: PathBuf,
    },
    /// The system gives no socket, thread or randomness.
    #[error("cannot start the replay")]
    System(#[from] io::Error),
}

/// A recording that answers like a gateway. Dropping it stops it too, without waiting for the end.
#[derive(Debug)]
pub struct Replay {
    server: Server,
    chooser: Chooser,
}

#[derive(Debug)]
struct Shared {
    chooser: Chooser,
    speed: f64,
    on_miss: u16,
}

impl Replay {
    /// Reads the recording, binds `addr` (port 0 picks one) and serves on it in the background. A request that
    /// nothing recorded answers is answered in a way that only a proxy that knows `word` understands.
    ///
    /// Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(addr: SocketAddr, options: Options, word: OwnWord) -> Result<Self, StartError> {
        let (speed, on_miss, path) = (options.speed, options.on_miss, options.recording.clone());
        let opened = tokio::task::spawn_blocking(move || Library::open(options)).await;
        let library = match opened.map_err(io::Error::other)? {
            Err(source) => return Err(StartError::Recording { path, source }),
            Ok(library) if library.hidden() > 0 && library.ids().next().is_none() => {
                return Err(StartError::Redacted { path });
            }
            Ok(library) if library.is_without_choice() => return Err(StartError::NoneChosen { path }),
            Ok(library) => library,
        };
        let tally = Tally::of(library.ids(), library.hidden());
        let chooser = Chooser { library: Arc::new(library), tally, word };
        let shared = Shared { chooser: chooser.clone(), speed, on_miss };
        Ok(Self { server: Server::start(addr, Arc::new(shared)).await?, chooser })
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// What it has done so far.
    pub fn tally(&self) -> Tally {
        self.chooser.tally.clone()
    }

    /// What tells the proxy ahead where a request will end up.
    pub fn chooser(&self) -> Chooser {
        self.chooser.clone()
    }

    /// Stops accepting, lets answers under way end for a moment, then closes what is left.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

impl Answers for Shared {
    type Body = Full<Bytes>;

    const LONGEST_BODY: usize = LONGEST_BODY;

    async fn answer(
        self: Arc<Self>,
        socket: Socket,
        head: Parts,
        body: Option<Bytes>,
    ) -> io::Result<Response<Full<Bytes>>> {
        let gone = || io::Error::from(io::ErrorKind::ConnectionAborted);
        // The proxy speaks HTTP/1 here, and nobody else is meant to.
        let body = body.filter(|_| head.version != Version::HTTP_2).ok_or_else(gone)?;
        let request = recorded_form(&head);
        let said = head.headers.get(OWN_HEADER);
        let turn = said.and_then(|said| self.chooser.word.turn(said.as_bytes()));
        let library = Arc::clone(&self.chooser.library);
        let found = tokio::task::spawn_blocking(move || library.find(&request, &body, turn)).await;
        match found.map_err(io::Error::other)? {
            Ok(mut found) => {
                self.chooser.tally.served(found.exchange);
                // Whoever has to be told to go on is told before the recording is asked: there would be no body.
                if found.capture.exchange.request.headers.first("expect").is_some() {
                    found.capture.exchange.interim.retain(|interim| interim.status() != Some(100));
                }
                raw(&socket, &found.capture, &head.method, self.speed, Unframed::UntilClose).await?;
                // What was written is all of the answer.
                Err(gone())
            }
            Err(miss) => Ok(self.miss(miss)),
        }
    }
}

impl Shared {
    fn miss(&self, miss: Miss) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        *response.status_mut() =
            http::StatusCode::from_u16(self.on_miss).unwrap_or(http::StatusCode::BAD_GATEWAY);
        if let Ok(said) = self.chooser.word.say(&miss).parse() {
            response.headers_mut().insert(OWN_HEADER, said);
        }
        self.chooser.tally.missed(miss);
        response
    }
}

/// A request as recorded ones are kept.
fn recorded_form(head: &Parts) -> RequestHead {
    let headers = head.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.as_str(), Bytes::copy_from_slice(value.as_bytes()))).collect();
    RequestHead {
        method: head.method.to_string(),
        target: head.uri.to_string(),
        version: format!("{:?}", head.version),
        headers,
        raw: None,
    }
}
