//! HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>), written and read.
//!
//! Beyond the standard, an entry has `_eventSourceMessages` and `_webSocketMessages` in the shape of
//! Chrome's developer tools (times in seconds since 1970), and `_gatetap` with what a HAR has no place for:
//! number, verdict and its evidence, model, usage, time to the first token, findings. What a recording holds and a
//! HAR cannot say stands there as [`jsonl`](super::jsonl) has it: times, ends, facts of credentials.
//!
//! Invariant: no time is made up. Where a file does not say when a stream's events came, its body has no marks.

mod read;
mod told;
mod write;

pub use read::{Lacking, read};
pub use write::Har;
