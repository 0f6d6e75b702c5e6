//! The one integration crate.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets what it did not expect has failed"
)]

#[cfg(feature = "tui")]
mod tui;
