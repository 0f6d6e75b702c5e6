//! Finds HTTP/1 heads in the bytes of a connection, so that they can be kept byte for byte.
//!
//! hyper parses the messages; these readers only follow the framing far enough to know where the next
//! head begins. Where the framing is ambiguous they stop looking, and the head is not kept.

use crate::exchange::head::Headers;
use bytes::Bytes;
use std::collections::VecDeque;

/// No head longer than this is kept.
const HEAD_LIMIT: usize = 1 << 20;

/// Finds the request heads in what an app sends over one connection.
#[derive(Debug, Default)]
pub struct RequestHeads {
    state: State,
    partial: Vec<u8>,
    found: VecDeque<Bytes>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// So many bytes of body.
    Body(u64),
    ChunkSize,
    /// So many bytes of chunk, its line end included.
    Chunk(u64),
    Trailers,
    /// The framing is not understood, or is no longer HTTP/1.
    Lost,
}

impl RequestHeads {
    /// Takes the bytes of one read.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Head => self.head(bytes),
                State::Body(left) => self.skip(bytes, left, State::Body, State::Head),
                State::Chunk(left) => self.skip(bytes, left, State::Chunk, State::ChunkSize),
                State::ChunkSize | State::Trailers => self.line(bytes),
                State::Lost => return,
            };
        }
    }

    /// The next head that is whole, in order.
    pub fn pop(&mut self) -> Option<Bytes> {
        self.found.pop_front()
    }

    /// The connection speaks something else from here on.
    pub fn stop(&mut self) {
        self.state = State::Lost;
        self.partial = Vec::new();
    }

    fn head<'a>(&mut self, mut bytes: &'a [u8]) -> &'a [u8] {
        if self.partial.is_empty() {
            // Empty lines before a request are allowed.
            let blank = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            bytes = bytes.get(blank..).unwrap_or_default();
            if let Some(end) = head_end(bytes, 0) {
                let (head, rest) = bytes.split_at(end);
                self.whole(Bytes::copy_from_slice(head));
                return rest;
            }
        }
        let seen = self.partial.len();
        self.partial.extend_from_slice(bytes);
        if let Some(end) = head_end(&self.partial, seen.saturating_sub(3)) {
            let mut head = std::mem::take(&mut self.partial);
            head.truncate(end);
            self.whole(head.into());
            return bytes.get(end.saturating_sub(seen)..).unwrap_or_default();
        }
        if self.partial.len() > HEAD_LIMIT {
            self.stop();
        }
        &[]
    }

    fn whole(&mut self, head: Bytes) {
        self.state = after_head(&head);
        if self.state != State::Lost || !head.starts_with(b"PRI * HTTP/2.0") {
            self.found.push_back(head);
        }
    }

    fn skip<'a>(&mut self, bytes: &'a [u8], left: u64, same: fn(u64) -> State, then: State) -> &'a [u8] {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - here as u64;
        self.state = if left == 0 { then } else { same(left) };
        bytes.get(here..).unwrap_or_default()
    }

    /// Takes a line of chunked framing: a chunk's size, or one of the trailers.
    fn line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let end = bytes.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        let (here, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        self.partial.extend_from_slice(here);
        if end.is_none() {
            if self.partial.len() > HEAD_LIMIT {
                self.stop();
            }
            return rest;
        }
        let line = std::mem::take(&mut self.partial);
        let line = line.trim_ascii();
        self.state = match self.state {
            State::Trailers if line.is_empty() => State::Head,
            State::Trailers => State::Trailers,
            _ => match chunk_size(line) {
                Some(0) => State::Trailers,
                Some(size) => State::Chunk(size.saturating_add(2)),
                None => State::Lost,
            },
        };
        rest
    }
}

/// Finds the head of the answer to one request. Interim answers (1xx) are passed over.
#[derive(Debug, Default)]
pub struct ResponseHeadFinder {
    partial: Vec<u8>,
}

impl ResponseHeadFinder {
    /// Takes the bytes of one read; gives the head once it is whole.
    pub fn push(&mut self, bytes: &[u8]) -> Option<Bytes> {
        let mut seen = self.partial.len();
        self.partial.extend_from_slice(bytes);
        while let Some(end) = head_end(&self.partial, seen.saturating_sub(3)) {
            let head: Vec<u8> = self.partial.drain(..end).collect();
            if !is_interim(&head) {
                self.partial = Vec::new();
                return Some(head.into());
            }
            seen = 0;
        }
        if self.partial.len() > HEAD_LIMIT {
            self.partial = Vec::new();
        }
        None
    }
}

fn is_interim(head: &[u8]) -> bool {
    let status = head.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
    status.starts_with(b"1") && !status.starts_with(b"101")
}

/// Where the head that starts the bytes ends: after its blank line. Looks from `from` on.
fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(newline) = bytes.get(at..)?.iter().position(|&byte| byte == b'\n') {
        at += newline + 1;
        match bytes.get(at..)? {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// What follows a request's head.
fn after_head(head: &[u8]) -> State {
    if head.starts_with(b"CONNECT ") || head.starts_with(b"PRI ") {
        return State::Lost;
    }
    let headers = Headers::from_raw_head(head);
    let mut lengths = headers.all("content-length");
    let mut codings = headers.all("transfer-encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => State::Head,
        (None, Some(coding)) if codings.next().is_none() && coding.eq_ignore_ascii_case(b"chunked") => {
            State::ChunkSize
        }
        (Some(length), None) if lengths.next().is_none() => {
            match std::str::from_utf8(length).ok().and_then(|text| text.parse().ok()) {
                Some(0) => State::Head,
                Some(length) => State::Body(length),
                None => State::Lost,
            }
        }
        _ => State::Lost,
    }
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| matches!(byte, b';' | b' ' | b'\t')).next()?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heads(pieces: &[&[u8]]) -> Vec<String> {
        let mut finder = RequestHeads::default();
        for piece in pieces {
            finder.push(piece);
        }
        std::iter::from_fn(|| finder.pop()).map(|head| String::from_utf8_lossy(&head).into_owned()).collect()
    }

    /// Requests one after another on a connection, and the heads that must be found in them.
    fn cases() -> Vec<(&'static str, Vec<&'static str>)> {
        vec![
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", vec!["GET / HTTP/1.1\r\nHost: a\r\n\r\n"]),
            (
                "POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nab\r\n\nGET /b HTTP/1.1\r\n\r\n",
                vec!["POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n", "GET /b HTTP/1.1\r\n\r\n"],
            ),
            (
                "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\nT: v\r\n\r\n\r\nGET /b HTTP/1.1\n\n",
                vec!["POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "GET /b HTTP/1.1\n\n"],
            ),
            (
                "GET / HTTP/1.1\r\nauthorization:  Bearer\tk \r\n folded\r\n\r\n",
                vec!["GET / HTTP/1.1\r\nauthorization:  Bearer\tk \r\n folded\r\n\r\n"],
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nGET / HTTP/1.1\r\n\r\n",
                vec!["POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"],
            ),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", vec![]),
        ]
    }

    #[test]
    fn finds_every_request_head_however_the_bytes_are_cut() {
        for (input, expected) in cases() {
            let bytes = input.as_bytes();
            assert_eq!(heads(&[bytes]), expected, "whole: {input:?}");
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(heads(&single), expected, "byte by byte: {input:?}");
            for at in 1..bytes.len() {
                let (left, right) = bytes.split_at(at);
                assert_eq!(heads(&[left, right]), expected, "cut at {at}: {input:?}");
            }
        }
    }

    #[test]
    fn finds_the_final_response_head_however_the_bytes_are_cut() {
        let bytes = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\ndata";
        for at in 0..bytes.len() {
            let mut finder = ResponseHeadFinder::default();
            let (left, right) = bytes.split_at(at);
            let found = finder.push(left).or_else(|| finder.push(right));
            assert_eq!(found.as_deref(), Some(&b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"[..]), "cut at {at}");
        }
    }
}
