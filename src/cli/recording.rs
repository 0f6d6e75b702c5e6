//! The recording that a reading command reads, and which of its exchanges.

use super::error::{with_hint, wrong_usage};
use super::presence;
use super::world::Env;
use crate::config;
use crate::exchange::ExchangeId;
use crate::exchange::time::WallTime;
use crate::live::presence::Presence;
use crate::store::filter::Filter;
use crate::store::{Error, Page, Reader};
use std::path::PathBuf;
use std::str::FromStr;

/// Which recording.
#[derive(Debug, clap::Args)]
pub(super) struct RecordingArgs {
    /// The recording [default: recording.db in your data directory]
    #[arg(long, value_name = "FILE", env = "GATETAP_DB", hide_env_values = true)]
    db: Option<PathBuf>,
}

/// How a person names an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeName {
    /// By its number.
    Number(ExchangeId),
    /// Counted from the end; the newest is 1.
    FromEnd(u32),
}

/// How a person names exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExchangeNames {
    /// One of them.
    One(ExchangeName),
    /// Those from one number to another, both included.
    Range(ExchangeId, ExchangeId),
}

impl RecordingArgs {
    /// Opens it.
    pub(super) fn open(self, env: &Env<'_>) -> anyhow::Result<Reader> {
        let path = self.path(env)?;
        if path.is_dir() {
            let says = format!("`{}` is a directory, and a recording is a file", path.display());
            return Err(wrong_usage(says, "name the file in it, as `recording.db`"));
        }
        Reader::open(&path).map_err(|error| match (&error, presence::recorded_by(&path, env)) {
            (Error::Missing { .. }, Some(Presence { pid, .. })) => {
                with_hint(error, format!("process {pid} records to it: `gatetap status` says how that goes"))
            }
            _ => error.into(),
        })
    }

    /// Where it is.
    pub(super) fn path(self, env: &Env<'_>) -> anyhow::Result<PathBuf> {
        Ok(config::recording(self.db, &env.directories)?)
    }
}

impl FromStr for ExchangeNames {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().ok().filter(|id: &ExchangeId| *id > 0);
        match text.split_once('-').filter(|(from, _)| !from.is_empty()) {
            Some((from, to)) => match (number(from), number(to)) {
                (Some(from), Some(to)) if from <= to => Ok(Self::Range(from, to)),
                _ => Err("a range is two numbers, the smaller first, as in `3-7`".to_owned()),
            },
            None => text.parse().map(Self::One),
        }
    }
}

impl ExchangeNames {
    /// The numbers they stand for, in the order of starting.
    ///
    /// # Errors
    /// Where there is no such exchange; the hint says which there are.
    pub(super) fn find(self, reader: &Reader) -> anyhow::Result<Vec<ExchangeId>> {
        let (from, to) = match self {
            Self::One(name) => return Ok(vec![name.find(reader)?]),
            Self::Range(from, to) => (from, to),
        };
        let page = Page { after: Some(from - 1), before: to.checked_add(1), limit: None };
        let ids = reader.select_ids(&Filter::default(), page, WallTime(0))?;
        if ids.is_empty() {
            return Err(wrong_usage(
                format!("there are no exchanges {from} to {to} in `{}`", reader.path().display()),
                extent(reader)?,
            ));
        }
        Ok(ids)
    }
}

impl FromStr for ExchangeName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "last" {
            return Ok(Self::FromEnd(1));
        }
        let name = match text.strip_prefix('-') {
            Some(back) => back.parse().ok().filter(|back| *back > 0).map(Self::FromEnd),
            None => text.parse().ok().filter(|id| *id > 0).map(Self::Number),
        };
        name.ok_or_else(|| match config::nearest(text, ["last"]) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "expected a number from 1, `last`, or `-N` for the Nth from the end".to_owned(),
        })
    }
}

impl ExchangeName {
    /// The number it stands for.
    ///
    /// # Errors
    /// Where there is no such exchange; the hint says which there are.
    pub(super) fn find(self, reader: &Reader) -> anyhow::Result<ExchangeId> {
        let (found, words) = match self {
            Self::Number(id) => {
                (reader.summaries_of(&[id])?.first().map(|one| one.id), format!("exchange {id}"))
            }
            Self::FromEnd(back) => {
                let newest = reader.summaries(Page { limit: Some(back), ..Page::default() })?;
                let enough = newest.len() == back as usize;
                let words = match back {
                    1 => "last exchange".to_owned(),
                    _ => format!("exchange -{back}"),
                };
                (newest.first().filter(|_| enough).map(|one| one.id), words)
            }
        };
        match found {
            Some(id) => Ok(id),
            None => Err(wrong_usage(
                format!("there is no {words} in `{}`", reader.path().display()),
                extent(reader)?,
            )),
        }
    }
}

/// Which exchanges a recording holds, in words.
fn extent(reader: &Reader) -> anyhow::Result<String> {
    let end = |after| reader.summaries(Page { after, limit: Some(1), ..Page::default() });
    Ok(match (end(Some(0))?.first(), end(None)?.first()) {
        (Some(first), Some(last)) if first.id == last.id => format!("it holds exchange {} only", first.id),
        (Some(first), Some(last)) => format!("it holds exchanges {} to {}", first.id, last.id),
        _ => "it holds no exchanges yet".to_owned(),
    })
}
