//! The verdict: how an exchange ended, by written rules, with its evidence.

use crate::exchange::end::Verdict;

/// A verdict and the facts it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How it ended.
    pub verdict: Verdict,
    /// The evidence in one sentence: the last event, the byte, who closed first.
    pub evidence: String,
}
