//! The digest of an exchange that lies whole in a recording.

use super::digester::Digester;
use super::verdict::{self, Judgement};
use super::walk::{self, Part};
use super::{Answer, Digest, Text};
use crate::exchange::Exchange;
use crate::exchange::body::Body;
use crate::exchange::time::Micros;

/// All that is derived from an exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Examined {
    /// The facts.
    pub digest: Digest,
    /// What the model said.
    pub answer: Answer,
    /// What was asked and answered, to search in.
    pub text: Text,
    /// How it ended.
    pub judgement: Judgement,
}

/// Derives all from an exchange and its two bodies.
pub fn examine(exchange: &Exchange, request: &Body, response: &Body) -> Examined {
    let mut digester = Digester::new(&exchange.request);
    // Around a gap the text is read as if it were joined: SDKs write the model and `stream` at its end, and
    // a gap lies in the middle of a message. If it does not join, what stands before the gap counts.
    walk::walk(request, |part, _, _| {
        if let Part::Kept(bytes) = part {
            digester.request_chunk(bytes);
        }
    });
    let mut last = Micros::default();
    if let Some(head) = &exchange.response {
        digester.response_head(head);
        walk::walk(response, |part, _, mark| {
            last = mark.map_or(last, |mark| mark.read);
            match part {
                Part::Kept(bytes) => digester.response_chunk(bytes, mark.map(|mark| mark.read)),
                Part::Missing(missing) => digester.response_gap(missing),
            }
        });
    }
    if exchange.response_end.is_some() {
        digester.response_end(last);
    }
    let digest = digester.digest().clone();
    Examined {
        judgement: verdict::judge(exchange, &digest),
        answer: digester.answer().clone(),
        text: digester.text(),
        digest,
    }
}
