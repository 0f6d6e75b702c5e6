//! One request and what came back.

use super::Settings;
use super::facts::{Answer, Silence, Times};
use crate::digest::verdict::judge;
use crate::digest::{Digest, Digester};
use crate::exchange::Exchange;
use crate::exchange::end::{BodyEnd, Hop, Verdict};
use crate::exchange::head::{Headers, RequestHead, ResponseHead};
use crate::exchange::text::causes;
use crate::exchange::time::{Clock, Micros, Moment};
use crate::gateway::mask::mask_string;
use crate::proxy::{Dialler, OwnError};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

/// As much of an answer is read; a list of models has its place in it.
const LONGEST: u64 = 8 << 20;

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Question {
    method: Method,
    /// The local path, which begins with `/v1`.
    target: &'static str,
    body: String,
    model: Option<String>,
}

/// Asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) settings: &'a Settings,
    pub(super) dialler: &'a Dialler,
    pub(super) clock: &'a Clock,
}

impl Question {
    /// Which models there are.
    pub(super) fn models() -> Self {
        Self { method: Method::GET, target: "/v1/models", body: String::new(), model: None }
    }

    /// A few words of `model`.
    pub(super) fn chat(settings: &Settings, model: &str, stream: bool) -> Self {
        let target = if settings.speaks_messages() { "/v1/messages" } else { "/v1/chat/completions" };
        let body = serde_json::json!({
            "model": model,
            "messages": [{ "role": "user", "content": "Count from one to ten in words." }],
            "max_tokens": super::MAX_TOKENS,
            "stream": stream,
        });
        Self { method: Method::POST, target, body: body.to_string(), model: Some(model.to_owned()) }
    }
}

/// What was heard so far; also where patience ends in the middle.
struct Heard {
    digester: Digester,
    response: Option<ResponseHead>,
    end: Option<BodyEnd>,
    bytes: u64,
}

impl Asker<'_> {
    /// Asks and waits for the whole answer, no longer than the patience.
    pub(super) async fn ask(&self, question: &Question) -> Answer {
        let start = self.clock.now();
        let path = self.settings.gateway.map_target(question.target);
        let request = RequestHead {
            method: question.method.to_string(),
            target: question.target.to_owned(),
            version: "HTTP/1.1".to_owned(),
            headers: Headers::from_iter([("content-type", "application/json")]),
            raw: None,
        };
        let mut digester = Digester::new(&request);
        digester.request_chunk(question.body.as_bytes());
        digester.request_end();
        let mut heard = Heard { digester, response: None, end: None, bytes: 0 };
        let exchange = self.exchange(question, &path, start.mono, &mut heard);
        let silence = match tokio::time::timeout(self.settings.patience, exchange).await {
            Ok(Ok(())) => None,
            Ok(Err((token, message))) => Some((Silence::Connection(token), message)),
            Err(_elapsed) => Some((Silence::Slow, format!("not over within {:?}", self.settings.patience))),
        };
        self.answer(question, &path, request, start, heard, silence)
    }

    async fn exchange(
        &self,
        question: &Question,
        path: &str,
        start: Micros,
        heard: &mut Heard,
    ) -> Result<(), (OwnError, String)> {
        let failed = |token| move |error: hyper::Error| (token, causes(&error));
        let dialled = self.dialler.connect(&self.settings.gateway).await;
        let dialled = dialled.map_err(|error| (error.token, error.message))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(dialled.into_io()))
            .await
            .map_err(failed(OwnError::ConnectionReset))?;
        let connection = tokio::spawn(connection);
        let request =
            self.request(question, path).map_err(|error| (OwnError::BadRequest, error.to_string()))?;
        let response = sender.send_request(request).await.map_err(|error| {
            let token = if error.is_parse() {
                OwnError::BadResponse
            } else if error.is_incomplete_message() {
                OwnError::ClosedBeforeResponse
            } else {
                OwnError::ConnectionReset
            };
            (token, causes(&error))
        })?;
        self.read(response, start, heard).await;
        connection.abort();
        Ok(())
    }

    fn request(&self, question: &Question, path: &str) -> http::Result<Request<Full<Bytes>>> {
        let settings = self.settings;
        let mut request = Request::builder()
            .method(&question.method)
            .uri(path)
            .header("host", &settings.gateway.authority)
            .header("user-agent", concat!("gatetap-doctor/", env!("CARGO_PKG_VERSION")))
            .header("accept", "application/json, text/event-stream");
        if question.method == Method::POST {
            request = request.header("content-type", "application/json");
        }
        if settings.speaks_messages() {
            request = request.header("anthropic-version", "2023-06-01");
        }
        if let Some(key) = &settings.key.value {
            request = request.header(settings.auth().header(), settings.auth().value(key));
        }
        let mut request = request.body(Full::from(question.body.clone()))?;
        for set in settings.set.iter() {
            request.headers_mut().insert(set.name.clone(), set.value.clone());
        }
        Ok(request)
    }

    async fn read(&self, response: Response<Incoming>, start: Micros, heard: &mut Heard) {
        let at = || self.clock.mono().since(start);
        let (head, mut body) = response.into_parts();
        let head = ResponseHead {
            status: head.status.as_u16(),
            version: format!("{:?}", head.version),
            headers: headers(&head.headers),
            raw: None,
        };
        heard.digester.response_head(&head);
        heard.response = Some(head);
        while let Some(frame) = body.frame().await {
            match frame.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => {
                    heard.bytes += data.len() as u64;
                    heard.digester.response_chunk(&data, at());
                    if heard.bytes > LONGEST {
                        heard.end = Some(BodyEnd::broken(Hop::App, "longer than is read"));
                        return;
                    }
                }
                Ok(Err(_trailers)) => {}
                Err(error) => {
                    heard.end = Some(BodyEnd::broken(Hop::Gateway, causes(&error)));
                    return;
                }
            }
        }
        heard.digester.response_end(at());
        heard.end = Some(BodyEnd::Whole);
    }

    fn answer(
        &self,
        question: &Question,
        path: &str,
        request: RequestHead,
        start: Moment,
        mut heard: Heard,
        silence: Option<(Silence, String)>,
    ) -> Answer {
        let digest = heard.digester.digest().clone();
        let listed = heard.digester.answer().listed.clone();
        let is_garbled = heard.digester.stream().bad_json.is_some();
        let took = self.clock.mono().since(start.mono);
        let text = |name: &str| Some(heard.response.as_ref()?.headers.text(name)?.to_owned());
        let own = text("x-gatetap-error").and_then(|word| {
            let token = OwnError::ALL.into_iter().find(|token| token.as_str() == word)?;
            let message = digest.error_message.clone().unwrap_or_else(|| token.meaning().to_owned());
            Some((Silence::Connection(token), message))
        });
        let (silence, detail) = silence.or(own).unzip();
        let passed_by: Vec<String> = ["via", "server"]
            .into_iter()
            .filter_map(|name| Some(format!("{name}: {}", text(name)?)))
            .collect();
        let broken = match &heard.end {
            Some(BodyEnd::Broken { detail, .. }) => Some(detail.clone()),
            _ => None,
        };
        let times = times(&digest);
        let is_page = text("content-type").is_some_and(|media| media.starts_with("text/html"));
        let endpoint = format!("{} {path}", question.method);
        let status = heard.response.as_ref().map(|head| head.status);
        let retry_after = text("retry-after");
        let exchange = exchange(&self.settings.gateway.name, request, &heard, start);
        let verdict = if status.is_none() { Verdict::Failed } else { judge(&exchange, &digest).verdict };
        Answer {
            at: start.wall,
            took,
            endpoint,
            model: question.model.clone(),
            status,
            code: digest.error_code.map(|code| self.clean(&code)),
            message: digest.error_message.map(|message| self.clean(&message)),
            request_id: digest.request_id,
            retry_after,
            verdict,
            silence,
            detail: detail.or(broken).map(|detail| self.clean(&detail)),
            is_page,
            is_garbled,
            passed_by: (!passed_by.is_empty()).then(|| passed_by.join(", ")),
            listed,
            times,
        }
    }

    /// A gateway's words without the key, and without what looks like one.
    fn clean(&self, text: &str) -> String {
        let key = self.settings.key.value.as_deref().map(str::trim).filter(|key| !key.is_empty());
        let text = key.map_or_else(|| text.to_owned(), |key| text.replace(key, "…"));
        mask_string(text)
    }
}

fn times(digest: &Digest) -> Option<Times> {
    let (first, last) = (digest.first_event?, digest.last_event?);
    Some(Times {
        first,
        last,
        longest_gap: digest.pace.longest_gap.unwrap_or_default(),
        events: digest.events,
        most_in_a_read: digest.pace.most_in_a_read,
    })
}

/// The exchange as a recording would have it, for the verdict.
fn exchange(gateway: &str, request: RequestHead, heard: &Heard, start: Moment) -> Exchange {
    Exchange {
        id: 1,
        session: 1,
        started_at: start.wall,
        gateway: gateway.to_owned(),
        response: heard.response.clone(),
        request_end: Some(BodyEnd::Whole),
        response_end: heard.end.clone(),
        response_bytes: heard.bytes,
        ..Exchange::of(request)
    }
}

fn headers(map: &HeaderMap) -> Headers {
    let lines = map.iter().map(|(name, value)| (name.to_string(), Bytes::copy_from_slice(value.as_bytes())));
    lines.collect()
}
