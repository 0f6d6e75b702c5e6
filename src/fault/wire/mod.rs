//! The wire faults: what can happen to any answer on its way, whoever sends it.
//!
//! A fault is a [`WireFault`] in one of the files here, and a line in [`ALL`].

mod content;
mod cut;
mod framing;
mod grammar;
mod http;
mod net;
mod pace;

use super::plan::{Context, Effect};
use super::stream::Transform;
use super::value::{Kind, Parameter, With};
use crate::gateway::errors::Confidence;

/// A fault of the wire.
#[derive(Debug)]
pub struct WireFault {
    /// Its id.
    pub name: &'static str,
    /// What leaves on the wire, in one sentence.
    pub summary: &'static str,
    /// Where it was seen, or what allows it.
    pub source: &'static str,
    /// How sure it is that it happens in the field.
    pub confidence: Confidence,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// It changes the origin's answer, instead of standing for it.
    pub is_live: bool,
    /// It changes a stream: a request that asks for none does not meet it.
    pub needs_stream: bool,
    /// What it does.
    pub(super) make: Make,
}

/// What a fault does, by its parameters and the request.
type Make = fn(&With, &mut Context<'_>) -> Effect;

/// Every wire fault.
pub static ALL: &[&WireFault] = &[
    &net::REFUSED,
    &net::RESET_BEFORE_HEADERS,
    &net::HANG_BEFORE_HEADERS,
    &net::RESET_MIDBODY,
    &cut::UNTERMINATED,
    &cut::UNTERMINATED_CLOSE,
    &cut::CLEAN,
    &cut::BEFORE_END,
    &cut::MID_FRAME,
    &cut::MID_CHARACTER,
    &cut::NO_DONE,
    &pace::SLOW_HEADERS,
    &pace::STALL,
    &pace::SLOW,
    &pace::SLOW_FIRST,
    &pace::BANDWIDTH,
    &pace::BURST,
    &pace::SLAB,
    &framing::GZIP,
    &framing::CONTENT_LENGTH,
    &framing::HTTP10,
    &framing::SPLIT_UTF8,
    &framing::WRONG_CTYPE,
    &framing::BAD_CHUNK,
    &grammar::CRLF,
    &grammar::CR_ONLY,
    &grammar::BOM,
    &grammar::MULTI_DATA_LINES,
    &grammar::NO_SPACE_AFTER_COLON,
    &grammar::COMMENTS,
    &grammar::EVENT_ID_RETRY_FIELDS,
    &content::NO_USAGE,
    &content::EMPTY_CHOICES_USAGE,
    &content::BAD_JSON,
    &content::DUPLICATE_FRAME,
    &content::REORDERED_FRAME,
    &content::GIANT_FRAME,
    &content::ONE_CHUNK,
    &content::TRUNCATED_TOOL_ARGS,
    &content::FINISH_LENGTH,
    &content::FINISH_CONTENT_FILTER,
    &http::JSON_INSTEAD,
    &http::HTML_INSTEAD,
    &http::ERROR_JSON_200,
    &http::HTML_502,
    &http::HTML_504_NGINX,
    &http::HTML_413,
    &http::CF_520,
    &http::CF_522,
    &http::CF_524,
    &http::CF_BLOCK,
    &http::CAPTIVE,
    &http::PROXY_407,
    &http::REDIRECT_308,
    &http::REDIRECT_302,
    &http::EMPTY_BODY_200,
    &http::INVALID_JSON_200,
    &http::GZIP_CORRUPT,
    &http::RETRY_AFTER_DATE,
    &http::RETRY_AFTER_FLOAT,
    &http::RETRY_AFTER_NEGATIVE,
    &http::RETRY_AFTER_GARBAGE,
    &http::RETRY_AFTER_HUGE,
    &http::RETRY_AFTER_MS,
    &http::SHOULD_NOT_RETRY,
];

/// Short names: what each stands for.
const SHORT: [(&str, &WireFault); 1] = [("net.reset", &net::RESET_BEFORE_HEADERS)];

/// The wire fault of that name, or of that short one.
pub fn find(name: &str) -> Option<&'static WireFault> {
    let short = || SHORT.iter().find(|(short, _)| *short == name).map(|(_, fault)| *fault);
    ALL.iter().copied().find(|fault| fault.name == name).or_else(short)
}

impl PartialEq for WireFault {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The parameter that counts events before something happens.
pub(super) const AFTER: Parameter = Parameter {
    name: "after",
    kind: Kind::Count,
    default: "3",
    meaning: "how many events pass first; comments are none",
};

/// How many events pass first.
pub(super) fn after(with: &With) -> u64 {
    with.count("after").unwrap_or(3)
}

/// The origin's answer, changed by this.
fn live(transform: impl Transform + 'static) -> Effect {
    Effect::Live(Box::new(transform))
}
