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

/// The names of the routes that stories need beside the upstream: simulated gateways.
pub const ROUTES: [&str; 3] = ["openrouter", "openai", "anthropic"];

/// One story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Story {
    /// The list of models.
    Models,
    /// An ordinary answer in one piece.
    Answer,
    /// A stream that goes well.
    Stream,
    /// A stream of OpenRouter's, with keep-alive comments, reasoning and cost.
    OpenRouter,
    /// A stream of the Responses API.
    Responses,
    /// A stream of Anthropic's Messages, with thinking.
    Messages,
    /// A stream that calls a tool.
    ToolCall,
    /// A key without `Bearer`.
    MissingBearer,
    /// A model that is not there.
    UnknownModel,
    /// A 429 whose `retry-after` is obeyed, and the answer that follows.
    RateLimited,
    /// An account without quota: a 429 that no waiting cures.
    NoQuota,
    /// A stream that falls silent and goes on.
    Slow,
    /// A stream that the gateway breaks off.
    CutByGateway,
    /// A stream that the app breaks off.
    CutByApp,
    /// A stream that ends in an error with status 200.
    ErrorInside,
    /// A stream that something on the way had held back until its end.
    Buffered,
}

impl Story {
    /// Every story, in the order that explains most.
    pub const ALL: [Self; 16] = [
        Self::Models,
        Self::Answer,
        Self::Stream,
        Self::OpenRouter,
        Self::Responses,
        Self::Messages,
        Self::ToolCall,
        Self::MissingBearer,
        Self::UnknownModel,
        Self::RateLimited,
        Self::NoQuota,
        Self::Slow,
        Self::CutByGateway,
        Self::CutByApp,
        Self::ErrorInside,
        Self::Buffered,
    ];

    /// What it shows, in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Models => "the list of models",
            Self::Answer => "an ordinary answer",
            Self::Stream => "a stream",
            Self::OpenRouter => "a stream of OpenRouter's, with comments and reasoning",
            Self::Responses => "a stream of OpenAI's Responses",
            Self::Messages => "a stream of Anthropic's Messages",
            Self::ToolCall => "a tool call",
            Self::MissingBearer => "a key without `Bearer`",
            Self::UnknownModel => "a model that is not there",
            Self::RateLimited => "a 429 whose retry-after is obeyed",
            Self::NoQuota => "a 429 that no waiting cures",
            Self::Slow => "a stream that falls silent and goes on",
            Self::CutByGateway => "a stream cut by the gateway",
            Self::CutByApp => "a stream cut by the app",
            Self::ErrorInside => "a stream that ends in an error",
            Self::Buffered => "a stream that a proxy in between had buffered",
        }
    }

    /// Tells it to the gatetap that listens on `address`. Each `round` has other words.
    ///
    /// # Errors
    /// Where gatetap cannot be reached. A stream that breaks off is part of the story.
    pub async fn tell(self, address: SocketAddr, round: usize) -> io::Result<()> {
        // Stories that are told at the same time speak of different things.
        let prompt = prompt(round * Self::ALL.len() + self as usize);
        let model = pick(&["deepseek-v4-flash", "gpt-4o-mini", "Qwen/Qwen-Plus"], round);
        let stream = || completion(model, prompt, true);
        match self {
            Self::Models => {
                finish(send(address, Method::GET, "/v1/models", &[], None).await?).await;
            }
            Self::Answer => {
                let body = completion(pick(&["gpt-4o-mini", "deepseek-v4-pro"], round), prompt, false);
                finish(chat(address, &[], &body).await?).await;
            }
            Self::Stream => finish(chat(address, &[], &stream()).await?).await,
            Self::OpenRouter => {
                let model = pick(&["anthropic/claude-sonnet-4.5", "deepseek/deepseek-chat"], round);
                let mut body = completion(model, prompt, true);
                set(&mut body, "reasoning", json!({ "effort": "low" }));
                finish(post(address, "/@openrouter/v1/chat/completions", &[], &body).await?).await;
            }
            Self::Responses => {
                let model = pick(&["gpt-5-mini", "gpt-4.1"], round);
                let body =
                    json!({ "model": model, "input": prompt, "max_output_tokens": 120, "stream": true });
                finish(post(address, "/@openai/v1/responses", &[], &body).await?).await;
            }
            Self::Messages => {
                let model = pick(&["claude-haiku-4-5", "claude-sonnet-4-6"], round);
                let mut body = completion(model, prompt, false);
                set(&mut body, "messages", json!([{ "role": "user", "content": prompt }]));
                set(&mut body, "max_tokens", 2000.into());
                set(&mut body, "stream", true.into());
                set(&mut body, "thinking", json!({ "type": "enabled", "budget_tokens": 1024 }));
                let key = KEY.strip_prefix("Bearer ").unwrap_or(KEY);
                let headers = [("x-api-key", key), ("anthropic-version", "2023-06-01")];
                finish(post(address, "/@anthropic/v1/messages", &headers, &body).await?).await;
            }
            Self::ToolCall => finish(chat(address, &[], &tool_call(round)).await?).await,
            Self::MissingBearer => {
                let key = KEY.strip_prefix("Bearer ").unwrap_or(KEY);
                finish(chat(address, &[("authorization", key)], &stream()).await?).await;
            }
            Self::UnknownModel => {
                let body = completion(pick(&["deepseek-v4-flsh", "GPT-4o-mini"], round), prompt, false);
                finish(chat(address, &[], &body).await?).await;
            }
            Self::RateLimited => rate_limited(address, prompt).await?,
            Self::NoQuota => {
                let broke = [("authorization", "Bearer sk-sim-broke-0000000000000000")];
                let body = completion("gpt-4o", prompt, true);
                finish(post(address, "/@openai/v1/chat/completions", &broke, &body).await?).await;
            }
            Self::Slow => finish(chat(address, &behaves("stall,after=9,seconds=2"), &stream()).await?).await,
            Self::CutByGateway => {
                finish(chat(address, &behaves("cut,after=12"), &stream()).await?).await;
            }
            Self::CutByApp => {
                let mut body = chat(address, &[], &stream()).await?.into_body();
                for _ in 0..8 {
                    if body.frame().await.is_none() {
                        break;
                    }
                }
            }
            Self::ErrorInside => {
                let inside = behaves("error-inside,after=10");
                let body = completion("meta-llama/llama-3.3-70b-instruct", prompt, true);
                finish(post(address, "/@openrouter/v1/chat/completions", &inside, &body).await?).await;
            }
            Self::Buffered => finish(chat(address, &behaves("buffered"), &stream()).await?).await,
        }
        Ok(())
    }
}

/// What the sample apps ask.
const PROMPTS: &[&str] = &[
    "Why is the sky blue? One sentence.",
    "Tell me about the sea at night.",
    "Explain how rain forms.",
    "Name three rivers and what they are known for.",
    "How do I center a box with CSS?",
    "Summarize the plot of Hamlet for a child.",
    "What should I pack for a week in Norway?",
    "Explain the difference between a mutex and a semaphore.",
    "Give me a recipe for lentil soup.",
    "Translate good morning into Portuguese and Japanese.",
    "What is a monad, without mathematics?",
    "Write a haiku about garbage collection.",
    "How does a heat pump work?",
    "Draft a polite refusal to a meeting invitation.",
    "Which databases handle time series well?",
    "What are the rules of curling?",
    "Explain compound interest with an example.",
    "Suggest names for a sailing boat.",
    "How do vaccines train the immune system?",
    "Compare rust and oxidation in plain words.",
    "What does a quorum protect against?",
];

fn prompt(number: usize) -> &'static str {
    pick(PROMPTS, number)
}

/// One of `choices`, in turn; empty if there is none.
fn pick<'a>(choices: &[&'a str], turn: usize) -> &'a str {
    choices.get(turn % choices.len().max(1)).copied().unwrap_or_default()
}

const fn behaves(how: &str) -> [(&str, &str); 1] {
    [("x-sim-behavior", how)]
}

/// Sends a request that is refused at first, and again when it is time to.
async fn rate_limited(address: SocketAddr, prompt: &str) -> io::Result<()> {
    let body = completion("deepseek-v4-flash", prompt, true);
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
        "max_tokens": 160,
    });
    if stream {
        set(&mut body, "stream", true.into());
        set(&mut body, "stream_options", json!({ "include_usage": true }));
    }
    body
}

fn set(body: &mut Value, name: &str, value: Value) {
    if let Some(fields) = body.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn tool_call(round: usize) -> Value {
    let city = pick(&["Bergen", "Lisbon", "Osaka", "Tartu"], round);
    let mut body = completion("gpt-4o-mini", &format!("What is the weather in {city}?"), true);
    set(&mut body, "tool_choice", "required".into());
    set(
        &mut body,
        "tools",
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
    body
}

async fn chat(address: SocketAddr, headers: &[(&str, &str)], body: &Value) -> io::Result<Response<Incoming>> {
    post(address, "/v1/chat/completions", headers, body).await
}

async fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> io::Result<Response<Incoming>> {
    send(address, Method::POST, path, headers, Some(body)).await
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
    if !headers.iter().any(|(name, _)| matches!(*name, "authorization" | "x-api-key")) {
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
