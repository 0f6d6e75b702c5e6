//! Checks: what is wrong, where, why, and what to do about it.
//!
//! A check is a file in the folder of its family: a page, an id, a severity, and a function from what is known
//! of an exchange to findings. [`Engine`] runs them, [`Watch`] feeds it, live and on a recording alike. A
//! check says nothing before it can decide: [`Run`] says when that is.
//!
//! Invariants: no IO; a check is a pure function, so neither the order of checks nor that of running them
//! matters; a check that panics becomes a finding against gatetap; credentials are read from their facts,
//! never from a key.
//!
//! Checks over time look at [`History`], by times and never by the order in which things became known: so they
//! find the same live and afterwards. What counts as another attempt at a request stands in `attempts`.
//!
//! # To add a check
//!
//! 1. Copy a neighbour to `src/check/FAMILY/NAME.rs`; its id is `FAMILY-NAME` with hyphens. Add its `mod` line.
//! 2. Add its line to the list in `all.rs`.
//! 3. Write `fixtures/checks/ID/fires.capture` and `quiet.capture` (a near miss), in the format of
//!    [`wire::script`](crate::wire::script); several exchanges in one file for a check over time.
//! 4. `INSTA_UPDATE=always UPDATE_DOCS=1 cargo test --test it check`, and read the difference.

mod all;
mod attempts;
mod auth;
mod body;
mod cancel;
mod declare;
mod engine;
mod found;
mod history;
mod hosts;
mod leak;
mod limits;
mod over_time;
mod page;
mod rate;
mod request_facts;
mod resp;
mod retry;
mod review;
mod settings;
mod stream;
mod subject;
mod timeout;
mod url;
mod watch;
mod words;

pub use all::{ALL, find};
pub use declare::{Check, Often, Run, Stage, Threshold};
pub use engine::{Engine, FAILED};
pub use found::{Found, Says};
pub use history::{Ended, History, Past, REMEMBERED};
pub use request_facts::RequestFacts;
pub use review::Review;
pub use settings::{Override, Pattern, Settings, UnknownName, threshold};
pub use subject::{Context, RequestSubject, Subject};
pub use watch::{Watch, Watched};
