//! Error objects of every gateway.
//!
//! OpenAI: `{error: {message, type, param, code}}`. OpenRouter: `code` is the status as a number, the
//! stable kind stands in `metadata.error_type`, and availability failures have no `code` but
//! `availability.code`. Messages: `{type: "error", error: {type, message}}`. Responses: an `error` event
//! with `code` and `message` at its top, or with an `error` object. Others answer `{message}`, `{detail}`
//! or `{error: "text"}`.

use super::{Piece, give};
use crate::wire::json::{Reader, Shape};

/// How much of a page is looked through for its title.
const PAGE_START: usize = 16 * 1024;

/// What an error says of itself. Texts are owned: errors are rare.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorPiece {
    /// `code` if it is a text or a number, else `type`, else `availability.code`, else the error type of
    /// OpenRouter.
    pub code: Option<String>,
    /// The stable kind, where it is not the code itself: `error_type` of OpenRouter, else `type`.
    pub kind: Option<String>,
    /// The message.
    pub message: Option<String>,
}

/// How sure it is that a body is an error, before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Its status or its event type says so, so that a bare `{message}` counts.
    Certain,
    /// Only an `error` member that is neither null nor empty makes it one.
    Possible,
}

/// The members of an error object that matter, before one of them is chosen as the code.
#[derive(Debug, Default)]
struct Members {
    code: Option<String>,
    kind: Option<String>,
    availability: Option<String>,
    error_type: Option<String>,
    message: Option<String>,
}

/// Reads an object that has, or is, an error.
pub(super) fn body(reader: &mut Reader<'_>, place: Place, sink: &mut dyn FnMut(Piece<'_>)) {
    let mut inner = None;
    let mut outer = Members::default();
    reader.object(|name, value| {
        match name {
            "error" => inner = read(value),
            // Messages repeat the id of the request in the body.
            "request_id" => give(value.text().as_deref(), sink, Piece::RequestId),
            _ => outer.member(name, value),
        }
    });
    if let Some(error) = inner {
        sink(Piece::Error(error));
    } else if place == Place::Certain
        && (outer.message.is_some() || outer.code.is_some() || outer.error_type.is_some())
    {
        sink(Piece::Error(outer.choose()));
    }
}

/// Reads the value of an `error` member; `None` if it is no error: null, false, or an empty text.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<ErrorPiece> {
    match reader.shape() {
        Shape::Object => {
            let mut members = Members::default();
            reader.object(|name, value| members.member(name, value));
            Some(members.choose())
        }
        Shape::Text => reader
            .filled()
            .map(|text| ErrorPiece { message: Some(text.into_owned()), ..ErrorPiece::default() }),
        Shape::Bool if reader.truth() == Some(true) => {
            Some(ErrorPiece { message: Some("true".to_owned()), ..ErrorPiece::default() })
        }
        _ => None,
    }
}

impl Members {
    fn member(&mut self, name: &str, value: &mut Reader<'_>) {
        match name {
            "code" => self.code = word(value),
            "type" => self.kind = word(value),
            "message" | "detail" => self.message = self.message.take().or_else(|| word(value)),
            "error_type" => self.error_type = word(value),
            "availability" => {
                self.availability = value.member("code").and_then(|mut code| word(&mut code));
            }
            "metadata" => {
                let named = value.member("error_type").and_then(|mut kind| word(&mut kind));
                self.error_type = self.error_type.take().or(named);
            }
            _ => {}
        }
    }

    fn choose(self) -> ErrorPiece {
        // `type` of an outer object only says that it is an error.
        let kind = self.kind.filter(|kind| kind != "error");
        let stable = self.error_type.clone().or_else(|| kind.clone());
        let code = self.code.or(kind).or(self.availability).or(self.error_type);
        ErrorPiece { kind: stable.filter(|kind| Some(kind) != code.as_ref()), code, message: self.message }
    }
}

/// Reads an error that is a page or a line of text: the title of HTML, else the first line.
pub(super) fn page(body: &[u8], sink: &mut dyn FnMut(Piece<'_>)) {
    let start = body.get(..PAGE_START.min(body.len())).unwrap_or_default();
    let text = String::from_utf8_lossy(start);
    let text = text.trim();
    let said = if text.starts_with('<') {
        // ASCII only, so that places in one are places in the other.
        let small = text.to_ascii_lowercase();
        small.find("<title").and_then(|tag| {
            let from = tag + small.get(tag..)?.find('>')? + 1;
            let to = from + small.get(from..)?.find("</title")?;
            text.get(from..to)
        })
    } else {
        text.lines().next().filter(|line| line.chars().all(|c| !c.is_control()))
    };
    let message: String =
        said.unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ").chars().take(200).collect();
    if !message.is_empty() {
        sink(Piece::Error(ErrorPiece { message: Some(message), ..ErrorPiece::default() }));
    }
}

/// A text that is not empty, or a number as it is written.
fn word(reader: &mut Reader<'_>) -> Option<String> {
    match reader.shape() {
        Shape::Text => reader.filled().map(std::borrow::Cow::into_owned),
        Shape::Number => reader.number_text().map(str::to_owned),
        _ => None,
    }
}
