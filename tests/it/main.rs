//! The one integration crate.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and its fakes are public only to their neighbors"
)]

mod support;
mod tidy;
