//! Scenarios and captures, read from files.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Deserialize;
use toml::Spanned;

use super::{Answer, Calls, Error, When, model_of};
use crate::wire::script::{self, Capture};

/// What stands for the request of a capture that has none.
const ANY_REQUEST: &str = "> POST / HTTP/1.1\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    answer: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: Option<String>,
    #[serde(default)]
    when: Conditions,
    capture: Option<Spanned<PathBuf>>,
    inline: Option<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Conditions {
    method: Option<String>,
    path: Option<String>,
    model: Option<String>,
    text: Option<String>,
    first: Option<u64>,
    nth: Option<OneOrMany>,
    every: Option<u64>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or a list of numbers")]
enum OneOrMany {
    One(u64),
    Many(Vec<u64>),
}

/// The answers of a scenario.
pub(super) fn answers(path: &Path) -> Result<Vec<Answer>, Error> {
    let text = read(path)?;
    let wrong = |span: Range<usize>, message: String| {
        let line = line_of(&text, span.start);
        Error::Scenario { path: path.to_owned(), line, message }
    };
    let file: File = toml::from_str(&text).map_err(|error| {
        let message = error.message().trim_end().replace('\n', ", ");
        wrong(error.span().unwrap_or_default(), message)
    })?;
    if file.answer.is_empty() {
        return Err(wrong(0..0, "there is no [[answer]]".to_owned()));
    }
    let mut answers = Vec::with_capacity(file.answer.len());
    for (index, entry) in file.answer.into_iter().enumerate() {
        let span = entry.span();
        let Entry { name, when, capture, inline } = entry.into_inner();
        let capture = match (capture, inline) {
            (Some(file), None) => {
                let here = path.parent().unwrap_or_else(|| Path::new(""));
                let file = here.join(file.into_inner());
                parse(&file, &read(&file)?, 0)?
            }
            (None, Some(inline)) => {
                // A line end right after the opening quotes is not part of the text.
                let opening = text.get(inline.span()).unwrap_or_default();
                let skipped = ["'''\n", "\"\"\"\n", "'''\r\n", "\"\"\"\r\n"];
                let before = skipped.iter().any(|start| opening.starts_with(start));
                let first = line_of(&text, inline.span().start) + usize::from(before);
                parse(path, inline.get_ref(), first - 1)?
            }
            (Some(_), Some(_)) => {
                return Err(wrong(span, "an answer has a capture or an inline text, not both".to_owned()));
            }
            (None, None) => {
                return Err(wrong(span, "an answer needs a capture or an inline text".to_owned()));
            }
        };
        let when = when.settle().map_err(|message| wrong(span, message.to_owned()))?;
        let name = name.unwrap_or_else(|| format!("answer {}", index + 1));
        answers.push(Answer { name, when, capture, seen: Mutex::new(0) });
    }
    Ok(answers)
}

/// A capture, or those of a folder, in the order of their names.
pub(super) fn captures(path: &Path) -> Result<Vec<Answer>, Error> {
    let unreadable = |source| Error::Unreadable { path: path.to_owned(), source };
    if !path.is_dir() {
        return Ok(vec![capture(path)?]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "capture") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(Error::NoCaptures(path.to_owned()));
    }
    files.iter().map(|file| capture(file)).collect()
}

/// One capture, for the requests that are like its own.
fn capture(path: &Path) -> Result<Answer, Error> {
    let capture = parse(path, &read(path)?, 0)?;
    let request = &capture.exchange.request;
    let when = When {
        method: Some(request.method.clone()),
        path: Some(request.path().to_owned()),
        model: model_of(&capture.request.bytes),
        text: None,
        calls: Calls::All,
    };
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Answer { name, when, capture, seen: Mutex::new(0) })
}

impl Conditions {
    fn settle(self) -> Result<When, &'static str> {
        let calls = match (self.first, self.nth, self.every) {
            (None, None, None) => Calls::All,
            (Some(count), None, None) => Calls::First(count),
            (None, Some(OneOrMany::One(number)), None) => Calls::Nth(vec![number]),
            (None, Some(OneOrMany::Many(numbers)), None) => Calls::Nth(numbers),
            (None, None, Some(0)) => return Err("every counts from 1"),
            (None, None, Some(step)) => Calls::Every(step),
            _ => return Err("only one of first, nth and every can stand in `when`"),
        };
        Ok(When { method: self.method, path: self.path, model: self.model, text: self.text, calls })
    }
}

/// Reads the text of a capture that begins after `lines_before` lines of its file.
fn parse(path: &Path, text: &str, lines_before: usize) -> Result<Capture, Error> {
    let has_request = text.lines().any(|line| line.starts_with('>'));
    let (text, added) = if has_request { (text.to_owned(), 0) } else { (format!("{ANY_REQUEST}{text}"), 1) };
    script::read(&text).map_err(|error| Error::Capture {
        path: path.to_owned(),
        line: (error.line + lines_before).saturating_sub(added).max(1),
        mistake: error.mistake,
    })
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })
}

/// The line, counted from 1, where byte `at` stands.
fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).map_or(1, |before| before.split('\n').count())
}
