//! Sample traffic: the stories that `gatetap demo` tells, sent over real sockets by a small client that
//! behaves as an SDK does.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;

/// The key that the sample client sends. The simulator takes it; nobody else would.
const KEY: &str = "Bearer sk-sim-demo-0000000000000000";

/// So many times a refused request is sent again.
const RETRIES: u32 = 2;

/// One story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// The list of models.
    Models,
    /// An ordinary answer in one piece.
    Answer,
    /// A stream that goes well.
    Stream,
    /// A stream that calls a tool.
    ToolCall,
    /// A key without `Bearer`.
    MissingBearer,
    /// A model that is not there.
    UnknownModel,
    /// A 429 whose `retry-after` is obeyed, and the answer that follows.
    RateLimited,
    /// A stream that the gateway breaks off.
    CutByGateway,
    /// A stream that the app breaks off.
    CutByApp,
    /// A stream that something on the way had held back until its end.
    Buffered,
}

impl Story {
    /// Every story, in the order that explains most.
    pub const ALL: [Self; 10] = [
        Self::Models,
        Self::Answer,
        Self::Stream,
        Self::ToolCall,
        Self::MissingBearer,
        Self::UnknownModel,
        Self::RateLimited,
        Self::CutByGateway,
        Self::CutByApp,
        Self::Buffered,
    ];

    /// What it shows, in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Models => "the list of models",
            Self::Answer => "an ordinary answer",
            Self::Stream => "a stream",
            Self::ToolCall => "a tool call",
            Self::MissingBearer => "a key without `Bearer`",
            Self::UnknownModel => "a model that is not there",
            Self::RateLimited => "a 429 whose retry-after is obeyed",
            Self::CutByGateway => "a stream cut by the gateway",
            Self::CutByApp => "a stream cut by the app",
            Self::Buffered => "a stream that a proxy in between had buffered",
        }
    }

    /// Tells it to the gatetap that listens on `address`.
    ///
    /// # Errors
    /// Where gatetap cannot be reached. A stream that breaks off is part of the story.
    pub async fn tell(self, address: SocketAddr) -> io::Result<()> {
        let stream = |prompt| completion("deepseek-v4-flash", prompt, true);
        match self {
            Self::Models => {
                finish(send(address, Method::GET, "/v1/models", &[], None).await?).await;
            }
            Self::Answer => {
                let body = completion("gpt-4o-mini", "Why is the sky blue? One sentence.", false);
                finish(chat(address, &[], &body).await?).await;
            }
            Self::Stream => finish(chat(address, &[], &stream("Tell me about the sea.")).await?).await,
            Self::ToolCall => finish(chat(address, &[], &tool_call()).await?).await,
            Self::MissingBearer => {
                let key = KEY.strip_prefix("Bearer ").unwrap_or(KEY);
                finish(chat(address, &[("authorization", key)], &stream("Hello?")).await?).await;
            }
            Self::UnknownModel => {
                let body = completion("deepseek-v4-flsh", "Hello?", false);
                finish(chat(address, &[], &body).await?).await;
            }
            Self::RateLimited => rate_limited(address).await?,
            Self::CutByGateway => {
                let cut = [("x-sim-behavior", "cut,after=12")];
                finish(chat(address, &cut, &stream("Explain how rain forms.")).await?).await;
            }
            Self::CutByApp => {
                let mut body = chat(address, &[], &stream("Write a long story.")).await?.into_body();
                for _ in 0..8 {
                    if body.frame().await.is_none() {
                        break;
                    }
                }
            }
            Self::Buffered => {
                let buffered = [("x-sim-behavior", "buffered")];
                finish(chat(address, &buffered, &stream("Name three rivers.")).await?).await;
            }
        }
        Ok(())
    }
}

/// Sends a request that is refused at first, and again when it is time to.
async fn rate_limited(address: SocketAddr) -> io::Result<()> {
    let body = completion("deepseek-v4-flash", "What is a rate limit?", true);
    for attempt in 0..=RETRIES {
        let count = attempt.to_string();
        let headers =
            [("x-sim-behavior", "rate-limited,times=1,retry_after=1"), ("x-stainless-retry-count", &count)];
        let response = chat(address, &headers, &body).await?;
        let refused = response.status() == StatusCode::TOO_MANY_REQUESTS;
        let wait = retry_after(response.headers());
        finish(response).await;
        if !refused {
            break;
        }
        tokio::time::sleep(wait).await;
    }
    Ok(())
}

fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

fn completion(model: &str, prompt: &str, stream: bool) -> Value {
    let mut body = json!({
        "model": model,
        "messages": [
            { "role": "system", "content": "You are brief." },
            { "role": "user", "content": prompt },
        ],
        "max_tokens": 80,
    });
    if stream && let Some(fields) = body.as_object_mut() {
        fields.insert("stream".to_owned(), true.into());
        fields.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    }
    body
}

fn tool_call() -> Value {
    let mut body = completion("gpt-4o-mini", "What is the weather in Bergen?", true);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("tool_choice".to_owned(), "required".into());
        fields.insert(
            "tools".to_owned(),
            json!([{ "type": "function", "function": {
                "name": "get_weather",
                "description": "The weather of a city",
                "parameters": {
                    "type": "object",
                    "properties": { "city": { "type": "string" }, "unit": { "enum": ["celsius", "fahrenheit"] } },
                    "required": ["city"],
                },
            } }]),
        );
    }
    body
}

async fn chat(address: SocketAddr, headers: &[(&str, &str)], body: &Value) -> io::Result<Response<Incoming>> {
    send(address, Method::POST, "/v1/chat/completions", headers, Some(body)).await
}

/// Sends one request on a connection of its own, as most scripts do.
async fn send(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> io::Result<Response<Incoming>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    // How it ends is seen by whoever reads the answer.
    tokio::spawn(async move { drop(connection.await) });
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(HOST, address.to_string())
        .header(USER_AGENT, concat!("gatetap-demo/", env!("CARGO_PKG_VERSION")));
    if !headers.iter().any(|(name, _)| AUTHORIZATION.as_str() == *name) {
        request = request.header(AUTHORIZATION, KEY);
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let request = request.body(Full::new(bytes)).map_err(io::Error::other)?;
    sender.send_request(request).await.map_err(io::Error::other)
}

/// Reads an answer to its end, whatever that is.
async fn finish(response: Response<Incoming>) {
    let mut body = response.into_body();
    while let Some(Ok(_)) = body.frame().await {}
}
