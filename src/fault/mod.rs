//! Faults: documented errors and wire faults that can be injected, and the rules that say when.
//!
//! A [`Rule`] is what a person writes ([`spec`] reads it, wherever it stands). What is [`Armed`] decides for
//! each request whether something happens to it, and draws a [`Plan`] before the first byte moves. A plan
//! says what is answered in the origin's place, or how its answer is changed on the way: an [`Effect`]. The
//! names come from the [`catalogue`]: the gateways' documented errors, and the list of [`wire`] faults.
//!
//! Invariants:
//! * No IO, and no clock of its own: times are handed in, waits are handed out as [`Step::Wait`].
//! * A plan depends on the seed, the rule, the request and how often it came; never on the connection, nor
//!   on the order in which other requests came. Only `every=` and limits count all requests.
//! * What is not armed costs one atomic load.

mod armed;
pub mod catalogue;
pub mod complete;
pub mod limit;
mod plan;
pub mod preset;
pub mod report;
mod rule;
pub mod spec;
mod stream;
mod value;
pub mod wire;

pub use armed::{Armed, Listed, Story};
pub use plan::{Answer, Asked, Effect, Framing, LiveHead, Plan, Silence};
pub use rule::{Facts, Glob, Rule, When};
pub use spec::BadRule;
pub use stream::{Frame, Frames, Step, Steps, Transform, is_event_stream};
pub use value::{Kind, Parameter, Value, With};

/// The request header that asks for a fault, and the response header that says that one was injected.
pub const HEADER: &str = "x-gatetap-fault";
