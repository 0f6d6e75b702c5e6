//! The event-stream decoders of SDKs, where they read the same bytes otherwise than the standard.

use crate::wire::event_stream::{Item, Parser};
use std::borrow::Cow;

/// Whose decoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavor {
    /// The Python SDKs: strict UTF-8, no byte order mark taken off, and every block that set anything is
    /// given, a block whose only trace is an older id included.
    Python,
    /// The Node SDKs: a byte order mark is taken off every line, and a block with a type but no data is given.
    Node,
    /// To the letter of the standard.
    Standard,
}

/// What a decoder gives to the code above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// A block.
    Event {
        /// The type it names; `None` if none.
        kind: Option<String>,
        /// Its data.
        data: String,
    },
    /// A line that is not UTF-8, which ends the reading.
    NotUtf8,
}

#[derive(Debug, Default)]
struct Block {
    kind: Option<String>,
    data: Vec<String>,
    has_retry: bool,
}

/// Everything that the decoder gives for a whole body.
pub(super) fn decode(flavor: Flavor, body: &[u8]) -> Vec<Given> {
    if flavor == Flavor::Standard {
        return standard(body);
    }
    let mut given = Vec::new();
    let mut block = Block::default();
    let mut has_id = false;
    for (line, is_whole) in lines(body) {
        let line = match flavor {
            Flavor::Python => {
                let Ok(line) = std::str::from_utf8(line) else {
                    given.push(Given::NotUtf8);
                    return given;
                };
                Cow::Borrowed(line)
            }
            _ => String::from_utf8_lossy(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)),
        };
        if !is_whole {
            break;
        }
        if !line.is_empty() {
            field(&line, flavor, &mut block, &mut has_id);
            continue;
        }
        let named = block.kind.as_ref().is_some_and(|kind| !kind.is_empty());
        let is_given =
            named || !block.data.is_empty() || flavor == Flavor::Python && (has_id || block.has_retry);
        if is_given {
            let block = std::mem::take(&mut block);
            let kind = block.kind.filter(|kind| !kind.is_empty());
            given.push(Given::Event { kind, data: block.data.join("\n") });
        }
        block = Block::default();
    }
    given
}

fn field(line: &str, flavor: Flavor, block: &mut Block, has_id: &mut bool) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    match name {
        "event" => block.kind = Some(value.to_owned()),
        "data" => block.data.push(value.to_owned()),
        "id" if flavor == Flavor::Python && !value.contains('\0') => *has_id = !value.is_empty(),
        "retry" if flavor == Flavor::Python => {
            // As `int()` takes it: a sign, digits, single underscores between them.
            let digits = value.trim().trim_start_matches(['+', '-']).replace('_', "");
            block.has_retry |= !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        }
        _ => {}
    }
}

fn standard(body: &[u8]) -> Vec<Given> {
    let mut given = Vec::new();
    Parser::new().push(body, |item| {
        if let Item::Event(event) = item {
            let kind = Some(event.kind.into_owned()).filter(|kind| kind != "message");
            given.push(Given::Event { kind, data: event.data.into_owned() });
        }
    });
    given
}

/// The lines of a body, and whether each has its end.
fn lines(body: &[u8]) -> impl Iterator<Item = (&[u8], bool)> {
    let mut rest = Some(body);
    std::iter::from_fn(move || {
        let from = rest.filter(|rest| !rest.is_empty())?;
        let Some(at) = memchr::memchr2(b'\n', b'\r', from) else {
            rest = None;
            return Some((from, false));
        };
        let (line, end) = from.split_at_checked(at)?;
        rest = end.strip_prefix(b"\r\n").or_else(|| end.get(1..));
        Some((line, true))
    })
}
