//! The recording: one SQLite file in WAL mode, with one writer a process and any number of readers.
//!
//! # Format
//!
//! | table | holds |
//! |---|---|
//! | `recording` | facts of the file: `salt`, which the fingerprints of credentials are made with |
//! | `sessions` | one run that wrote into the file; `tidying`: its replayed copies are still to go |
//! | `exchanges` | one request and its answer: heads, times, ends. Raw facts only |
//! | `segments` | rows of consecutive body bytes, with the marks of their chunks (`marks`) |
//! | `digests` | what was derived from an exchange, its verdict among it; can be derived again |
//! | `findings` | what the checks found |
//! | `facets`, `words` | what filters ask, in narrow rows (`facets`); made from the tables above |
//! | `texts` | full text (FTS5) of prompts and answers: an index only, no text can be read back from it |
//! | `tunnels` | connections that passed unopened: where to, when, how many bytes |
//!
//! Times are integers: `started_at_us` counts microseconds since 1970, every other `…_us` microseconds
//! since its exchange began. Heads are blobs: HTTP/1 heads byte for byte from start line to blank line,
//! HTTP/2 heads as `name: value` lines; `interim` is a JSON list of the heads of interim answers (`at_us`, `head`).
//! Secrets are masked with as many bytes as they had.
//!
//! # Views
//!
//! For people who ask with `sqlite3` or `DuckDB` (`ATTACH 'recording.db' AS gatetap (TYPE sqlite)`), which takes the
//! columns of views for text:
//!
//! | view | a row is | columns |
//! |---|---|---|
//! | `exchange_list` | one exchange | what `ls --json` says, flat; times in ms, `started_at` in UTC |
//! | `bodies` | one body | `exchange_id, side, bytes, text`: how many passed, and those that are kept, content codings not undone |
//! | `finding_list` | one finding | `exchange_id, severity, finding, message, evidence, fix, status, method, target` |
//!
//! ```sql
//! SELECT id, started_at, model, verdict, ttft_ms FROM exchange_list ORDER BY id DESC LIMIT 20;
//! SELECT model, count(*), avg(ttft_ms), sum(total_tokens) FROM exchange_list GROUP BY model;
//! SELECT id, evidence FROM exchange_list WHERE verdict NOT IN ('complete', 'open') AND status >= 400;
//! SELECT text FROM bodies WHERE exchange_id = 1 AND side = 'request';
//! SELECT finding, count(*) FROM finding_list GROUP BY finding ORDER BY count(*) DESC;
//! ```
//!
//! Chunks have no view: their marks are variable-length integers, which SQL cannot take apart.
//! `gatetap show ID --events --json` tells the times of events.
//!
//! # Locking
//!
//! Every transaction is short and waits for the others'. A session holds a lock on a file of its own
//! beside the recording for as long as it runs; the system drops that lock when the process dies, however
//! it dies. That is how a later gatetap knows which open exchanges are [lost](crate::exchange::end::Verdict::Lost).
//!
//! # Invariants
//!
//! * A file that is not ours, or newer, is never written to.
//! * Nothing in this room knows a secret: what it is given is already masked.

mod attempts;
mod cassette;
mod edit;
mod error;
mod facets;
pub mod filter;
mod find;
mod holders;
mod lost;
mod marks;
mod order;
mod prune;
mod read;
mod requests;
mod rows;
mod schema;
mod search;
mod select;
mod sessions;
mod tally;
mod text;
mod tunnels;
mod words;
mod write;

pub use attempts::NEAR;
pub use cassette::Tidying;
pub use edit::{Deleted, Editor};
pub use error::Error;
pub use holders::{Holder, holders};
pub use order::{Order, OrderBy, Part};
pub use prune::{Progress, PrunePlan, Pruned, Pruner, Retention, Spare};
pub use read::{Page, Reader};
pub use requests::RecordedRequest;
pub use search::{Found, Hit, MOST_RATED, Snippet, SnippetSource};
pub use tally::Counted;
pub use write::{SegmentId, SessionStart, Writer};
