//! Recordings in other formats: one file a format, and one line in [`FORMATS`].
//!
//! A format is an [`Export`]: it is given one exchange after the other and writes what stands for it.
//! [`Exporting`] drives it and looks over everything that is written: what is exported was masked when it
//! was recorded, and a key that is found all the same is hidden and counted. [`jsonl`] and [`har`] are
//! also read back, and [`capture`] only that, into [`Piece`]s.
//!
//! Invariant: nothing here knows a secret, and nothing does IO but into the [`Write`] it was given.
//!
//! # To add a format
//!
//! 1. A file here with a type that is [`Export`].
//! 2. Its line in [`FORMATS`].

pub mod capture;
mod csv;
mod curl;
pub mod har;
mod html;
pub mod json;
pub mod jsonl;
mod sse;
mod support;
mod text;

use crate::digest::summary::{Summary, Whole};
use crate::digest::{self, Digest, EventLine};
use crate::exchange::body::{Body, Side};
use crate::exchange::end::Verdict;
use crate::exchange::head::Headers;
use crate::exchange::origin::Origin;
use crate::exchange::session::Session;
use crate::exchange::time::WallTime;
use crate::exchange::tunnel::Tunnel;
use crate::exchange::{Exchange, ExchangeId};
use crate::gateway::mask::mask_keys;
use crate::wire::coding::{self, Problem};
use crate::wire::dialect::Dialect;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// A format: takes exchanges in the order of starting and writes what stands for them.
pub trait Export {
    /// Writes what stands before the first exchange.
    fn begin(&mut self, _: &Selection, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Writes what stands for one exchange.
    fn exchange(&mut self, one: &Exported, out: &mut dyn Write) -> io::Result<Outcome>;

    /// Writes what stands behind the last.
    fn end(&mut self, _: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}

/// What became of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is in the export.
    Written,
    /// It is not, and why, in a few words.
    LeftOut(&'static str),
}

/// One format by its name.
#[derive(Debug)]
pub struct Format {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Makes one that has written nothing yet.
    pub make: fn(Options) -> Box<dyn Export>,
}

/// Every format.
pub const FORMATS: [Format; 7] = [
    Format {
        name: "har",
        about: "HAR 1.2, for browsers, mitmproxy and other tools",
        make: |_| Box::new(har::Har::default()),
    },
    Format {
        name: "curl",
        about: "commands that send the requests again, the key as a variable",
        make: |options| Box::new(curl::Curl::new(options)),
    },
    Format {
        name: "jsonl",
        about: "everything that is recorded, a line an exchange; `gatetap import` reads it back",
        make: |_| Box::new(jsonl::Jsonl),
    },
    Format {
        name: "sse",
        about: "the streams themselves, content codings undone",
        make: |_| Box::new(sse::Sse::default()),
    },
    Format {
        name: "support",
        about: "a note for a gateway's support: what it asks for, and no key, prompt or answer",
        make: |options| Box::new(support::Support::new(options)),
    },
    Format {
        name: "html",
        about: "one page to read or print: list, times, streams, findings; it loads nothing",
        make: |options| Box::new(html::Html::new(options)),
    },
    Format {
        name: "csv",
        about: "usage, a row an exchange: model, tokens, cost, times",
        make: |_| Box::new(csv::Csv),
    },
];

/// The format of that name.
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// What a person chose of an export.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// Prompts and answers too, in formats that leave them out by themselves.
    pub with_text: bool,
    /// Plain text in place of Markdown.
    pub plain: bool,
    /// The environment variables that hold the keys of people's own gateways, by the gateway's name.
    pub key_variables: BTreeMap<String, String>,
}

/// What is exported, before the first exchange is read.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// How many exchanges.
    pub exchanges: u64,
    /// When the first of them began, and when the last that is known of them happened.
    pub span: Option<(WallTime, WallTime)>,
    /// The sessions that they, and the tunnels, belong to.
    pub sessions: Vec<Session>,
    /// Tunnels; none where only some exchanges are asked for.
    pub tunnels: Vec<Tunnel>,
    /// Whether the list of models and a small plain request were seen to work, by the gateway's name.
    pub probes: BTreeMap<String, Probes>,
}

/// What a recording shows of a gateway beside the exchange in question: the newest request of a kind that
/// worked, else the newest of that kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Probes {
    /// For the list of models.
    pub models: Option<Probe>,
    /// For a small answer that is no stream.
    pub plain: Option<Probe>,
}

/// One request, and whether it was answered as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Its number.
    pub id: ExchangeId,
    /// It was complete.
    pub worked: bool,
    /// The status that came.
    pub status: Option<u16>,
}

impl Probes {
    /// Takes the next exchange, in the order of starting.
    pub fn take(&mut self, summary: &Summary) {
        let digest = &summary.digest;
        let slot = if digest.dialect == Dialect::Models {
            &mut self.models
        } else if digest.dialect.generates() && !digest.streaming && summary.request_bytes <= SMALL {
            &mut self.plain
        } else {
            return;
        };
        let worked = summary.verdict == Verdict::Complete;
        // What gatetap broke says nothing of the gateway.
        if summary.fault.is_none() && (worked || !slot.is_some_and(|known| known.worked)) {
            *slot = Some(Probe { id: summary.id, worked, status: summary.status });
        }
    }
}

/// A request of so many bytes is a small one.
const SMALL: u64 = 4096;

/// One exchange with everything that is recorded of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// Its line, heads, times and findings.
    pub whole: Whole,
    /// The evidence of its verdict.
    pub evidence: Option<String>,
    /// The request's body.
    pub request: Body,
    /// The answer's body.
    pub response: Body,
    /// What the origin had sent, where a fault altered it.
    pub altered: Option<Altered>,
}

/// An answer that a fault altered: what the app did not get of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Altered {
    /// Its head and its end.
    pub origin: Origin,
    /// Its body.
    pub body: Body,
}

/// What a file that is read back holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// A session.
    Session(Session),
    /// An exchange of a session before it.
    Exchange(Box<Read>),
    /// A tunnel of a session before it.
    Tunnel(Tunnel),
}

/// An exchange that was read from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// The exchange.
    pub exchange: Exchange,
    /// The request's body.
    pub request: Body,
    /// The answer's body.
    pub response: Body,
    /// What the origin had sent, where a fault altered it.
    pub altered: Option<Altered>,
    /// What was derived from it, where it cannot be derived again from what is kept.
    pub digest: Option<Digest>,
    /// What a person wrote to it.
    pub note: Option<String>,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError<E> {
    /// The file could not be read.
    #[error("cannot read it")]
    Io(#[source] io::Error),
    /// The file is not what it should be.
    #[error("line {line}, column {column}: {message}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1; in bytes.
        column: usize,
        /// What is wrong there.
        message: String,
    },
    /// What was read could not be taken in.
    #[error(transparent)]
    Sink(E),
}

/// What was exported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Exchanges that are in the export.
    pub written: u64,
    /// Exchanges that are not, by the reason.
    pub left_out: BTreeMap<&'static str, u64>,
    /// Keys that the recording held and the export does not.
    pub hidden_keys: usize,
}

/// An export on its way.
pub struct Exporting<W> {
    format: Box<dyn Export>,
    out: W,
    buffer: Vec<u8>,
    report: Report,
}

impl<W: Write> Exporting<W> {
    /// Begins an export into `out`.
    pub fn begin(format: &Format, options: Options, selection: &Selection, out: W) -> io::Result<Self> {
        let mut own =
            Self { format: (format.make)(options), out, buffer: Vec::new(), report: Report::default() };
        own.format.begin(selection, &mut own.buffer)?;
        own.flush()?;
        Ok(own)
    }

    /// Takes the next exchange.
    pub fn exchange(&mut self, one: &Exported) -> io::Result<()> {
        match self.format.exchange(one, &mut self.buffer)? {
            Outcome::Written => self.report.written += 1,
            Outcome::LeftOut(why) => *self.report.left_out.entry(why).or_default() += 1,
        }
        self.flush()
    }

    /// Ends the export; gives back what it was written into.
    pub fn finish(mut self) -> io::Result<(W, Report)> {
        self.format.end(&mut self.buffer)?;
        self.flush()?;
        self.out.flush()?;
        Ok((self.out, self.report))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.report.hidden_keys += mask_keys(&mut self.buffer);
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W> std::fmt::Debug for Exporting<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exporting").field("report", &self.report).finish_non_exhaustive()
    }
}

impl Exported {
    /// The exchange.
    pub fn exchange(&self) -> &Exchange {
        &self.whole.exchange
    }

    /// The body of `side`; an empty one where there is none.
    pub fn body(&self, side: Side) -> &Body {
        static NONE: Body = Body { bytes: Vec::new(), marks: Vec::new(), cut: None };
        match side {
            Side::Request => &self.request,
            Side::Response => &self.response,
            Side::Origin => self.altered.as_ref().map_or(&NONE, |altered| &altered.body),
        }
    }

    /// The stream in the answer, event by event; nothing, if it is none.
    pub fn events(&self) -> Vec<EventLine> {
        let head = self.exchange().response.as_ref();
        head.map_or_else(Vec::new, |head| digest::events(head, &self.response))
    }

    /// How many bytes of a body passed and are not kept.
    pub fn missing(&self, side: Side) -> u64 {
        let kept = self.body(side).bytes.len() as u64;
        self.exchange().bytes_of(side).saturating_sub(kept)
    }

    /// The bytes of a body after undoing its content codings, as far as that goes.
    pub fn decoded(&self, side: Side) -> (Vec<u8>, Option<Problem>) {
        let headers = match side {
            Side::Request => self.exchange().request.headers.clone(),
            Side::Response => {
                self.exchange().response.as_ref().map(|head| head.headers.clone()).unwrap_or_default()
            }
            Side::Origin => {
                let origin = self.altered.as_ref().map(|altered| &altered.origin);
                origin.map(|origin| Headers::from_raw_head(&origin.head)).unwrap_or_default()
            }
        };
        let decoded = coding::decode(&headers, &self.body(side).bytes, usize::MAX);
        (decoded.bytes, decoded.problem)
    }

    /// What was derived when the exchange passed, where what is kept of it gives something else: bytes of it
    /// were cut, withheld or hidden.
    pub fn underivable(&self) -> Option<Digest> {
        let known = &self.whole.summary.digest;
        let derived = digest::examine(self.exchange(), &self.request, &self.response).digest;
        (*known != derived && *known != Digest::default()).then(|| known.clone())
    }

    /// As it would be read back from a file.
    pub fn into_read(self) -> Read {
        Read {
            digest: self.underivable(),
            note: self.whole.summary.note,
            exchange: self.whole.exchange,
            request: self.request,
            response: self.response,
            altered: self.altered,
        }
    }
}
