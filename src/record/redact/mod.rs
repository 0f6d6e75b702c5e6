//! From what was seen to what may be kept. Everything that reaches the store comes through here.
//!
//! Heads and targets are masked whole by [`mask`]. Bodies pass through a [`Redactor`], one an exchange,
//! chunk by chunk: it hides every key of a known shape, and the credentials that this very request
//! carried, however they are cut into chunks or events.
//!
//! A chunk does not wait for the next to be written. Where it ends in what may be the start of a secret,
//! that start is written hidden; if it was none, the next chunk brings a [`Correction`]. So a secret is
//! never in the file, not even for a moment, and at most the last characters of an open body stand
//! hidden although they need not.
//!
//! What is coded is decoded first, and the frames of a WebSocket are told apart and their messages joined: only what
//! was read and is clean is kept as it came. Then escapes are undone: percent signs, and those of JSON, also of JSON in
//! JSON. In bodies, the request's own credentials are sought in Base64, too, wherever in a longer text they begin, and
//! whatever lines it is broken into. In heads, any Base64 is looked into: a proxy may be told `user:key` in a header of its own name.
//!
//! Not caught: a secret of no known shape that the request does not carry itself, or that is shorter than
//! eight characters; one that is reversed, encrypted, escaped more often, compressed by a coding that is not known or not
//! said; in a body, another one than the request's own in Base64; one that a model
//! writes out over members that are not in the table's list.

mod ahead;
mod base64;
mod body;
mod carried;
mod coded;
mod escapes;
mod events;
mod frames;
mod memo;
mod raw;
mod scanner;
mod secrets;
mod sheet;
mod starts;
mod structure;

pub use body::Redacted;
pub use sheet::Correction;

use super::seen::{Answered, Asked};
use crate::digest::{Digest, Text};
use crate::exchange::body::{Hidden, Side};
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::OwnAnswer;
use crate::exchange::head::{Headers, InterimHead, Line, Name, RequestHead, ResponseHead, split_target};
use crate::exchange::time::WallTime;
use crate::exchange::{Exchange, SessionId};
use crate::gateway::credential::credential_facts;
use crate::gateway::mask;
use body::{BodyMask, TextMask};
use bytes::Bytes;
use carried::Carried;
use http::{HeaderMap, Version};
use memo::{As, remembered};
use secrets::Secrets;
use sheet::HIDDEN;
use std::sync::Arc;

/// What is known of one exchange's secrets while it is open, and how far its bodies have been read.
///
/// The secrets are zeroed when they are dropped; those of the latest keys are kept for the next exchange.
#[derive(Debug)]
pub struct Redactor {
    secrets: Arc<Secrets>,
    request: BodyMask,
    response: BodyMask,
    origin: BodyMask,
    /// No text of bodies is kept.
    redacts_bodies: bool,
}

impl Redactor {
    /// For the exchange that `asked` begins, and that exchange without its secrets; with `redact_bodies` no text of its
    /// bodies is kept. The exchange's id is 0 until the recording gives it one.
    pub(super) fn begin(
        asked: Asked,
        redact_bodies: bool,
        at: WallTime,
        session: SessionId,
        salt: &[u8],
    ) -> (Self, Exchange) {
        let headers = match &asked.raw {
            Some(raw) => Headers::from_raw_head_untrimmed(raw),
            None => lines(&asked.headers),
        };
        let carried = Carried::of(&headers, &asked.target, &asked.set, salt);
        let redactor = Self::with(carried.secrets, &headers, redact_bodies);
        let exchange = redactor.exchange(asked, &headers, carried.facts, at, session);
        (redactor, exchange)
    }

    /// For the exchange of a request with these header lines and this target.
    pub fn of_head(headers: &Headers, target: &str, redact_bodies: bool) -> Self {
        Self::with(Arc::new(Secrets::of_request(headers, target)), headers, redact_bodies)
    }

    fn with(secrets: Arc<Secrets>, headers: &Headers, redact_bodies: bool) -> Self {
        Self {
            secrets,
            request: BodyMask::new(headers, false, redact_bodies),
            response: BodyMask::new(&Headers::default(), true, redact_bodies),
            origin: BodyMask::new(&Headers::default(), true, redact_bodies),
            redacts_bodies: redact_bodies,
        }
    }

    /// For an exchange that was recorded elsewhere, masked or not.
    pub(super) fn of_recorded(headers: &Headers, target: &str) -> Self {
        Self::with(Arc::new(Secrets::of_recorded(headers, target)), headers, false)
    }

    /// The answer's head is there.
    pub fn answered(&mut self, headers: &Headers) {
        self.response = BodyMask::new(headers, true, self.redacts_bodies);
    }

    /// Both sides go on with WebSocket frames, as the head of the answer agrees to.
    pub fn becomes_frames(&mut self, answer: &Headers) {
        self.request.becomes_frames(answer);
        self.response.becomes_frames(answer);
    }

    /// What may be written of the next chunk of a body.
    pub fn chunk(&mut self, side: Side, chunk: &Bytes) -> Redacted {
        match side {
            Side::Request => self.request.push(chunk, &self.secrets),
            Side::Response => self.response.push(chunk, &self.secrets),
            Side::Origin => self.origin.push(chunk, &self.secrets),
        }
    }

    /// A body has ended: what has to be written anew of it.
    pub fn end(&mut self, side: Side) -> Vec<Correction> {
        match side {
            Side::Request => self.request.end(&self.secrets),
            Side::Response => self.response.end(&self.secrets),
            Side::Origin => self.origin.end(&self.secrets),
        }
    }

    /// What was hidden in the body of `side` so far.
    pub fn hidden(&self, side: Side) -> Hidden {
        match side {
            Side::Request => self.request.hidden(),
            Side::Response => self.response.hidden(),
            Side::Origin => self.origin.hidden(),
        }
    }

    /// Whether the examiner has to see the chunks of `side` as they passed: it decodes them by itself, and
    /// what it derives comes back through [`Self::digest`].
    pub(super) fn is_coded(&self, side: Side) -> bool {
        match side {
            Side::Request => self.request.is_coded(),
            Side::Response => self.response.is_coded(),
            Side::Origin => self.origin.is_coded(),
        }
    }

    /// Whether chunks of `side` that will hardly be kept need not be read.
    pub(super) fn may_skip(&self, side: Side) -> bool {
        match side {
            Side::Request => self.request.may_skip(),
            Side::Response => self.response.may_skip(),
            Side::Origin => self.origin.may_skip(),
        }
    }

    /// The next chunk is that at the offset `at`; what stands there first is not kept.
    pub(super) fn skip_to(&mut self, side: Side, at: u64) {
        match side {
            Side::Request => self.request.skip_to(at),
            Side::Response => self.response.skip_to(at),
            Side::Origin => self.origin.skip_to(at),
        }
    }

    /// Hides what is secret in a text that was made from the exchange.
    pub fn text(&self, text: &mut String) {
        if let Some(hidden) = self.hidden_text(text) {
            *text = hidden;
        }
    }

    /// A text without what is secret in it; `None` where nothing is.
    fn hidden_text(&self, text: &str) -> Option<String> {
        let masked = remembered(As::Text, text.as_bytes(), &self.secrets, || {
            let masked = mask::mask_text(&self.hide(&Bytes::copy_from_slice(text.as_bytes())));
            changed(text.as_bytes(), masked.into())
        });
        masked.map(|masked| mask::into_text(masked.into()))
    }

    /// Hides what is secret in prompt and answer; `None` where no text is kept.
    pub(super) fn full_text(&self, text: Text) -> Option<Text> {
        let hide = |text: String| mask::into_text(self.hide(&Bytes::from(text)).into());
        (!self.redacts_bodies).then(|| Text { prompt: hide(text.prompt), answer: hide(text.answer) })
    }

    /// Hides what is secret in what was derived from the exchange.
    pub(super) fn digest(&self, digest: &mut Digest) {
        let Digest { error_message, client, .. } = digest;
        if self.redacts_bodies && self.is_coded(Side::Response) {
            *error_message = None;
        }
        let texts = [
            error_message,
            &mut digest.error_code,
            &mut digest.model,
            &mut digest.model_answered,
            &mut digest.request_id,
            &mut digest.finish_reason,
            &mut digest.native_finish_reason,
            &mut digest.error_kind,
            &mut digest.provider,
            &mut digest.answer_id,
            &mut digest.terminal_event,
            &mut client.agent,
        ];
        for text in texts.into_iter().flatten() {
            self.text(text);
        }
    }

    fn exchange(
        &self,
        asked: Asked,
        headers: &Headers,
        credentials: Vec<CredentialFacts>,
        at: WallTime,
        session: SessionId,
    ) -> Exchange {
        let raw = asked.raw.map(|raw| self.raw_head(&raw));
        let masked = match &raw {
            Some(raw) => Headers::from_raw_head(raw),
            None => self.headers(headers),
        };
        let sent = asked.sent.map(|sent| self.headers_like(&sent, headers, &masked));
        Exchange {
            session,
            started_at: at,
            peer: Some(asked.peer.to_string()),
            gateway: asked.gateway.as_ref().to_owned(),
            url: self.target(&asked.url),
            sent,
            credentials,
            fault: asked.fault.map(|fault| self.masked(fault)),
            replay_of: asked.replay_of,
            ..Exchange::of(RequestHead {
                method: asked.method.as_str().to_owned(),
                target: self.target(&asked.target),
                version: version(asked.version),
                headers: masked,
                raw,
            })
        }
    }

    /// An exchange that was recorded elsewhere, without its secrets. Where nothing is said of its
    /// credentials, what is kept of one is taken from its head, unless they are masked there.
    pub(super) fn recorded(&self, exchange: Exchange, salt: &[u8]) -> Exchange {
        let raw = exchange.request.raw.as_ref();
        let headers = &exchange.request.headers;
        let has_plain = self.headers(headers) != *headers
            || self.target(&exchange.request.target) != exchange.request.target;
        let credentials = if exchange.credentials.is_empty() && has_plain {
            let (_, query) = split_target(&exchange.request.target);
            credential_facts(&untrimmed(raw, &exchange.request.headers), query, salt)
        } else {
            exchange.credentials
        };
        Exchange {
            url: self.target(&exchange.url),
            gateway: self.masked(exchange.gateway),
            request: RequestHead {
                target: self.target(&exchange.request.target),
                headers: self.headers(&exchange.request.headers),
                raw: exchange.request.raw.map(|raw| self.raw_head(&raw)),
                ..exchange.request
            },
            sent: exchange.sent.map(|sent| self.headers(&sent)),
            response: exchange.response.map(|head| ResponseHead {
                headers: self.headers(&head.headers),
                raw: head.raw.map(|raw| self.raw_head(&raw)),
                ..head
            }),
            own_answer: exchange.own_answer.map(|own| OwnAnswer { message: self.masked(own.message), ..own }),
            request_trailers: self.headers(&exchange.request_trailers),
            response_trailers: self.headers(&exchange.response_trailers),
            interim: exchange.interim.iter().map(|head| self.interim(head)).collect(),
            fault: exchange.fault.map(|fault| self.masked(fault)),
            credentials,
            ..exchange
        }
    }

    /// The head of the answer without its secrets.
    pub(super) fn response_head(&self, answered: &Answered) -> ResponseHead {
        let raw = answered.raw.as_ref().map(|raw| self.raw_head(raw));
        let headers = match &raw {
            Some(raw) => Headers::from_raw_head(raw),
            None => self.headers(&lines(&answered.headers)),
        };
        ResponseHead { status: answered.status.as_u16(), version: version(answered.version), headers, raw }
    }

    /// The head of an interim answer without its secrets.
    pub(super) fn interim(&self, head: &InterimHead) -> InterimHead {
        InterimHead { at: head.at, raw: self.raw_head(&head.raw) }
    }

    /// The origin's answer has this head; what may be kept of it.
    pub(super) fn origin_head(&mut self, head: &Bytes) -> Bytes {
        self.origin = BodyMask::new(&Headers::from_raw_head(head), true, self.redacts_bodies);
        self.raw_head(head)
    }

    /// The lines after a body without their secrets.
    pub(super) fn trailers(&self, trailers: &Headers) -> Headers {
        self.headers(trailers)
    }

    fn target(&self, target: &str) -> String {
        let masked = remembered(As::Target, target.as_bytes(), &self.secrets, || {
            let masked = self.hide_in_head(&mask::mask_target(target).into());
            changed(target.as_bytes(), masked)
        });
        masked.map_or_else(|| target.to_owned(), |masked| mask::into_text(masked.into()))
    }

    fn raw_head(&self, head: &Bytes) -> Bytes {
        if !mask::has_independent_lines(head) {
            return self.hide_in_head(&mask::mask_raw_head(head).into());
        }
        let mut masked = Vec::new();
        let mut at = 0;
        for line in head.split_inclusive(|byte| *byte == b'\n') {
            let what = if at == 0 { As::StartLine } else { As::HeaderLine };
            let hidden = remembered(what, line, &self.secrets, || {
                let hidden = if at == 0 { mask::mask_raw_head(line) } else { mask::mask_header_line(line) };
                changed(line, self.hide_in_head(&hidden.into()))
            });
            if let Some(hidden) = hidden {
                if masked.is_empty() {
                    masked = head.to_vec();
                }
                if let Some(place) = masked.get_mut(at..at + line.len()) {
                    place.copy_from_slice(&hidden);
                }
            }
            at += line.len();
        }
        if masked.is_empty() { head.clone() } else { masked.into() }
    }

    fn headers(&self, headers: &Headers) -> Headers {
        headers.iter().map(|line| self.header(line)).collect()
    }

    fn header(&self, (name, value): &Line) -> Line {
        let masked = remembered(As::Value(name), value, &self.secrets, || {
            let masked = mask::mask_header(name, value);
            changed(value, self.hide_in_head(&masked.into()))
        });
        let name = self.hidden_text(name).map_or_else(|| name.clone(), Name::from);
        (name, masked.unwrap_or_else(|| value.clone()))
    }

    /// The same for lines most of which stand in `plain` too, though untrimmed, and without their secrets in `masked`.
    fn headers_like(&self, headers: &Headers, plain: &Headers, masked: &Headers) -> Headers {
        let lines = headers.iter().map(|line| {
            let is_same = |(name, value): &Line| *name == line.0 && value.trim_ascii() == line.1.trim_ascii();
            let known = plain.iter().zip(masked).find(|(plain, _)| is_same(plain));
            known.map_or_else(|| self.header(line), |(_, masked)| masked.clone())
        });
        lines.collect()
    }

    fn masked(&self, mut text: String) -> String {
        self.text(&mut text);
        text
    }

    /// The same for a part of a head, where a secret may stand in Base64 too.
    fn hide_in_head(&self, plain: &Bytes) -> Bytes {
        let hidden = self.hide(plain);
        let runs = base64::secret_runs(plain, |decoded| {
            let decoded = Bytes::from(decoded);
            self.hide(&decoded) != decoded
        });
        if runs.is_empty() {
            return hidden;
        }
        let mut hidden = hidden.to_vec();
        for run in runs {
            hidden.get_mut(run).unwrap_or_default().fill(HIDDEN);
        }
        hidden.into()
    }

    /// The same bytes, as one text, without what is known to be secret.
    fn hide(&self, plain: &Bytes) -> Bytes {
        let mut mask = TextMask::default();
        let (masked, _) = mask.push(plain, &self.secrets);
        let corrections = mask.end(&self.secrets);
        if corrections.is_empty() {
            return masked;
        }
        let mut masked = masked.to_vec();
        for Correction { at, bytes } in corrections {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            if let Some(place) = masked.get_mut(at..at.saturating_add(bytes.len())) {
                place.copy_from_slice(&bytes);
            }
        }
        masked.into()
    }
}

/// What `plain` became, if that is something else.
fn changed(plain: &[u8], masked: Bytes) -> Option<Bytes> {
    (masked != plain).then_some(masked)
}

/// The header lines of a map.
pub fn lines(headers: &HeaderMap) -> Headers {
    headers.iter().map(|(name, value)| (name.as_str(), Bytes::copy_from_slice(value.as_bytes()))).collect()
}

/// The header lines with the white space that a parser trims: it is a defect of a credential.
fn untrimmed(raw: Option<&Bytes>, parsed: &Headers) -> Headers {
    raw.map_or_else(|| parsed.clone(), Headers::from_raw_head_untrimmed)
}

fn version(version: Version) -> String {
    match version {
        Version::HTTP_09 => "HTTP/0.9",
        Version::HTTP_10 => "HTTP/1.0",
        Version::HTTP_2 => "HTTP/2",
        Version::HTTP_3 => "HTTP/3",
        _ => "HTTP/1.1",
    }
    .to_owned()
}
