//! Scripted answers: which request gets which, and how it is played.
//!
//! ```toml
//! [[answer]]                                        # the first one that fits answers
//! when = { path = "/v1/chat/completions", first = 2 }
//! capture = "../captures/error-429-nexorouter.capture"   # a file, from the scenario's own folder
//!
//! [[answer]]
//! when = { model = "gpt-*", text = "weather", nth = [1, 3] }
//! inline = '''                                      # or the text of a capture; its request may be left out
//! < HTTP/1.1 200 OK
//! < Content-Type: text/event-stream
//! +20ms
//! | data: {"choices":[]}
//! |
//! end gateway connection reset
//! '''
//! ```
//!
//! `when` may hold `method`, `path` and `model` (with `*` for anything), `text` (the body contains it), and
//! one of `first = N`, `nth = N` or a list, `every = N`, which count the requests that fit the rest. What no
//! answer fits, the profile answers.
//!
//! [`Scenario::of_captures`] scripts every capture of a folder: each answers requests of its method, path and
//! model; of several that fit, the one with the very body, else each in its turn. The request header
//! `x-sim-capture: NAME` picks one by its name.

mod file;
pub(super) mod play;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use http::request::Parts;
use serde_json::Value;

use crate::wire::script::{Capture, Mistake};

/// The request header that picks a capture.
const PICK: &str = "x-sim-capture";

/// Scripted answers.
#[derive(Debug, Default)]
pub struct Scenario {
    answers: Vec<Answer>,
    /// The captures that answer in their turn, after the answers.
    captures: Vec<Answer>,
    turns: Mutex<BTreeMap<Vec<usize>, usize>>,
}

/// Why there is no scenario.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder cannot be read.
    #[error("cannot read `{}`", path.display())]
    Unreadable {
        /// It.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A scenario is not TOML, or has a key or a value that means nothing.
    #[error("`{}`, line {line}: {message}", path.display())]
    Scenario {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// The text of a capture has a mistake.
    #[error("`{}`, line {line}: {mistake}", path.display())]
    Capture {
        /// The file: the capture's, or the scenario that holds it.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong there.
        mistake: Mistake,
    },
    /// A folder without captures.
    #[error("`{}` holds no `.capture` file", .0.display())]
    NoCaptures(PathBuf),
}

/// One scripted answer.
#[derive(Debug)]
struct Answer {
    name: String,
    when: When,
    capture: Capture,
    /// How many requests have fitted.
    seen: Mutex<u64>,
}

/// Which requests an answer is for.
#[derive(Debug, Default)]
struct When {
    method: Option<String>,
    path: Option<String>,
    model: Option<String>,
    text: Option<String>,
    calls: Calls,
}

/// Which of the requests that fit, counted from 1.
#[derive(Debug, Default, PartialEq, Eq)]
enum Calls {
    #[default]
    All,
    First(u64),
    Nth(Vec<u64>),
    Every(u64),
}

impl Error {
    /// What a person can do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable { .. } => None,
            Self::Scenario { .. } => Some(
                "an [[answer]] has `capture = \"FILE\"` or `inline = '''…'''`, and `when` with method, path, model, \
                 text and one of first, nth, every",
            ),
            Self::Capture { .. } => Some(
                "a capture's lines begin with `>` or `<` (heads), `|` (body), `+120ms` (time) or `end`; \
                 fixtures/captures has examples",
            ),
            Self::NoCaptures(_) => Some("name a capture, or a folder of files that end in .capture"),
        }
    }
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// [`Error`], with the file and the line.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Ok(Self { answers: file::answers(path)?, ..Self::default() })
    }

    /// Scripts a capture, or every `.capture` of a folder.
    ///
    /// # Errors
    /// [`Error`], with the file and the line.
    pub fn of_captures(path: &Path) -> Result<Self, Error> {
        Ok(Self { captures: file::captures(path)?, ..Self::default() })
    }

    /// This scenario, and where it has no answer, the captures of that one.
    #[must_use]
    pub fn with_captures(self, other: Self) -> Self {
        Self { captures: other.captures, ..self }
    }

    /// The capture that answers this request; `None` leaves it to the profile.
    pub(super) fn pick(&self, head: &Parts, body: &[u8]) -> Option<&Capture> {
        let asked = Asked::of(head, body);
        if let Some(name) = asked.picked {
            let all = self.captures.iter().chain(&self.answers);
            return all.filter(|answer| answer.name == name).map(|answer| &answer.capture).next();
        }
        let scripted = self.answers.iter().find(|answer| answer.when.fits(&asked) && answer.is_called());
        scripted.map(|answer| &answer.capture).or_else(|| self.in_turn(&asked))
    }

    fn in_turn(&self, asked: &Asked<'_>) -> Option<&Capture> {
        let fits = |exact: bool| -> Vec<usize> {
            let captures = self.captures.iter().enumerate();
            captures
                .filter(|(_, answer)| answer.when.fits(asked))
                .filter(|(_, answer)| !exact || answer.capture.request.bytes == asked.body)
                .map(|(index, _)| index)
                .collect()
        };
        let fitting = Some(fits(true)).filter(|exact| !exact.is_empty()).unwrap_or_else(|| fits(false));
        let count = fitting.len();
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(fitting.clone()).or_default();
        let index = fitting.get(*turn % count.max(1))?;
        *turn += 1;
        self.captures.get(*index).map(|answer| &answer.capture)
    }
}

impl Answer {
    /// Counts a request that fits, and says whether it is one to answer.
    fn is_called(&self) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen += 1;
        match &self.when.calls {
            Calls::All => true,
            Calls::First(count) => *seen <= *count,
            Calls::Nth(numbers) => numbers.contains(&seen),
            Calls::Every(step) => seen.is_multiple_of(*step),
        }
    }
}

/// What of a request decides.
struct Asked<'a> {
    method: &'a str,
    path: &'a str,
    model: Option<String>,
    picked: Option<&'a str>,
    body: &'a [u8],
}

impl<'a> Asked<'a> {
    fn of(head: &'a Parts, body: &'a [u8]) -> Self {
        Self {
            method: head.method.as_str(),
            path: head.uri.path(),
            model: model_of(body),
            picked: head.headers.get(PICK).and_then(|name| name.to_str().ok()),
            body,
        }
    }
}

/// The model that a JSON body names.
fn model_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.get("model")?.as_str().map(str::to_owned)
}

impl When {
    fn fits(&self, asked: &Asked<'_>) -> bool {
        let fits = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| fits_pattern(pattern, text))
        };
        let holds = |text: &String| memchr::memmem::find(asked.body, text.as_bytes()).is_some();
        self.method.as_ref().is_none_or(|method| method.eq_ignore_ascii_case(asked.method))
            && fits(&self.path, asked.path)
            && fits(&self.model, asked.model.as_deref().unwrap_or_default())
            && self.text.as_ref().is_none_or(holds)
    }
}

/// Whether a text is as a pattern says, in which `*` stands for anything.
fn fits_pattern(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match text.split_once(part) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(end)
}
