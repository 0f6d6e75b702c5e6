//! The bytes of a body as one text, whatever they mean.

use super::ahead::{Ahead, next_in_short};
use super::escapes::{self, Escapes};
use super::scanner::Scanner;
use super::secrets::Secrets;
use super::sheet::Sheet;
use crate::gateway::keys::percent_escape;

/// In the last bytes of a chunk something may begin that goes on in the next.
const EDGE: usize = 48;

/// A stretch that is no longer is looked through in one pass.
const SHORT: usize = 1024;

/// The place in the text, across chunks.
#[derive(Debug, Default)]
pub(super) struct RawText {
    scanner: Scanner,
    escapes: Escapes,
    /// The last bytes of the chunk before.
    carried: Vec<u8>,
}

impl RawText {
    /// Reads `bytes`, a part of the sheet's chunk that begins at the offset `start` of the body.
    pub(super) fn push(&mut self, bytes: &[u8], start: u64, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        let edge = if bytes.len() > SHORT { edge(bytes) } else { 0 };
        let mut ahead = (edge > 0).then(|| Ahead::new(bytes, secrets));
        let mut at = 0;
        while at < bytes.len() {
            if self.scanner.is_idle() && !self.escapes.is_open() {
                let mut next = at;
                if let Some(ahead) = ahead.as_mut().filter(|_| at < edge) {
                    next = ahead.next(at, edge);
                }
                if next >= edge {
                    next = next_in_short(bytes, next, self.before(&[]), secrets);
                }
                if next > at {
                    self.scanner.resume_after(self.before(bytes.get(..next).unwrap_or_default()));
                    at = next;
                }
            }
            let Some(byte) = bytes.get(at) else { break };
            let scanner = &mut self.scanner;
            self.escapes.push(*byte, start + at as u64, |unit| scanner.feed(unit, secrets, sheet));
            at += 1;
        }
        self.carry(bytes);
    }

    /// The chunk ends here and the text may go on.
    pub(super) fn cover(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        self.scanner.cover(secrets, sheet);
    }

    /// The text goes on after something else: an escape is not continued there.
    pub(super) fn pause(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        let scanner = &mut self.scanner;
        self.escapes.flush(|unit| scanner.feed(unit, secrets, sheet));
    }

    /// The text ends here.
    pub(super) fn end(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        self.pause(secrets, sheet);
        self.scanner.end(secrets, sheet);
        self.carried.clear();
    }

    fn carry(&mut self, bytes: &[u8]) {
        self.carried.extend_from_slice(last(bytes, escapes::LONGEST));
        let surplus = self.carried.len().saturating_sub(escapes::LONGEST);
        self.carried.drain(..surplus);
    }

    /// The two characters that end `bytes`, or the chunk before where they are too few.
    fn before(&self, bytes: &[u8]) -> [u8; 2] {
        let mut text = [0; 2 * escapes::LONGEST];
        let joined = self.carried.iter().chain(last(bytes, escapes::LONGEST)).rev();
        for (place, byte) in text.iter_mut().rev().zip(joined) {
            *place = *byte;
        }
        let escaped = escapes::meaning(last(&text, escapes::LONGEST))
            .or_else(|| percent_escape(last(&text, 3)).map(|(byte, _)| byte));
        let back = |steps: usize| {
            text.len().checked_sub(steps).and_then(|index| text.get(index)).copied().unwrap_or_default()
        };
        escaped.map_or_else(|| [back(2), back(1)], |byte| [0, byte])
    }
}

/// Where the edge of a chunk begins; never inside an escape.
fn edge(bytes: &[u8]) -> usize {
    let edge = bytes.len().saturating_sub(EDGE);
    let lead = edge.saturating_sub(escapes::LONGEST_TWICE - 1);
    let before = bytes.get(lead..edge).unwrap_or_default();
    before.iter().position(|byte| matches!(byte, b'\\' | b'%')).map_or(edge, |at| lead + at)
}

fn last(bytes: &[u8], count: usize) -> &[u8] {
    bytes.get(bytes.len().saturating_sub(count)..).unwrap_or(bytes)
}
