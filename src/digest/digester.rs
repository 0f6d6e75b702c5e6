//! The digest of an exchange while it passes.

use super::feed::{self, Feed, OTHER_CAP};
use super::gather::Gather;
use super::stream_facts::StreamFacts;
use super::{Answer, ClientFacts, Digest, Text as SearchText, text};
use crate::exchange::head::{Headers, RequestHead, ResponseHead};
use crate::exchange::time::Micros;
use crate::wire::coding::{Decoder, Problem};
use crate::wire::dialect::Dialect;
use crate::wire::json::{End, Reader};
use crate::wire::media::{self, Looks};
use crate::wire::piece;

/// How much of a request body is kept to be read: 32 MiB. SDKs write the model after the messages.
const REQUEST_CAP: usize = 32 * 1024 * 1024;

/// The headers that carry a gateway's id of a request, in the order they are asked.
const REQUEST_IDS: [&str; 4] = ["x-request-id", "request-id", "x-generation-id", "x-oneapi-request-id"];

/// Takes an exchange in the order it passes, and can be asked at any time.
///
/// [`digest`](Self::digest) and [`answer`](Self::answer) cost next to nothing for a stream, which is read as
/// it comes. A plain body is read anew only when it looks closed or has doubled; call
/// [`response_end`](Self::response_end) so that the last of a broken one counts too.
#[derive(Debug)]
pub struct Digester {
    /// What the request and the heads have told.
    base: Digest,
    gather: Gather,
    request: Request,
    /// What the request asked, once it has been read.
    prompt: String,
    /// How many bytes of the request that was read from.
    prompt_from: usize,
    response: Option<Response>,
}

#[derive(Debug)]
struct Request {
    decoder: Option<Decoder>,
    /// Whether the head names Anthropic's version.
    anthropic: bool,
    text: Text,
}

#[derive(Debug)]
struct Response {
    refused: bool,
    feed: Feed,
    text: Text,
}

/// A JSON text in the making, and how much of it has been read.
#[derive(Debug, Default)]
struct Text {
    bytes: Vec<u8>,
    read: usize,
    /// What has been read is a whole JSON document.
    is_document: bool,
    /// Nothing more of it is wanted.
    whole: bool,
}

impl Digester {
    /// A digester of the exchange that begins with `head`.
    pub fn new(head: &RequestHead) -> Self {
        let base = Digest {
            dialect: Dialect::of_path(head.path()),
            client: client(&head.headers),
            ..Digest::default()
        };
        Self {
            gather: Gather::from_base(&base),
            base,
            request: Request {
                decoder: feed::decoder(&head.headers),
                anthropic: head.headers.first("anthropic-version").is_some(),
                text: Text::default(),
            },
            prompt: String::new(),
            prompt_from: 0,
            response: None,
        }
    }

    /// Takes the next chunk of the request body.
    pub fn request_chunk(&mut self, chunk: &[u8]) {
        let text = &mut self.request.text;
        let start = text.bytes.get(..4096).unwrap_or(&text.bytes);
        let cap = if media::looks(start) == Some(Looks::Other) { OTHER_CAP } else { REQUEST_CAP };
        if text.whole || text.bytes.len() >= cap {
            return;
        }
        match &mut self.request.decoder {
            None => text.bytes.extend_from_slice(chunk),
            Some(decoder) => decoder.push(chunk, &mut text.bytes),
        }
        text.bytes.truncate(cap);
    }

    /// Reads the request as it is now, because no more of it is to be waited for.
    pub fn request_end(&mut self) {
        self.read_request(true);
    }

    /// Takes the head of the answer. A second one, after an interim answer, takes the first one's place.
    pub fn response_head(&mut self, head: &ResponseHead) {
        self.read_request(true);
        self.let_go_of_request();
        self.base.request_id = REQUEST_IDS.iter().find_map(|name| head.headers.text(name)).map(str::to_owned);
        let feed = Feed::new(head);
        self.base.streaming |= feed.is_stream();
        self.gather = Gather::from_base(&self.base);
        self.response = Some(Response { refused: head.status >= 400, feed, text: Text::default() });
    }

    /// Takes the next chunk of the answer, read at `read`.
    pub fn response_chunk(&mut self, chunk: &[u8], read: Micros) {
        if let Some(response) = &mut self.response {
            self.gather.read_begins(chunk.len(), read);
            response.feed.push(chunk, |item| self.gather.item(&item, read));
            let feed = &response.feed;
            self.gather.stream.bytes_are(feed.has_byte_order_mark(), feed.not_utf8(false), feed.has_cr());
            if response.feed.is_stream() && response.feed.leftover().is_some() {
                self.gather.stream.read_ends_inside_event();
            }
        }
    }

    /// Tells that the next `missing` bytes of the answer are not there to be read.
    pub fn response_gap(&mut self, missing: u64) {
        if let Some(response) = &mut self.response {
            response.feed.gap(missing);
            self.gather.stream.gap();
        }
    }

    /// Tells that nothing more comes, at `read`, the time of the last chunk.
    pub fn response_end(&mut self, read: Micros) {
        self.read_request(true);
        self.let_go_of_request();
        if let Some(response) = &mut self.response {
            response.feed.finish(|item| self.gather.item(&item, read));
            let feed = &response.feed;
            self.gather.stream.bytes_are(feed.has_byte_order_mark(), feed.not_utf8(true), feed.has_cr());
        }
        self.read_plain(true);
    }

    /// What has been derived so far.
    pub fn digest(&mut self) -> &Digest {
        self.read_request(false);
        self.read_plain(false);
        if let Some(response) = &self.response
            && response.feed.is_stream()
        {
            self.gather.digest.streaming = true;
            self.gather.digest.leftover = response.feed.leftover().map_or(0, |span| span.length);
        }
        &self.gather.digest
    }

    /// What the model has said so far.
    pub fn answer(&mut self) -> &Answer {
        self.read_plain(false);
        &self.gather.answer
    }

    /// What the model had said when [`answer`](Self::answer) or [`digest`](Self::digest) was last asked.
    pub fn known_answer(&self) -> &Answer {
        &self.gather.answer
    }

    /// How the stream has come so far; all zero of a plain answer.
    pub fn stream(&self) -> &StreamFacts {
        match &self.response {
            Some(response) if response.feed.is_stream() => &self.gather.stream,
            _ => StreamFacts::none(),
        }
    }

    /// What is kept of a plain answer, decoded; empty of a stream.
    pub fn plain(&self) -> &[u8] {
        self.response.as_ref().and_then(|response| response.feed.plain()).unwrap_or_default()
    }

    /// Why the body of the answer could not be decoded to its end, if that was tried and failed.
    pub fn coding_problem(&self) -> Option<&Problem> {
        self.response.as_ref()?.feed.coding_problem()
    }

    /// What is kept of the request body, decoded. It is let go when the answer's head has come, if it is one
    /// JSON document then.
    pub fn request_body(&self) -> &[u8] {
        &self.request.text.bytes
    }

    /// What was asked and what has been answered, as text to search in. The request is read when its answer
    /// begins or ends.
    pub fn text(&mut self) -> SearchText {
        self.read_plain(false);
        SearchText {
            prompt: self.prompt.clone(),
            answer: text::answer(&self.gather.answer, self.gather.digest.error_message.as_deref()),
        }
    }

    fn read_request(&mut self, now: bool) {
        let text = &mut self.request.text;
        if text.is_due(text.bytes.len(), closes(&text.bytes), now) {
            self.take_request();
        }
        let text = &self.request.text;
        if now && text.bytes.len() > self.prompt_from {
            self.prompt = text::prompt(&text.bytes);
            self.prompt_from = text.bytes.len();
        }
    }

    /// Lets go of a request that is one JSON document: it has been read, and nothing more of it comes.
    fn let_go_of_request(&mut self) {
        let text = &mut self.request.text;
        if text.is_document {
            text.whole = true;
            text.bytes = Vec::new();
        }
    }

    fn take_request(&mut self) {
        let text = &mut self.request.text;
        let wanted = piece::read_request(&text.bytes);
        let dialect = match Dialect::of_request(&text.bytes) {
            Dialect::Chat if self.request.anthropic => Dialect::Messages,
            other => other,
        };
        for digest in [&mut self.base, &mut self.gather.digest] {
            digest.model.clone_from(&wanted.model);
            digest.streaming |= wanted.stream == Some(true);
            if digest.dialect == Dialect::Unknown {
                digest.dialect = dialect;
            }
        }
        // Ollama streams unless it is told not to.
        if self.base.dialect == Dialect::Ollama && wanted.stream.is_none() {
            self.base.streaming = true;
            self.gather.digest.streaming = true;
        }
        let mut reader = Reader::new(&text.bytes);
        reader.skip();
        text.is_document = reader.end() == End::Fine;
    }

    fn read_plain(&mut self, now: bool) {
        let Some(response) = &mut self.response else {
            return;
        };
        let Some(body) = response.feed.plain() else {
            return;
        };
        if !response.text.is_due(body.len(), closes(body), now) {
            return;
        }
        if response.feed.is_stream() {
            // Declared a stream, so its events have been gathered; an error may stand in the plain text.
            if self.gather.digest.events == 0 {
                let counted = self.gather.digest.comments;
                let stream = std::mem::take(&mut self.gather.stream);
                self.gather = Gather::from_base(&self.base);
                self.gather.digest.comments = counted;
                self.gather.stream = stream;
                self.gather.body(body, response.refused);
            }
            return;
        }
        self.gather = Gather::from_base(&self.base);
        let end = self.gather.body(body, response.refused);
        if end == End::Unfinished && response.feed.plain_is_all() {
            self.gather.digest.leftover = body.len() as u64;
        }
    }
}

impl Text {
    /// Whether to read the text, of which there are `length` bytes: it has grown, and is closed, has
    /// doubled, or must be read now.
    fn is_due(&mut self, length: usize, closed: bool, now: bool) -> bool {
        let grown = length > self.read && !self.whole;
        let due = grown && (now || closed || length >= self.read.saturating_mul(2));
        if due {
            self.read = length;
        }
        due
    }
}

/// Whether a text ends like a JSON document.
fn closes(text: &[u8]) -> bool {
    matches!(text.trim_ascii_end().last(), Some(b'}' | b']'))
}

/// What the request's headers say about its client. Sources: the OpenAI and Anthropic SDKs, which write
/// `NOT_GIVEN` where there is no timeout.
fn client(headers: &Headers) -> ClientFacts {
    let number = |name: &str| {
        let number: f64 = headers.text(name)?.trim().parse().ok()?;
        (number.is_finite() && number >= 0.0).then_some(number)
    };
    ClientFacts {
        agent: headers.text("user-agent").map(str::to_owned),
        retry_count: headers.text("x-stainless-retry-count").and_then(|count| count.trim().parse().ok()),
        timeout_s: number("x-stainless-read-timeout").or_else(|| number("x-stainless-timeout")),
    }
}
