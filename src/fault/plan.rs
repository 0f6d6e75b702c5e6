//! Plans: what happens to one request, decided before its first byte moves.

use super::catalogue::Fault;
use super::limit::{Allowance, Remaining};
use super::stream::{Frame, Step, Steps, Transform};
use super::value::With;
use super::wire;
use crate::exchange::time::WallTime;
use crate::gateway::errors::{Detail, ErrorCode, Shape, with_reset};
use crate::gateway::profile;
use crate::gateway::variants::{Place, Variant};
use bytes::Bytes;
use fastrand::Rng;
use std::time::Duration;

/// What happens to one request.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The name of the fault, as in the rule.
    pub name: String,
    pub(super) fault: Fault,
    pub(super) with: With,
    /// What everything random in it comes from.
    pub(super) seed: u64,
    /// What a limiter says.
    pub(super) allowance: Option<Allowance>,
}

/// What was asked for, of which gateway and when.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The gateway's name.
    pub gateway: &'a str,
    /// The path that was asked for.
    pub path: &'a str,
    /// The model that was asked for.
    pub model: Option<&'a str>,
    /// What time it is.
    pub now: WallTime,
}

/// What there is to know for an answer in a gateway's place.
#[derive(Debug)]
pub struct Context<'a> {
    /// What was asked for.
    pub asked: Asked<'a>,
    /// Where everything random comes from.
    pub rng: Rng,
}

/// What a fault does.
#[derive(Debug)]
pub enum Effect {
    /// There is no answer.
    Silence {
        /// How long nothing happens first.
        delay: Duration,
        /// What then.
        then: Silence,
    },
    /// This answer, and the origin is not asked.
    Answer(Answer),
    /// The origin's answer, changed on its way.
    Live(Box<dyn Transform>),
}

/// How a connection goes without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// It ends cleanly.
    Close,
    /// It is reset.
    Reset,
    /// Nothing ever happens.
    Hang,
}

/// An answer in the origin's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header lines, but for those that frame the body.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// How long it takes.
    pub delay: Duration,
}

/// The head of an answer that is changed on its way.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveHead {
    /// The status.
    pub status: u16,
    /// The header lines, but for those that frame the body.
    pub headers: Vec<(String, Bytes)>,
    /// How the body is framed.
    pub framing: Framing,
    /// How the origin framed it.
    pub origin: Framing,
}

/// How the body of a changed answer is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// In chunks.
    Chunked,
    /// By its length; it is held until all of it is there.
    Length,
    /// By this length; it passes as it comes.
    Known(u64),
    /// By the end of the connection, in HTTP/1.0.
    UntilClose,
}

impl Plan {
    /// What it does to the request.
    pub fn effect(&self, asked: Asked<'_>) -> Effect {
        let mut context = Context { asked, rng: Rng::with_seed(self.seed) };
        match &self.allowance {
            None => self.fault.effect(&self.with, &mut context),
            Some(allowance) if allowance.over.is_some() => Effect::Answer(context.limited(allowance)),
            Some(allowance) => Effect::Live(Box::new(Remaining(allowance.headers(&context)))),
        }
    }

    /// Whether a limit refuses the request.
    pub fn is_refusal(&self) -> bool {
        self.allowance.is_some_and(|allowance| allowance.over.is_some())
    }

    /// Whether the origin's answer is changed as it passes, so that it must come as it is read.
    pub fn is_live(&self) -> bool {
        self.fault.is_live()
    }
}

impl Context<'_> {
    /// The answer of a gateway that refuses with `status`, as `error` documents it.
    pub(super) fn answer(&self, status: u16, error: Option<&ErrorCode>, with: &With) -> Answer {
        let gateway = error.map_or(self.asked.gateway, |error| error.gateway.as_str());
        let id = self.request_id(gateway);
        let documented = error.and_then(|error| error.retry_after).map(|seconds| seconds.to_string());
        let retry_after = match with.text("retry_after") {
            Some("none") => None,
            Some(given) => Some(given.to_owned()),
            None => documented,
        };
        let wait_s = retry_after.as_deref().and_then(|text| text.parse().ok());
        let messages = self.asked.path.ends_with("/messages");
        let detail = Detail {
            message: with.text("message"),
            model: self.asked.model,
            request_id: Some(&id),
            retry_after: wait_s,
            status: Some(status),
            // Every gateway speaks Anthropic's dialect on Anthropic's path.
            shape: messages.then_some(Shape::Anthropic),
            ..Detail::default()
        };
        let body = error.map_or_else(|| plain_body(status), |error| error.body(&detail));
        let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        headers.push((request_id_header(gateway).to_owned(), id));
        if let Some(error) =
            error.filter(|error| error.status == status || error.other_statuses.contains(&status))
        {
            headers.extend(error.headers_at(self.asked.now, wait_s));
        }
        headers.extend(retry_after.map(|value| ("retry-after".to_owned(), value)));
        Answer { status, headers, body: body.into(), delay: with.time("delay").unwrap_or_default() }
    }

    /// The refusal of a request beyond its limit.
    fn limited(&self, allowance: &Allowance) -> Answer {
        let mut answer = self.answer(429, allowance.error(self.asked.gateway), &With::default());
        let mut headers = allowance.headers(self);
        headers.push(("retry-after".to_owned(), allowance.retry_after().to_string()));
        let is_new = |name: &str| headers.iter().any(|(new, _)| new.eq_ignore_ascii_case(name));
        answer.headers.retain(|(name, _)| !is_new(name) && !name.contains("ratelimit-"));
        answer.headers.extend(headers);
        answer
    }

    /// A documented failure that no code tells apart.
    pub(super) fn variant(&self, variant: &Variant, with: &With) -> Effect {
        let text = variant.text(self.asked.model.unwrap_or("unknown"), self.asked.path);
        let text = with_reset(&text, self.asked.now, with.count("retry_after").unwrap_or(60));
        if variant.place == Place::Stream {
            return Effect::Live(Box::new(Inside { left: wire::after(with), frames: text }));
        }
        let given = with.count("status").and_then(|status| u16::try_from(status).ok());
        let mut answer = self.plain(given.unwrap_or(variant.status), "application/json", text);
        let retry_after = with.text("retry_after").filter(|value| *value != "none");
        answer.headers.extend(retry_after.map(|value| ("retry-after".to_owned(), value.to_owned())));
        answer.delay = with.time("delay").unwrap_or_default();
        Effect::Answer(answer)
    }

    /// The API that the path belongs to.
    pub(super) fn dialect(&self) -> &'static str {
        ["messages", "responses"]
            .into_iter()
            .find(|dialect| self.asked.path.ends_with(dialect))
            .unwrap_or("chat")
    }

    /// An answer that no gateway documents.
    pub(super) fn plain(&self, status: u16, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let headers = vec![
            ("content-type".to_owned(), content_type.to_owned()),
            (request_id_header(self.asked.gateway).to_owned(), self.request_id(self.asked.gateway)),
        ];
        Answer { status, headers, body: body.into(), delay: Duration::ZERO }
    }

    /// A request id that says where it comes from.
    fn request_id(&self, gateway: &str) -> String {
        let number = self.rng.clone().u64(..);
        let prefix = if gateway == "openrouter" { "gen" } else { "req" };
        format!("{prefix}_fault_{number:016x}")
    }
}

/// A stream that a failure ends.
#[derive(Debug)]
struct Inside {
    left: u64,
    frames: String,
}

impl Transform for Inside {
    fn frame(&mut self, frame: Frame, out: &mut Steps) {
        if frame.is_event && (self.left == 0 || frame.is_terminal() || frame.has_finish_reason()) {
            return self.end(out);
        }
        self.left = self.left.saturating_sub(u64::from(frame.is_event));
        out.write(frame.bytes);
    }

    fn end(&mut self, out: &mut Steps) {
        out.write(std::mem::take(&mut self.frames));
        out.push(Step::Finish);
    }
}

fn request_id_header(gateway: &str) -> &'static str {
    profile::profile(gateway).map_or("x-request-id", |profile| profile.request_id_header.as_str())
}

/// A body for a status that no catalogue knows.
fn plain_body(status: u16) -> String {
    serde_json::json!({ "error": {
        "message": format!("The request failed with status {status}."),
        "type": "server_error", "param": null, "code": null,
    } })
    .to_string()
}
