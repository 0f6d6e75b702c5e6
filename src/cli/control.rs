//! Asking the control API of a gatetap that runs.

use super::runtime;
use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long it may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Another answer than 200.
#[derive(Debug, thiserror::Error)]
#[error("it answered {status}: {reason}")]
pub(super) struct Refused {
    /// Its status.
    pub(super) status: StatusCode,
    reason: String,
}

/// A gatetap that runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Where it listens.
    pub(super) url: &'a Uri,
    /// What it wants to be told, where it can be reached from beyond this machine.
    pub(super) token: Option<&'a str>,
    /// How long it may take to answer.
    pub(super) patience: Duration,
}

impl Asked<'_> {
    /// Sends one request, and gives what it answered.
    ///
    /// # Errors
    /// Where it cannot be reached, or answers anything but 200: then there is a [`Refused`] among the causes.
    pub(super) fn ask(self, method: Method, target: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let asked = async {
            tokio::time::timeout(self.patience, exchange(self, method, target, body))
                .await
                .unwrap_or_else(|_| Err(anyhow!("it did not answer in {} s", self.patience.as_secs_f64())))
        };
        runtime::start()?.block_on(asked)
    }
}

/// Whether nobody listens where was asked.
pub(super) fn is_nobody_there(error: &anyhow::Error) -> bool {
    let is_refused = |error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(is_refused))
}

async fn exchange(
    asked: Asked<'_>,
    method: Method,
    target: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let url = asked.url;
    let authority = url.authority().context("the URL has no host")?;
    let port = authority.port_u16().unwrap_or(80);
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move { drop(connection.await) });
    let text = body.map(Value::to_string).unwrap_or_default();
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(HOST, authority.as_str())
        .header(CONTENT_TYPE, "application/json");
    let request = match asked.token {
        Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
        None => request,
    };
    let request = request.body(Full::new(Bytes::from(text)))?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status == StatusCode::OK {
        return Ok(answer);
    }
    let reason = answer["error"]["message"].as_str().unwrap_or("it says no more").to_owned();
    Err(Refused { status, reason }.into())
}
