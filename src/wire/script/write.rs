//! Captures, written.

use super::{BASE64, BODY, Capture, ESCAPED, REQUEST_HEAD, RESPONSE_HEAD};
use crate::exchange::body::{Body, Mark, Rest};
use crate::exchange::end::BodyEnd;
use crate::exchange::head::Headers;
use crate::exchange::time::Micros;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::fmt::{self, Write as _};

/// How many bytes one line of Base64 stands for.
const BASE64_LINE: usize = 72;

impl fmt::Display for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exchange = &self.exchange;
        for line in self.about.lines() {
            writeln!(f, "# {line}")?;
        }
        writeln!(f, "gateway {}", exchange.gateway)?;
        if !exchange.url.is_empty() {
            writeln!(f, "url {}", exchange.url)?;
        }
        let head = &exchange.request;
        let start = format!("{} {} {}", head.method, head.target, head.version);
        write_head(f, REQUEST_HEAD, head.raw.as_ref(), &start, &head.headers)?;
        let mut now = Micros(0);
        write_body(f, &self.request, &mut now)?;
        match &exchange.request_end {
            None | Some(BodyEnd::Whole) => {}
            Some(end) => write_end(f, "end-request", end)?,
        }
        if let Some(head) = &exchange.response {
            let at = exchange.timing.head.unwrap_or(now);
            advance(f, &mut now, at)?;
            f.write_char('\n')?;
            let start = format!("{} {}", head.version, head.status);
            write_head(f, RESPONSE_HEAD, head.raw.as_ref(), &start, &head.headers)?;
            write_body(f, &self.response, &mut now)?;
        }
        if let Some(own) = &exchange.own_answer {
            writeln!(f, "own {} {}", own.token, own.message)?;
        }
        if let Some(end) = &exchange.response_end {
            if let Some(at) = exchange.timing.end.filter(|at| *at > now) {
                advance(f, &mut now, at)?;
                f.write_char('\n')?;
            }
            write_end(f, "end", end)?;
        }
        Ok(())
    }
}

fn write_end(f: &mut fmt::Formatter<'_>, word: &str, end: &BodyEnd) -> fmt::Result {
    match end {
        BodyEnd::Whole => writeln!(f, "{word}"),
        BodyEnd::Broken { by, detail } => writeln!(f, "{word} {} {detail}", by.as_str()),
    }
}

/// Lets the time go on to `to`, which ends the chunk before it; the line is open still.
fn advance(f: &mut fmt::Formatter<'_>, now: &mut Micros, to: Micros) -> fmt::Result {
    write!(f, "+{}", Time(to.since(*now)))?;
    // Times of one body never go back; where heads and bodies cross, the later one stands.
    *now = to.max(*now);
    Ok(())
}

fn write_head(
    f: &mut fmt::Formatter<'_>,
    mark: char,
    raw: Option<&Bytes>,
    start: &str,
    headers: &Headers,
) -> fmt::Result {
    if let Some(raw) = raw {
        let raw = raw.strip_suffix(b"\r\n").filter(|rest| rest.ends_with(b"\r\n")).unwrap_or(raw);
        return write_lines(f, mark, raw, b"\r\n");
    }
    writeln!(f, "{mark} {start}")?;
    write_lines(f, mark, &headers.to_block(), b"\r\n")
}

fn write_body(f: &mut fmt::Formatter<'_>, body: &Body, now: &mut Micros) -> fmt::Result {
    let gap = body.gap();
    let kept = |from: u64, to: u64| {
        let at = |place: u64| {
            let index = place.min(gap.start) + place.saturating_sub(gap.end);
            usize::try_from(index).unwrap_or(usize::MAX).min(body.bytes.len())
        };
        body.bytes.get(at(from)..at(to)).unwrap_or_default()
    };
    let mut start = 0;
    for Mark { length, read, taken, rest } in &body.marks {
        let end = start + u64::from(*length);
        advance(f, now, *read)?;
        if let Some(taken) = taken {
            write!(f, " taken {}", Time(taken.since(*now)))?;
        }
        match *rest {
            Rest { bytes, capitals: true } => write!(f, " REST {bytes}")?,
            Rest { bytes: 1.., .. } => write!(f, " rest {}", rest.bytes)?,
            Rest { .. } => {}
        }
        f.write_char('\n')?;
        if *length == 0 {
            writeln!(f, "{BODY}{ESCAPED}")?;
        }
        write_bytes(f, kept(start, end.min(gap.start)))?;
        let missing = end.min(gap.end).saturating_sub(start.max(gap.start));
        if missing > 0 {
            writeln!(f, "missing {missing}")?;
        }
        write_bytes(f, kept(start.max(gap.end), end.max(gap.end)))?;
        start = end;
    }
    Ok(())
}

fn write_bytes(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let odd = String::from_utf8_lossy(bytes).chars().filter(|c| is_odd(*c)).count();
    if odd * 4 <= bytes.len() {
        return write_lines(f, BODY, bytes, b"\n");
    }
    for line in bytes.chunks(BASE64_LINE) {
        writeln!(f, "{BODY}{BASE64} {}", STANDARD.encode(line))?;
    }
    Ok(())
}

/// Whether a character is not shown as it stands, a replaced byte included.
fn is_odd(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER || (c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
}

fn write_lines(f: &mut fmt::Formatter<'_>, mark: char, bytes: &[u8], line_end: &[u8]) -> fmt::Result {
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        let plain = line.strip_suffix(line_end).and_then(|text| std::str::from_utf8(text).ok());
        match plain {
            Some("") => writeln!(f, "{mark}")?,
            // A blank at a line's end does not outlive every editor.
            Some(text) if !text.ends_with(' ') && !text.chars().any(char::is_control) => {
                writeln!(f, "{mark} {text}")?;
            }
            _ => writeln!(f, "{mark}{ESCAPED} {}", escape(line))?,
        }
    }
    Ok(())
}

fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let hex = |text: &mut String, byte: u8| {
        text.push_str("\\x");
        text.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
    };
    for part in bytes.utf8_chunks() {
        let mut chars = part.valid().chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                ' ' if chars.peek().is_none() && part.invalid().is_empty() => text.push_str("\\x20"),
                c if c.is_control() => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        hex(&mut text, byte);
                    }
                }
                c => text.push(c),
            }
        }
        for byte in part.invalid() {
            hex(&mut text, *byte);
        }
    }
    text
}

/// A time in the largest unit that writes it without decimals.
struct Time(Micros);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.0 {
            0 => f.write_str("0ms"),
            us if us % 1_000_000 == 0 => write!(f, "{}s", us / 1_000_000),
            us if us % 1_000 == 0 => write!(f, "{}ms", us / 1_000),
            us => write!(f, "{us}us"),
        }
    }
}
