//! Answers taken apart: what an event or a body of any dialect says, as a row of [`Piece`]s.
//!
//! A plain answer and a stream give the same kinds of pieces, so whoever puts them together need not know
//! the dialect. Nothing is taken for granted about the shape: what is not where it is expected gives no
//! piece.

mod chat;
mod error;
mod messages;
mod ollama;
mod responses;
mod usage;

use super::dialect::Dialect;
use super::json::{End, Reader, Shape};

pub use error::ErrorPiece;

/// One thing an answer says.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece<'a> {
    /// The pieces that follow are of the choice with this index, until another is named. An answer begins
    /// with choice 0.
    Choice(u64),
    /// The pieces that follow repeat what a stream has given before, until this is taken back.
    Repeats(bool),
    /// The answer's own id.
    Id(&'a str),
    /// The gateway's id of the request, where the body has it.
    RequestId(&'a str),
    /// The provider that the gateway asked.
    Provider(&'a str),
    /// The model that answers.
    Model(&'a str),
    /// Some of the text.
    Text(&'a str),
    /// Some of the reasoning.
    Reasoning(&'a str),
    /// Some of a refusal.
    Refusal(&'a str),
    /// Some of a tool call.
    Tool(ToolPiece<'a>),
    /// The reason for the end, in the dialect's own word.
    Finish(&'a str),
    /// The provider's own reason, where the gateway has put it into its own word.
    NativeFinish(&'a str),
    /// What a list holds next: a model's id, or what an embedding is made of.
    Listed(&'a str),
    /// The event after which nothing more comes.
    Terminal(&'a str),
    /// A count of tokens; a later one replaces an earlier one.
    Tokens(Meter, u64),
    /// What it cost, in the gateway's unit.
    Cost(f64),
    /// An error.
    Error(ErrorPiece),
}

/// Some of one tool call. A stream gives the id and the name once and the arguments in parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolPiece<'a> {
    /// Which call it belongs to: the dialect's own index.
    pub index: u64,
    /// The call's id, where this piece has it.
    pub id: Option<&'a str>,
    /// The tool's name, where this piece has it.
    pub name: Option<&'a str>,
    /// More of the arguments.
    pub arguments: Option<&'a str>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Meter {
    /// Tokens of the prompt.
    Input,
    /// Tokens of the answer.
    Output,
    /// Both.
    Total,
    /// Tokens of the prompt that came from a cache.
    Cached,
    /// Tokens of the answer that were reasoning.
    Reasoning,
}

/// What a request body says about the answer that it wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The model it names.
    pub model: Option<String>,
    /// The value of `stream`.
    pub stream: Option<bool>,
}

/// Reads a request body of any dialect.
pub fn read_request(body: &[u8]) -> Wanted {
    let mut wanted = Wanted::default();
    Reader::new(body).object(|name, value| match name {
        "model" => wanted.model = value.filled().map(std::borrow::Cow::into_owned),
        "stream" => wanted.stream = value.truth(),
        _ => {}
    });
    wanted
}

/// Takes one event of a stream apart. `kind` is the event's type, `data` its data.
pub fn read_event(dialect: Dialect, kind: &str, data: &str, sink: &mut dyn FnMut(Piece<'_>)) {
    // The OpenAI SDKs for Python and Node end here at data that begins with, or is, this word.
    if data.trim() == "[DONE]" {
        sink(Piece::Terminal("[DONE]"));
        return;
    }
    let mut reader = Reader::new(data.as_bytes());
    match dialect {
        Dialect::Responses => responses::event(kind, &mut reader, sink),
        Dialect::Messages => messages::event(kind, &mut reader, sink),
        Dialect::Ollama => ollama::object(&mut reader, sink),
        _ if kind == "error" => {
            error::body(&mut reader, error::Place::Certain, sink);
            sink(Piece::Terminal("error"));
        }
        _ => chat::object(&mut reader, sink),
    }
}

/// Takes a plain body apart, as far as it goes. `refused` tells that its status is an error.
///
/// Says how the text ended: whole, in the middle of a value, or not as JSON at all.
pub fn read_body(dialect: Dialect, refused: bool, body: &[u8], sink: &mut dyn FnMut(Piece<'_>)) -> End {
    let mut reader = Reader::new(body);
    match reader.shape() {
        Shape::Object => {}
        Shape::Array => {
            reader.skip();
            return reader.end();
        }
        _ => {
            if refused {
                error::page(body, sink);
            }
            return End::Broken;
        }
    }
    if refused {
        error::body(&mut reader, error::Place::Certain, sink);
        return reader.end();
    }
    match dialect {
        Dialect::Responses => responses::body(&mut reader, sink),
        Dialect::Messages => messages::body(&mut reader, sink),
        Dialect::Ollama => ollama::object(&mut reader, sink),
        _ => chat::object(&mut reader, sink),
    }
    reader.end()
}

/// Gives `text` to `sink` as a piece, unless it is missing or empty.
fn give<'p>(
    text: Option<&'p str>,
    sink: &mut dyn FnMut(Piece<'_>),
    piece: impl FnOnce(&'p str) -> Piece<'p>,
) {
    if let Some(text) = text
        && !text.is_empty()
    {
        sink(piece(text));
    }
}
