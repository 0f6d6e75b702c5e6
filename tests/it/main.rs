//! The one integration crate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod digest;
mod wire_coding;
mod wire_event_stream;
mod wire_json;
mod wire_property;
