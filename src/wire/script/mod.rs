//! Captures: one exchange with its bytes and times as a text that people write and programs play.
//!
//! ```text
//! # OpenRouter, a stream with keep-alive comments.      comments; the first ones say what it shows
//! gateway openrouter                                    `sim` if left out
//! > POST /v1/chat/completions HTTP/1.1                  the request's head, one line each
//! > Host: localhost:7117
//! | {"model":"acme/small","stream":true}                its body
//! +120ms                                                time goes on
//! < HTTP/1.1 200 OK                                     the answer's head
//! < Content-Type: text/event-stream
//! +15ms                                                 a new chunk, so much later than what was before it
//! | : OPENROUTER PROCESSING
//! |
//! +400ms taken 0.2ms                                    and when the app's socket had taken it
//! | data: {"choices":[]}
//! |~ \xf0\x9f\r\n
//! |= AAECAw==
//! missing 4096
//! end gateway connection reset
//! ```
//!
//! A line of content is its mark and a space, then the text as it stands and a line end: CRLF in a head, LF in a
//! body. After `~` the text has the escapes `\\ \n \r \t \xNN` and no line end is added; after `=` it is
//! Base64. The empty line that ends a head need not be written. `missing N` stands for bytes that passed
//! and are not kept. Times are numbers with `us`, `ms` or `s`; each `+` begins a new chunk. `rest N` after it
//! says that of the HTTP/1 chunk, which is one with it if nothing is said, so many bytes are yet to come; `REST` says
//! the same of one whose size is written in capitals.
//!
//! `end` says how the answer ended: alone it arrived whole, else whoever broke it off (`app`, `gateway`,
//! `gatetap`) and what was seen; without it the exchange is open. `end-request` says the same of the
//! request, which is whole if nothing is said. `own TOKEN MESSAGE` marks gatetap's own answer.
//!
//! A file may hold several: a line `exchange +2s` begins the next one, so much after the start of the one
//! before it ([`read_all`]).
//!
//! Invariant: [`read()`] of what [`Capture`] writes gives the same bytes, chunks, times and ends.

mod read;
mod write;

pub use read::{Error, Mistake, read, read_all};

use crate::exchange::Exchange;
use crate::exchange::body::Body;

/// One exchange with its two bodies. Its [`Display`](std::fmt::Display) is the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// What it shows: the comments at its start, without their marks, one a line.
    pub about: String,
    /// The exchange. Of its times only `sent`, `head` and `end` are written; numbers, session, peer,
    /// credentials, fault, replay, trailers and interim answers are not.
    pub exchange: Exchange,
    /// The request's body.
    pub request: Body,
    /// The answer's body.
    pub response: Body,
}

/// The three kinds of lines that hold bytes, by their marks.
const REQUEST_HEAD: char = '>';
const RESPONSE_HEAD: char = '<';
const BODY: char = '|';

/// The line that begins another capture in the same file.
const NEXT: &str = "exchange ";

/// After the mark: text with escapes.
const ESCAPED: char = '~';
/// After the mark: Base64.
const BASE64: char = '=';
