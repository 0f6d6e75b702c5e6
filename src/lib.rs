//! gatetap: a local proxy and traffic recorder between an app and an LLM gateway.
//!
//! This page is the map: what holds, which rooms there are, what flows through them, and where to put
//! something new.
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
//!
//! # Why HTTP/1 is not hyper's here
//!
//! A general library reads a message and writes it anew: header order, interim answers, trailers, chunk
//! boundaries and broken ends do not survive that, and tenet 1 forbids it. So HTTP/1 messages are read only
//! to know where they go and where they end ([`wire::http1`]), and passed on as they came (`proxy::http1`).
//! HTTP/2, which has no such form to lose, is hyper's on both sides.
//!
//! # The way of the data
//!
//! ```text
//!  app ──▶ listener ──▶ tap ──▶ faults ──▶ gateway or simulator
//!                        │ heads, chunks, ends, each with its time
//!                        ▼
//!                    recorder   one thread, the only writer of a session
//!                        ▼
//!                   recording   SQLite, WAL
//!                  ▲      ▲     ▲
//!            examiner    tui   cli
//! ```
//!
//! The examiner derives digests, verdicts and findings from what is being recorded, and hands them back to the
//! recorder. Everything else reads the file, in this process or in another, while it is being written, but for
//! what a person changes by hand (pruning, notes, deleting), each in a short transaction of its own;
//! nobody keeps a second copy. Raw bytes and times are the truth: whatever is derived can be derived again.
//! Where a request goes comes from configuration alone; only what is asked of a proxy names its own host: a tunnel
//! (`CONNECT`) and, with `--intercept`, a whole URL.
//!
//! # Rooms
//!
//! | room | what it does |
//! |---|---|
//! | [`exchange`] | the model: heads, bodies, marks, ends, verdicts, credential facts, findings; no IO |
//! | [`wire`] | readers without IO: HTTP/1 heads, event streams, content codings, JSON, the APIs' dialects |
//! | [`gateway`] | what is documented of the gateways: base paths, errors, keys, masking; facts in TOML |
//! | [`digest`] | from bytes and marks to meaning, and the verdict |
//! | [`check`] | what is wrong, where, why, and what to do: a file a check in a folder a family |
//! | [`store`] | the recording: schema, writer, reader, filters, full text, pruning, sessions that died |
//! | [`tls`] | the local CA, and whose certificates are believed |
//! | [`fault`] | documented errors and wire faults: the catalogue, rules, plans, changed streams; no IO |
//! | [`export`] | exchanges in other formats, written and, of some, read; the JSON that programs read |
//! | [`record`] | the recorder and examiner threads; redaction |
//! | [`play`] | plays answers on sockets, byte for byte: what the simulator and a replay share |
//! | [`sim`] | the offline gateway |
//! | [`replay`] | a recording as a gateway: which recorded exchange answers a request |
//! | [`config`] | flags, environment and `gatetap.toml`, settled |
//! | [`proxy`] | listener, tap, forwarding, tunnels, cancellation, gatetap's own answers, control API |
//! | [`live`] | puts a running gatetap together; sample traffic for the demo |
//! | [`doctor`] | triage of key, network, base URL, model and stream; ends in a support note |
//! | `tui` | the live view: state, update, view, keymap, theme (feature `tui`) |
//! | [`cli`] | one file a command: parse, call, print; nothing else prints |
//!
//! Who may know whom, ground first: `exchange` ← `wire`, `gateway` ← `digest` ← `check`, `store`, `tls`,
//! `export`, `fault`, `play` ← `record`, `sim`, `replay` ← `config` ← `proxy` ← `live` ← `doctor`, `tui` ← `cli`.
//! Rooms of one group do not know each other; `config` stands above those whose options it reads. rusqlite stays in
//! `store` and `record`, rustls and rcgen in `tls` and `proxy`, ratatui and crossterm in `tui`, clap and
//! anyhow in `cli`. `tests/it/tidy/layers.rs` holds all of this.
//!
//! # Reading order
//!
//! 1. [`exchange`] for the words, then [`exchange::body`] for marks and [`exchange::end`] for verdicts.
//! 2. A request's way: [`proxy`] (`http1::connection`, `http1::exchange`, `http1::pump`; over HTTP/2 `http2_exchange`, then `tap`),
//!    [`record`] (`seen`, `line`, `thread`), [`store`].
//! 3. What it means: [`wire::event_stream`], [`wire::piece`], [`digest`], [`digest::verdict`].
//! 4. What people see of it: [`cli`], `tui`.
//!
//! In a room, `mod.rs` comes first: it says what the room does and what always holds.
//!
//! # How to add
//!
//! * **A gateway**: an entry in `src/gateway/profiles.toml`; its documented errors in `errors.toml` and the
//!   shape of its keys in `keys.toml` beside it; what the simulator offers of it in `src/sim/profiles.toml`.
//! * **An exporter**: a file in `src/export/` and a line in [`export::FORMATS`].
//! * **A check**: [`check`] says how: a file in a folder a family, a line in the list, two fixtures.
//! * **A fault**: of the wire, a `WireFault` in `src/fault/wire/` and a line in its list; an error of a gateway,
//!   an entry in `errors.toml`, or in `variants.toml` where no code tells it apart. Presets are `presets.toml`.
//! * **A command**: a file in `src/cli/`, a variant of its `Command`, a row in the README's table.
//! * **A test**: a file in `tests/it/` and a `mod` line in its `main.rs`; `tests/it/support/` has the fakes.

pub mod check;
pub mod cli;
pub mod config;
pub mod digest;
pub mod doctor;
pub mod exchange;
pub mod export;
pub mod fault;
pub mod gateway;
pub mod live;
pub mod play;
pub mod proxy;
pub mod record;
pub mod replay;
pub mod sim;
pub mod store;
pub mod tls;
#[cfg(feature = "tui")]
pub mod tui;
pub mod wire;
