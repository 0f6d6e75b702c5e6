//! An app that speaks HTTP/2 in clear text, by prior knowledge.

use std::convert::Infallible;
use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Empty, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::{fakes, within};

/// One connection to a server. Dropped with all of its answers, it closes.
#[derive(Debug)]
pub struct Http2 {
    sender: SendRequest<UnsyncBoxBody<Bytes, Infallible>>,
    authority: String,
}

/// How an answer's body ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// With the end of its stream.
    Whole,
    /// With a reset of its stream, for this reason.
    Reset(String),
}

impl Http2 {
    /// Connects.
    pub async fn connect(addr: SocketAddr) -> Self {
        let stream = within("a connection", TcpStream::connect(addr)).await.unwrap();
        let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
        fakes().spawn(connection);
        Self { sender, authority: addr.to_string() }
    }

    /// Sends a request with these headers, and waits for the head of its answer.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Response<Incoming> {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.authority));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_empty() {
            Empty::new().boxed_unsync()
        } else {
            Full::new(Bytes::copy_from_slice(body.as_bytes())).boxed_unsync()
        };
        self.send_with(request.body(body).unwrap()).await
    }

    /// Sends a request, and waits for the head of its answer.
    pub async fn send_with(
        &mut self,
        request: Request<UnsyncBoxBody<Bytes, Infallible>>,
    ) -> Response<Incoming> {
        within("an answer over HTTP/2", self.sender.send_request(request)).await.unwrap()
    }
}

/// The next data of a body; `None` at its end.
pub async fn next_data(body: &mut Incoming) -> Option<Bytes> {
    let frame = within("data over HTTP/2", body.frame()).await?;
    frame.unwrap().into_data().ok()
}

/// The rest of a body: its data, its trailers, its end.
pub async fn rest(body: &mut Incoming) -> (Vec<u8>, HeaderMap, Ended) {
    let (mut data, mut trailers) = (Vec::new(), HeaderMap::new());
    loop {
        match within("the rest over HTTP/2", body.frame()).await {
            None => return (data, trailers, Ended::Whole),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(piece) => data.extend_from_slice(&piece),
                Err(frame) => trailers = frame.into_trailers().unwrap(),
            },
            Some(Err(error)) => {
                let reset =
                    std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                return (data, trailers, Ended::Reset(reset));
            }
        }
    }
}
