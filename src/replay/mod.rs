//! A recording as a gateway: which recorded exchange answers a request.
//!
//! [`Request`] is what a request is compared by, [`Volatile`] what is left out of its body, [`Index`] finds the
//! recorded one that it is, or the nearest.
//!
//! Invariants: no key is compared or known, only what kind of credential there is and its fingerprint; a bad
//! credential never gets what a good one got; identical requests get their answers in recorded order.

mod canonical;
mod matching;
mod request;

pub use canonical::{VOLATILE, Volatile};
pub use matching::{Index, Match, Nearest};
pub use request::{Auth, Request};
