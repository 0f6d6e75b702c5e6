//! HTTP/1 on the wire: heads line by line, bodies by their framing, every byte accounted for.
//!
//! | file | reads |
//! |---|---|
//! | [`head`] | a head: its start line, and each header line as it stood |
//! | [`framing`] | how long a message's body is, by the rules of RFC 9112 §6.3 |
//! | [`body`] | the bytes of a body as they come: which of them are data, and where it ends |
//! | [`finder`] | the head of an answer in what another reader reads |
//! | [`answer_end`] | whether an answer that is read in pieces is over |
//!
//! Requests are read strictly: what two readers could take for two different messages is a [`Problem`],
//! so that nothing is passed on that the gateway might read differently. Answers are read as kindly as
//! an app would, and passed on as they are.

pub mod answer_end;
pub mod body;
pub mod finder;
pub mod framing;
pub mod head;

pub use answer_end::AnswerEnd;
pub use body::BodyReader;
pub use finder::ResponseHeadFinder;
pub use framing::Framing;
pub use head::{Field, Head, RequestLine, StatusLine, head_end};

/// No head longer than this is read, in bytes.
pub const HEAD_LIMIT: usize = 1 << 20;

/// Why a message cannot be read in one way only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The first line of a request has not three parts.
    #[error("the request line is not `METHOD target HTTP/1.1`")]
    RequestLine,
    /// The first line of an answer is none.
    #[error("the first line is not an HTTP/1 status line")]
    StatusLine,
    /// The method is not a token.
    #[error("the method holds a character that no method can have")]
    Method,
    /// The target holds a space or a control character.
    #[error("the request target is empty or holds a space or a control character")]
    Target,
    /// Another version than 1.0 or 1.1.
    #[error("the version is neither HTTP/1.0 nor HTTP/1.1")]
    Version,
    /// A header line without a colon.
    #[error("a header line has no colon")]
    NoColon,
    /// A header's name is empty or not a token; a space before the colon is such a case.
    #[error("a header name is empty, or holds a space or another character that no name can have")]
    Name,
    /// A control character in a value.
    #[error("a header value holds a control character")]
    Value,
    /// A carriage return that ends no line.
    #[error("a carriage return stands inside a line")]
    BareCarriageReturn,
    /// The first header line begins with white space, or a framing header is folded.
    #[error("a header line is folded where that changes what the message is")]
    Folded,
    /// More header lines than are read.
    #[error("there are more header lines than gatetap reads")]
    TooManyLines,
    /// Several `Host` headers.
    #[error("there is more than one Host header")]
    Hosts,
    /// `Content-Length` is no number, or there are several different ones.
    #[error("Content-Length is not one decimal number")]
    Length,
    /// `Content-Length` beside `Transfer-Encoding`.
    #[error("both Content-Length and Transfer-Encoding are set")]
    LengthAndCoding,
    /// `Transfer-Encoding` is not a list of codings with one `chunked`, at its end.
    #[error("Transfer-Encoding does not end in one `chunked`")]
    Coding,
    /// `Transfer-Encoding` in an HTTP/1.0 message.
    #[error("HTTP/1.0 knows no Transfer-Encoding")]
    CodingInHttp10,
    /// A chunk's size line is not one.
    #[error("a chunk's size is not a hexadecimal number")]
    ChunkSize,
    /// Something in a chunk's extension that cannot stand there.
    #[error("a chunk's extension holds a control character or is too long")]
    ChunkExtension,
    /// The line end after a chunk is missing.
    #[error("a chunk is longer than it says")]
    ChunkEnd,
    /// A trailer line that is none, or too many of them.
    #[error("the trailers are malformed or too long")]
    Trailers,
}
