//! Asking the control API of a gatetap that runs.

use super::runtime;
use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long it may take to answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// Sends one request to the gatetap that listens at `url`, and gives what it answered.
///
/// # Errors
/// Where it cannot be reached, or answers anything but 200.
pub(super) fn ask(url: &Uri, method: Method, target: &str, body: Option<&Value>) -> anyhow::Result<Value> {
    ask_within(PATIENCE, url, method, target, body)
}

/// The same, with another patience.
///
/// # Errors
/// As there.
pub(super) fn ask_within(
    patience: Duration,
    url: &Uri,
    method: Method,
    target: &str,
    body: Option<&Value>,
) -> anyhow::Result<Value> {
    let asked = async {
        tokio::time::timeout(patience, exchange(url, method, target, body))
            .await
            .unwrap_or_else(|_| Err(anyhow!("it did not answer in {} s", patience.as_secs_f64())))
    };
    runtime::start()?.block_on(asked)
}

async fn exchange(url: &Uri, method: Method, target: &str, body: Option<&Value>) -> anyhow::Result<Value> {
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
        .header(CONTENT_TYPE, "application/json")
        .body(Full::new(Bytes::from(text)))?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status == StatusCode::OK {
        return Ok(answer);
    }
    let reason = answer["error"]["message"].as_str().unwrap_or("it says no more");
    Err(anyhow!("it answered {status}: {reason}"))
}
