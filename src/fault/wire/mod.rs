//! The wire faults: what can happen to any answer on its way, whoever sends it.
//!
//! A fault is a [`WireFault`] in one of the files here, and a line in [`ALL`].

mod cut;
mod net;

use super::plan::{Context, Effect};
use super::stream::Transform;
use super::value::{Kind, Parameter, With};
use crate::gateway::errors::Confidence;

/// A fault of the wire.
#[derive(Debug)]
pub struct WireFault {
    /// Its id.
    pub name: &'static str,
    /// What leaves on the wire, in one sentence.
    pub summary: &'static str,
    /// Where it was seen, or what allows it.
    pub source: &'static str,
    /// How sure it is that it happens in the field.
    pub confidence: Confidence,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// It changes the origin's answer, instead of standing for it.
    pub is_live: bool,
    /// It changes a stream: a request that asks for none does not meet it.
    pub needs_stream: bool,
    /// What it does.
    pub(super) make: fn(&With, &mut Context<'_>) -> Effect,
}

/// Every wire fault.
pub static ALL: &[&WireFault] = &[
    &net::REFUSED,
    &net::RESET_BEFORE_HEADERS,
    &net::HANG_BEFORE_HEADERS,
    &net::RESET_MIDBODY,
    &cut::UNTERMINATED,
    &cut::UNTERMINATED_CLOSE,
    &cut::CLEAN,
    &cut::BEFORE_END,
    &cut::MID_FRAME,
    &cut::MID_CHARACTER,
    &cut::NO_DONE,
];

/// The wire fault of that name.
pub fn find(name: &str) -> Option<&'static WireFault> {
    ALL.iter().copied().find(|fault| fault.name == name)
}

impl PartialEq for WireFault {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The parameter that counts events before something happens.
const AFTER: Parameter = Parameter {
    name: "after",
    kind: Kind::Count,
    default: "3",
    meaning: "how many events pass first; comments are none",
};

/// How many events pass first.
fn after(with: &With) -> u64 {
    with.count("after").unwrap_or(3)
}

/// The origin's answer, changed by this.
fn live(transform: impl Transform + 'static) -> Effect {
    Effect::Live(Box::new(transform))
}
