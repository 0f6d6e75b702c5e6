//! A local origin that plays answers: what the simulator and a replayed recording have in common.
//!
//! [`Server`] listens and hands requests to whoever [`Answers`]; [`raw()`] plays the answer of a capture byte for
//! byte past the HTTP library.
//!
//! Head lines and chunks go out as they stand, at their times after the request; bytes that the capture does
//! not hold are blanks. An exchange that the app left, or that never ended, stays open until the client
//! leaves; gatetap's own answer in a capture stands for a gateway that closed without a word.

mod raw;
mod server;
mod socket;

pub use raw::{End, Unframed, chunks, gateway_head, raw, wait_until};
pub use server::{Answers, Server};
pub use socket::Socket;

use std::time::Duration;

/// How long `lifelike` takes, so many times faster than life; no time at all where that is infinite.
pub fn scaled(lifelike: Duration, speed: f64) -> Duration {
    if speed.is_finite() && speed > 0.0 {
        Duration::try_from_secs_f64(lifelike.as_secs_f64() / speed).unwrap_or(lifelike)
    } else {
        Duration::ZERO
    }
}
