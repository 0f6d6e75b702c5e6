//! gatetap: a local proxy and traffic recorder between an app and an LLM gateway.
//!
//! This page is the map. Read it, then [`exchange`], then follow a request: [`proxy`], [`record`],
//! [`store`], [`digest`].
//!
//! # Tenets, earlier ones win
//!
//! 1. **Never the culprit.** What the app sees through gatetap is what it would have seen without: same
//!    bytes, same chunks, same end, same cancellation, no delay that anybody could notice. A broken
//!    stream is never repaired.
//! 2. **Nothing lost.** What the app was shown is in the recording, also after `kill -9`. What could not
//!    be kept is counted and said.
//! 3. **No secret on disk.** Keys never reach the recording, a log, an export or the clipboard, yet a
//!    bad key stays diagnosable.
//! 4. **Evidence, not opinion.** A finding states the facts it rests on.
//! 5. **Useful in ten seconds.** One command, no key, no network: `gatetap demo`.
//! 6. **Easy to change.** A check, fault, exporter or gateway is one file and one line in a list.

pub mod cli;
pub mod config;
pub mod digest;
pub mod exchange;
pub mod export;
pub mod gateway;
pub mod live;
pub mod proxy;
pub mod record;
pub mod sim;
pub mod store;
pub mod tls;
#[cfg(feature = "tui")]
pub mod tui;
pub mod wire;
