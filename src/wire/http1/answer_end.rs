//! Whether an answer that is read in pieces is over.

use super::{BodyReader, Framing, Head, StatusLine, head_end};
use bytes::BytesMut;

/// Whether bytes are the whole of one answer, by the rules of its framing; for whoever reads what comes back.
#[derive(Debug)]
pub struct AnswerEnd {
    method: Vec<u8>,
    unread: BytesMut,
    body: Option<BodyReader>,
}

impl AnswerEnd {
    /// For the answer to a request of that method.
    pub fn of(method: &str) -> Self {
        Self { method: method.as_bytes().to_vec(), unread: BytesMut::new(), body: None }
    }

    /// Takes what was read; says whether the answer is over. What is no HTTP is over at once.
    pub fn read(&mut self, bytes: &[u8]) -> bool {
        self.unread.extend_from_slice(bytes);
        while self.body.is_none() {
            let Some(end) = head_end(&self.unread, 0) else { return false };
            let raw = self.unread.split_to(end).freeze();
            let framing = Head::answer(raw).and_then(|head| {
                let status = StatusLine::parse(head.start_line())?.status;
                Ok((status, Framing::of_answer(&head, &self.method, status)))
            });
            match framing {
                Ok((100..=199, _)) => {}
                Ok((_, framing)) => self.body = Some(BodyReader::answer(framing)),
                Err(_) => return true,
            }
        }
        let Some(body) = &mut self.body else { return true };
        match body.read(&self.unread, |_, _| {}) {
            Ok(taken) => drop(self.unread.split_to(taken)),
            Err(_) => return true,
        }
        body.is_whole()
    }
}
