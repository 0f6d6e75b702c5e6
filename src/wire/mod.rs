//! Readers without IO: what stands in the bytes, exact to the byte.
//!
//! Invariant: broken input is the normal case. A reader never fails and never panics; it says what it
//! found, where, and what was left over. How the input was cut into pieces never changes the result.

pub mod coding;
pub mod dialect;
pub mod event_stream;
pub mod http1;
pub mod json;
pub mod json_lines;
pub mod media;
pub mod piece;
pub mod script;
pub mod utf8;
pub mod websocket;
pub mod websocket_deflate;
