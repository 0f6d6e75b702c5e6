//! Bodies that are not JSON.

use super::is_call;
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::{Place, Span};
use crate::exchange::text::counted;
use crate::wire::coding::Decoder;
use serde::de::IgnoredAny;
use serde_json::error::Category;

check! {
    /// ## What it looks for
    ///
    /// A call of a model whose body arrived whole and is no JSON document, or is empty.
    ///
    /// ## Why it matters
    ///
    /// The gateway answers 400 `invalid_request` before a model is asked. Source:
    /// <https://nexorouter.com/en/docs/api-capabilities/error-handling>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"deepseek-v4-flash","messages":[{"role":"user","content":"Hi"}],}
    /// ```
    ///
    /// ## What to do
    ///
    /// Let a JSON library write the body. The usual mistakes are quotes and line ends in a text that was put
    /// in by hand, single quotes, a comma at the end, `NaN`, and a shell that ate the quotes.
    pub static CHECK = {
        id: "body-invalid-json",
        severity: Error,
        summary: "bodies that are not JSON",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let body = subject.body;
    let is_whole_call = is_call(subject) && subject.whole && subject.json.is_none();
    // What is coded may be coded wrongly.
    let is_coded = Decoder::for_headers(subject.headers()).is_coded();
    // Of a very long one not all is kept.
    let is_cut = (body.len() as u64) < subject.own.request_bytes;
    if !is_whole_call || is_coded || is_cut {
        return;
    }
    if body.is_empty() {
        found.push(
            Says {
                message: "the body is empty".to_owned(),
                evidence: format!("`POST {}` with 0 bytes", subject.path()),
                fix: "send a JSON object; with curl, give it after `-d`".to_owned(),
            },
            [Place::Target],
        );
        return;
    }
    let Err(error) = serde_json::from_slice::<IgnoredAny>(body.trim_ascii_end()) else { return };
    let offset = offset_of(body, error.line(), error.column());
    let what = match error.classify() {
        Category::Eof => "it ends in the middle of a value",
        _ if body.starts_with(b"\xef\xbb\xbf") => "it begins with a byte order mark",
        _ => "something stands there that JSON does not have",
    };
    found.push(
        Says {
            message: format!("the body is not JSON: {what}"),
            evidence: format!(
                "line {}, column {} of {}{}",
                error.line(),
                error.column(),
                counted(body.len(), "byte"),
                near(body, offset)
            ),
            fix: "let a JSON library write the whole body, instead of putting texts into it by hand"
                .to_owned(),
        },
        [Place::Bytes(Side::Request, Span { offset: offset as u64, length: 1 })],
    );
}

/// The offset of a line and column, both counted from 1.
fn offset_of(body: &[u8], line: usize, column: usize) -> usize {
    let ends = body.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let start = match line.checked_sub(2) {
        Some(nth) => ends.map(|(at, _)| at + 1).nth(nth).unwrap_or(0),
        None => 0,
    };
    (start + column.saturating_sub(1)).min(body.len().saturating_sub(1))
}

/// A few characters around the place.
fn near(body: &[u8], offset: usize) -> String {
    let stretch = body.get(offset.saturating_sub(12)..(offset + 8).min(body.len())).unwrap_or_default();
    let plain = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { ' ' };
    format!(", near `{}`", stretch.iter().map(plain).collect::<String>().trim())
}
