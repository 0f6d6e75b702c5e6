//! HTTP/1 between an app and a gateway, with nothing in between.
//!
//! A general HTTP library reads a message, forgets how it was written, and writes it anew: headers in
//! another order, chunks cut differently, hints (1xx) lost, an end repaired. Here a message stays what it
//! was. A head is parsed to learn where it goes and where its body ends; of its lines only those that
//! concern one hop are changed ([`message`]). The bytes of a body pass as they came, chunk framing included
//! ([`pump`]), and both connections end the way the other one did.
//!
//! Invariants:
//! * A request that could be read in two ways is refused with its reason and never passed on.
//! * An answer is never judged: what the app could read straight from the gateway, it can read here.
//! * What one side says at its end is said to the other: FIN for FIN, RST for RST. An app that has left is
//!   an RST for the gateway, or a FIN where it said FIN; see [`peer`] for the app that is only silent.
//! * An idle gateway connection carries the next request only while it is silent, and only of the app connection that
//!   has used it unless it is as good as new (`kept`); a request is sent a second time only if not a byte of it had left.
//! * What gatetap itself cuts never looks whole to the app.

mod connection;
mod exchange;
mod idle;
mod link;
mod look;
mod message;
mod own;
mod peer;
mod pump;
mod record;

pub(super) use connection::{HEAD_TIME, Next, serve};
pub(super) use idle::Idle;
pub(super) use link::Link;
