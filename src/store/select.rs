//! Exchanges by filter.

use super::Page;
use super::error::Error;
use super::facets::{self, Kind};
use super::filter::{Candidate, Compiler, Completion, Filter, Key, place};
use super::find;
use super::read::Reader;
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::time::WallTime;
use std::collections::BTreeSet;

/// So many values a completion offers.
const MOST_VALUES: usize = 50;

impl Reader {
    /// The exchanges of a page of those that `filter` asks for, in the order of starting, newest last.
    ///
    /// Reads no body; only the lines that are given back are read whole. `now` is what `since:10m` counts from.
    pub fn select(&self, filter: &Filter, page: Page, now: WallTime) -> Result<Vec<Summary>, Error> {
        if filter.is_everything() {
            return self.summaries(page);
        }
        self.summaries_of(&self.select_ids(filter, page, now)?)
    }

    /// The numbers of those exchanges, in the order of starting.
    pub fn select_ids(&self, filter: &Filter, page: Page, now: WallTime) -> Result<Vec<ExchangeId>, Error> {
        find::sorted(&self.connection, &self.compiler(now).compile(filter)?, page)
    }

    /// The lines of those of `ids` that `filter` asks for, in the order of starting.
    pub fn select_of(
        &self,
        filter: &Filter,
        ids: &[ExchangeId],
        now: WallTime,
    ) -> Result<Vec<Summary>, Error> {
        let compiled = self.compiler(now).compile(filter)?;
        self.summaries_of(&find::of(&self.connection, &compiled, ids)?)
    }

    /// Ways to go on at byte `cursor` of a filter that is being typed: keys, then values known here.
    pub fn complete(&self, input: &str, cursor: usize) -> Result<Completion, Error> {
        let place = place(input, cursor);
        let mut candidates = place.known();
        let kind = place.key.and_then(|key| match key {
            Key::Model => Some(Kind::Model),
            Key::Path => Some(Kind::Path),
            Key::Gateway => Some(Kind::Gateway),
            Key::Code => Some(Kind::Code),
            Key::Finish => Some(Kind::Finish),
            Key::Finding => Some(Kind::Findings),
            Key::Key => Some(Kind::Credential),
            _ => None,
        });
        if let Some(kind) = kind {
            let values = self.known_words(kind, |value| place.begins(value))?;
            candidates.extend(values.iter().map(|value| Candidate::of_value(value)));
        }
        if place.key == Some(Key::Note) {
            let notes = self.notes(|note| place.begins(note))?;
            candidates.extend(notes.iter().map(|note| Candidate::of_value(note)));
        }
        Ok(Completion { replace: place.replace, candidates })
    }

    pub(super) fn compiler(&self, now: WallTime) -> Compiler<'_> {
        Compiler { connection: &self.connection, now, dead: &self.dead }
    }

    fn notes(&self, is_wanted: impl Fn(&str) -> bool) -> Result<BTreeSet<String>, Error> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT note FROM exchanges WHERE note IS NOT NULL ORDER BY id DESC")?;
        let mut rows = statement.query([])?;
        let mut notes = BTreeSet::new();
        while let Some(row) = rows.next()?
            && notes.len() < MOST_VALUES
        {
            let note = row.get_ref("note")?.as_str().unwrap_or_default();
            if is_wanted(note) {
                notes.insert(note.to_owned());
            }
        }
        Ok(notes)
    }

    fn known_words(&self, kind: Kind, is_wanted: impl Fn(&str) -> bool) -> Result<BTreeSet<String>, Error> {
        let mut statement =
            self.connection.prepare_cached("SELECT text FROM words WHERE kind = ? ORDER BY text")?;
        let mut rows = statement.query([kind.code()])?;
        let mut values = BTreeSet::new();
        while let Some(row) = rows.next()? {
            let text = row.get_ref("text")?.as_str().unwrap_or_default();
            let words = match kind {
                Kind::Findings => text.split(' ').collect(),
                Kind::Credential => facets::credential_parts(text).map(|(_, last4)| last4).collect(),
                _ => vec![text],
            };
            let wanted = words.into_iter().filter(|word| !word.is_empty() && is_wanted(word));
            values.extend(wanted.map(str::to_owned));
            if values.len() >= MOST_VALUES {
                break;
            }
        }
        Ok(values)
    }
}
