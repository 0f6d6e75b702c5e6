//! Finds the head of an answer in the bytes that another reader reads, so that it can be kept byte for byte.

use super::{HEAD_LIMIT, head_end};
use bytes::Bytes;

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

#[cfg(test)]
mod tests {
    use super::*;

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
