//! A completion as a row of blocks, as Responses and Messages have it: reasoning, then text or calls.

use std::time::Duration;

use crate::sim::completion::{Completion, Piece};

/// One block.
#[derive(Debug)]
pub(super) struct Block<'a> {
    pub(super) kind: Kind,
    /// When it begins.
    pub(super) at: Duration,
    /// Its parts, each with its time.
    pub(super) parts: Vec<(Duration, &'a str)>,
}

/// What a block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Reasoning,
    Text,
    /// The call of that number.
    Call(usize),
}

/// The blocks of the only answer; none where it is empty.
pub(super) fn blocks(completion: &Completion) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    for timed in &completion.pieces {
        let (kind, part) = match &timed.piece {
            Piece::Reasoning(text) => (Kind::Reasoning, Some(text.as_str())),
            Piece::Text(text) => (Kind::Text, Some(text.as_str())),
            Piece::Call { index } => (Kind::Call(*index), None),
            Piece::Arguments { index, part } => (Kind::Call(*index), Some(part.as_str())),
        };
        let part = part.map(|part| (timed.at, part));
        match blocks.last_mut() {
            Some(block) if block.kind == kind => block.parts.extend(part),
            _ => blocks.push(Block { kind, at: timed.at, parts: part.into_iter().collect() }),
        }
    }
    // A call whose arguments have not begun is not made.
    blocks.retain(|block| !block.parts.is_empty());
    blocks
}

impl Block<'_> {
    /// When its last part came.
    pub(super) fn end(&self) -> Duration {
        self.parts.last().map_or(self.at, |(at, _)| *at)
    }

    /// Its parts, joined.
    pub(super) fn text(&self) -> String {
        self.parts.iter().map(|(_, part)| *part).collect()
    }
}
