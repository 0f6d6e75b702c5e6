//! JSON Lines, lossless: a recording as a text that can be reviewed, committed and read back.
//!
//! Every line is one JSON object. The first is the header, the last says that the file is whole; between
//! them stand sessions, exchanges and tunnels, in the order of starting, each after its session.
//!
//! ```text
//! {"gatetap":"recording","version":1,"program":"gatetap 0.1.0"}
//! {"session":{"id":1,"started_at":"2025-03-01T12:00:00.000000Z",…}}
//! {"exchange":{"id":1,"session":1,…,"request":{…},"response":{…},"timing":{…}}}
//! {"tunnel":{"id":1,"session":1,…}}
//! {"end":{}}
//! ```
//!
//! * Every member stands in every line, null where nothing is known; members that are not known are an
//!   error. A later version gets another number, and is refused by a gatetap that does not know it.
//! * Bytes are a string where they are UTF-8, else `{"base64":"…"}`.
//! * `started_at` and `ended_at` are RFC 3339 in UTC with microseconds; members that end in `_us` are
//!   microseconds, those of an exchange since it began.
//! * `raw_head` is the HTTP/1 head byte for byte; `headers` is the same as a list, for readers. They have to
//!   agree. In a file that is written by hand `raw_head` may be null.
//! * `response.interim` lists the heads of interim answers (1xx) that came before it, empty without any; a file
//!   that says nothing of them has none.
//! * `body.content` holds the bytes that are kept; `cut` says where others are missing. `marks` has an
//!   element for each chunk: `[length, read_us, taken_us]`, the last null where it was not taken, and after these
//!   `rest, capitals`: how many bytes of its HTTP/1 chunk were yet to come, and whether the letters in the size of that
//!   are capitals; left out where they are 0 and false.
//! * `end` is `"whole"`, `{"broken":{"by":"gateway","detail":"…"}}`, or null while it is open.
//! * What can be derived again (verdict, usage, findings) is left out. `digest` is null but where bytes that
//!   it was derived from are not kept.
//!
//! Secrets are masked, as in the recording.

mod line;
mod read;
mod write;

pub use read::read;
pub use write::Jsonl;

pub(super) use line::{CredentialLine, EndLine, OwnAnswerLine, TimingLine};
pub(super) use read::{credential, end, own_answer, timing};
pub(super) use write::{credential_line, end_line, own_answer_line, timing_line};

/// The version that is written, and read.
pub const VERSION: u32 = 1;
