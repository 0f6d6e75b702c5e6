//! The verdict: how an exchange ended, by written rules, with its evidence.
//!
//! The first rule that holds decides.
//!
//! 1. gatetap answered by itself → `failed`.
//! 2. The answer has not ended → `open`.
//! 3. There is no head: whoever closed first cut it; if that was gatetap, or nobody → `failed`.
//! 4. The status is 400 or above → `refused`, however the body ended: the gateway has said no.
//! 5. An error stands in the body or in the stream, or the finish reason or the terminal event is one
//!    → `error-inside`, however it ended: the error explains the rest.
//! 6. It is a stream, and a finish reason or the dialect's terminal event was seen → `complete`, whoever
//!    closed afterwards; choices that were begun and have no finish reason stand in the evidence. `[DONE]` is
//!    no terminal event: alone it ends nothing, and without it nothing is missing.
//! 7. There can be no body (`HEAD`, 204, 205, 304) → `complete`, whoever closed.
//! 8. Somebody broke it off: the gateway → `cut-by-gateway`; the app → `cut-by-app`; gatetap itself, being
//!    stopped → `lost`: the recording ended first, and neither of the others is to blame.
//! 9. It arrived whole by its framing:
//!    - a stream of a model's words without an end of its own → `incomplete`; a stream of no known dialect
//!      has no such end to miss → `complete`, unless `[DONE]` says that it is one of those, or it stops
//!      inside an event;
//!    - a plain body → `complete`, also where a stream was asked for; but `incomplete` if it is a JSON
//!      document that stops in its middle, or if not a byte of a model's answer came;
//!    - a stream in a coding that cannot be undone → `complete`: nothing more can be told.
//!
//! What a session that died had open is `lost` too; only the store knows of that.

use super::Digest;
use crate::exchange::Exchange;
use crate::exchange::end::{BodyEnd, Hop, Verdict};
use crate::exchange::head::ResponseHead;
use crate::exchange::text::counted;
use crate::wire::dialect::Dialect;
use crate::wire::media;

/// A verdict and the facts it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How it ended.
    pub verdict: Verdict,
    /// The evidence in one sentence: the last event, the byte, who closed first.
    pub evidence: String,
}

/// The rule that gives a verdict, and what to look at next, for a person.
pub const fn rule(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Open => {
            "The answer has neither ended nor been broken off. Some checks can speak already; those of the whole \
             answer wait for its end."
        }
        Verdict::Complete => {
            "A stream is complete once a finish reason or the dialect's own terminal event was seen, whoever closed \
             afterwards: SDKs close as soon as they have read it. `data: [DONE]` alone ends nothing, and without it \
             nothing is missing. A plain body is complete when it arrived whole by its framing and, where it is JSON, \
             does not stop in its middle. Answers without a body (`HEAD`, 204, 304) are complete at their head."
        }
        Verdict::Refused => {
            "The status is 400 or above, however the body ended: the gateway has said no. The error's code says why; \
             `gatetap explain CODE` has what is documented of it."
        }
        Verdict::ErrorInside => {
            "The status promised success, and then an error stood in the body or in an event of the stream, or the \
             finish reason or the terminal event is one. Code that looks at the status alone takes it for an answer."
        }
        Verdict::Incomplete => {
            "Everything arrived by its framing, but a stream of a model's words has neither finish reason nor terminal \
             event, or a JSON body stops in its middle. The usual causes are a proxy that closed a stream politely and \
             a provider that died behind the gateway. SDKs give such an answer to the app as if it were whole."
        }
        Verdict::CutByGateway => {
            "The gateway's side was reset, or closed before the framing was over, and the app had not closed first. \
             The evidence names the byte and what was seen."
        }
        Verdict::CutByApp => {
            "The app's side closed first, before a finish reason or a terminal event. That is a cancellation, or a \
             timeout in the app: compare the time with the timeout that it sets."
        }
        Verdict::Failed => {
            "gatetap answered by itself because there was no answer to pass on, or was stopped before there was one. \
             The token in `x-gatetap-error` says why; `gatetap explain TOKEN` has more."
        }
        Verdict::Lost => {
            "The session that recorded it ended before the answer did: gatetap was stopped in the middle of it, or died. \
             What had been written until then is there."
        }
    }
}

/// What kind of body the answer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// None, by the rules of HTTP.
    Bodiless,
    Stream,
    Plain,
}

/// Judges how an exchange ended.
pub fn judge(exchange: &Exchange, digest: &Digest) -> Judgement {
    let judged = |verdict, evidence: String| Judgement { verdict, evidence };
    if let Some(own) = &exchange.own_answer {
        return judged(
            Verdict::Failed,
            format!("gatetap answered by itself: {}: {}", own.token, own.message),
        );
    }
    let end = match (&exchange.response_end, exchange.timing.end) {
        (Some(end), _) => end,
        // It is over, and only the request's end was seen.
        (None, Some(_)) if exchange.response.is_none() => {
            exchange.request_end.as_ref().unwrap_or(&BodyEnd::Whole)
        }
        (None, _) => return judged(Verdict::Open, open_evidence(exchange, digest)),
    };
    let Some(head) = &exchange.response else {
        let verdict = match end.broken_by() {
            Some(by @ (Hop::App | Hop::Gateway)) => cut_by(by),
            Some(Hop::Gatetap) | None => Verdict::Failed,
        };
        return judged(verdict, format!("there was no answer: {}", who(end)));
    };
    let form = form(exchange, head, digest);
    let facts = Facts { exchange, digest, form, end };
    if head.status >= 400 {
        return judged(Verdict::Refused, facts.refused(head.status));
    }
    if let Some(error) = error_inside(digest) {
        return judged(
            Verdict::ErrorInside,
            format!("status {} with {error}{}; {}", head.status, facts.after_event(), facts.close()),
        );
    }
    if form == Form::Stream
        && let Some(sign) = end_sign(digest)
    {
        return judged(Verdict::Complete, facts.complete_stream(&sign));
    }
    if let Some(by) = end.broken_by()
        && form != Form::Bodiless
    {
        return judged(cut_by(by), facts.broken());
    }
    let (verdict, evidence) = facts.whole(head);
    judged(verdict, evidence)
}

fn form(exchange: &Exchange, head: &ResponseHead, digest: &Digest) -> Form {
    let head_only = exchange.request.method.eq_ignore_ascii_case("HEAD");
    if head_only || matches!(head.status, 204 | 205 | 304) {
        Form::Bodiless
    } else if media::is_event_stream(&head.headers)
        || media::is_json_lines(&head.headers)
        || digest.events > 0
        || digest.comments > 0
    {
        Form::Stream
    } else {
        Form::Plain
    }
}

/// The error that an answer with a good status holds.
fn error_inside(digest: &Digest) -> Option<String> {
    match (&digest.error_code, &digest.error_message) {
        (Some(code), Some(message)) => return Some(format!("the error `{code}`: {message}")),
        (Some(code), None) => return Some(format!("the error `{code}`")),
        (None, Some(message)) => return Some(format!("an error: {message}")),
        (None, None) => {}
    }
    let terminal = digest.terminal_event.as_deref();
    if let Some(event @ ("error" | "response.error" | "response.failed")) = terminal {
        return Some(format!("the event `{event}`"));
    }
    let reason = digest.finish_reason.as_deref();
    if let Some(reason @ ("error" | "failed")) = reason {
        return Some(format!("the finish reason `{reason}`"));
    }
    None
}

/// What shows that a stream said all it had to say.
fn end_sign(digest: &Digest) -> Option<String> {
    let terminal = digest.terminal_event.as_deref().filter(|event| *event != "[DONE]");
    match (&digest.finish_reason, terminal) {
        (Some(reason), Some(event)) => Some(format!("finish reason `{reason}` and `{event}`")),
        (Some(reason), None) => Some(format!("finish reason `{reason}`")),
        (None, Some(event)) => Some(format!("`{event}`")),
        (None, None) => None,
    }
}

const fn cut_by(by: Hop) -> Verdict {
    match by {
        Hop::App => Verdict::CutByApp,
        Hop::Gateway => Verdict::CutByGateway,
        Hop::Gatetap => Verdict::Lost,
    }
}

/// Who closed first, and what was seen of it.
fn who(end: &BodyEnd) -> String {
    match end {
        BodyEnd::Whole => "nobody broke it off".to_owned(),
        BodyEnd::Broken { by, detail } => {
            let name = match by {
                Hop::App => "the app closed first",
                Hop::Gateway => "the gateway closed first",
                Hop::Gatetap => "gatetap broke it off",
            };
            if detail.is_empty() { name.to_owned() } else { format!("{name} ({detail})") }
        }
    }
}

fn open_evidence(exchange: &Exchange, digest: &Digest) -> String {
    if exchange.response.is_none() {
        return "there is no answer yet".to_owned();
    }
    format!("{} so far{}", counted(exchange.response_bytes, "byte"), after_event(digest))
}

fn after_event(digest: &Digest) -> String {
    let events = digest.events;
    match digest.last_event {
        Some(at) => format!(", after event {events} at {at}"),
        None if digest.comments > 0 => {
            format!(", before any event, after {}", counted(digest.comments, "comment"))
        }
        None => String::new(),
    }
}

/// What the sentences are made of.
struct Facts<'a> {
    exchange: &'a Exchange,
    digest: &'a Digest,
    form: Form,
    end: &'a BodyEnd,
}

impl Facts<'_> {
    fn after_event(&self) -> String {
        after_event(self.digest)
    }

    /// How the body was closed, and at which byte.
    fn close(&self) -> String {
        let at = self.exchange.response_bytes;
        match self.end {
            BodyEnd::Whole => format!("the body ended by its framing at byte {at}"),
            broken @ BodyEnd::Broken { .. } => format!("{} at byte {at}", who(broken)),
        }
    }

    /// What was begun and not ended.
    fn still_open(&self) -> String {
        let mut open = Vec::new();
        if self.form == Form::Stream && end_sign(self.digest).is_none() {
            open.push(match self.digest.terminal_event.as_deref() {
                Some("[DONE]") => "`[DONE]` but no finish reason".to_owned(),
                _ => "no finish reason".to_owned(),
            });
        }
        match (self.form, self.digest.leftover) {
            (_, 0) => {}
            (Form::Stream, bytes) => open.push(format!("{} of an unfinished event", counted(bytes, "byte"))),
            (_, bytes) => open.push(format!("{} of an unfinished JSON document", counted(bytes, "byte"))),
        }
        if open.is_empty() { String::new() } else { format!("; {}", open.join(", ")) }
    }

    fn refused(&self, status: u16) -> String {
        let code = match &self.digest.error_code {
            Some(code) => format!(", error `{code}`"),
            None => String::new(),
        };
        format!("status {status}{code}; {}", self.close())
    }

    fn complete_stream(&self, sign: &str) -> String {
        let done = match (self.digest.terminal_event.as_deref(), self.digest.dialect) {
            (Some("[DONE]"), _) => ", then `[DONE]`",
            (None, Dialect::Chat | Dialect::Completions) => ", no `[DONE]`",
            _ => "",
        };
        let open = match self.digest.open_choices {
            0 => String::new(),
            open => format!("; {open} of {} choices without a finish reason", self.digest.choices),
        };
        format!("{sign}{}{done}{open}; {}", self.after_event(), self.close())
    }

    fn broken(&self) -> String {
        format!("{}{}{}", self.close(), self.after_event(), self.still_open())
    }

    /// An answer that arrived whole and has not told its end.
    fn whole(&self, head: &ResponseHead) -> (Verdict, String) {
        let digest = self.digest;
        let empty = self.exchange.response_bytes == 0;
        let kind = head.headers.text("content-type").map_or("no media type", media::essence);
        match self.form {
            Form::Bodiless => (
                Verdict::Complete,
                format!("status {} to `{}` has no body", head.status, self.exchange.request.method),
            ),
            Form::Stream if digest.dialect.generates() || digest.terminal_event.is_some() || empty => {
                (Verdict::Incomplete, self.broken())
            }
            Form::Stream if digest.leftover > 0 => (Verdict::Incomplete, self.broken()),
            Form::Stream => (
                Verdict::Complete,
                format!("a stream of no known dialect{}; {}", self.after_event(), self.close()),
            ),
            Form::Plain if empty && digest.dialect.generates() && head.status < 300 => {
                (Verdict::Incomplete, format!("status {} without a byte of body", head.status))
            }
            Form::Plain if digest.leftover > 0 => (Verdict::Incomplete, self.broken()),
            Form::Plain => {
                let asked = if digest.streaming { "; a stream was asked for" } else { "" };
                (
                    Verdict::Complete,
                    format!(
                        "a plain body ({kind}) of {} arrived whole{asked}",
                        counted(self.exchange.response_bytes, "byte")
                    ),
                )
            }
        }
    }
}
