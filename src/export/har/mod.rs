//! HAR 1.2 (<http://www.softwareishard.com/blog/har-12-spec/>), written and read.
//!
//! Beyond the standard, an entry has `_eventSourceMessages` and `_webSocketMessages` in the shape of
//! Chrome's developer tools (times in seconds since 1970), and `_gatetap` with what a HAR has no place for:
//! number, verdict and its evidence, model, usage, time to the first token, findings.

mod read;
mod write;

pub use read::{Lacking, read};
pub use write::Har;
