//! Finds secrets in a text that comes character by character.
//!
//! A secret is known for one only when enough of it is there. Until then its characters are held: at the
//! end of each chunk they are given out hidden, and shown by a correction if they were none after all. A
//! vendor's prefix is not secret and stays readable.

use super::escapes::{goes_on, meaning};
use super::secrets::{Agreement, Secrets};
use super::sheet::{Sheet, Unit};
use crate::gateway::keys::{self, Shape};

/// So many characters of the request's own secret may be those of an ordinary word.
const SHORTEST_START: usize = 4;

/// A text that ends inside a secret keeps it hidden from this length on.
const SECRET_FROM: usize = 8;

/// The place in one text. What it holds is bounded by the longest secret.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    /// The characters that may be the start of a secret.
    text: Vec<u8>,
    /// The same, with what was given out of them.
    held: Vec<Held>,
    /// The two characters before those; 0 is none.
    before: [u8; 2],
    /// Inside a secret that is known for one: the shape that says what belongs to it.
    inside: Option<&'static Shape>,
    /// A backslash that was escaped itself, and what followed, until it is known whether that is an escape of a
    /// JSON text inside of a JSON text.
    escape: Vec<Unit>,
    /// A percent sign and what followed, until it is known whether that is an escape.
    percent: Vec<Unit>,
}

#[derive(Debug)]
struct Held {
    unit: Unit,
    is_hidden: bool,
}

/// What begins at a place.
enum Found {
    Nothing,
    /// Perhaps a secret: the characters from here on would be hidden.
    Maybe(usize),
    Secret {
        hidden_from: usize,
        end: usize,
        /// More of it may follow.
        open: Option<&'static Shape>,
        /// The request carries it.
        own: bool,
    },
}

impl Scanner {
    /// Whether nothing is held: the text may go on unread until something could begin.
    pub(super) fn is_idle(&self) -> bool {
        self.held.is_empty() && self.inside.is_none() && self.escape.is_empty() && self.percent.is_empty()
    }

    /// Goes on after text that was not read, and that ended in these two characters.
    pub(super) fn resume_after(&mut self, before: [u8; 2]) {
        self.before = before;
    }

    /// Takes the next character.
    pub(super) fn feed(&mut self, unit: Unit, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        if self.escape.is_empty() {
            if unit.byte == b'\\' && unit.is_spelled() {
                self.escape.push(unit);
            } else {
                self.unescaped(unit, secrets, sheet);
            }
            return;
        }
        if !goes_on(self.escape.len(), unit.byte) {
            self.end_escape(secrets, sheet);
            self.feed(unit, secrets, sheet);
            return;
        }
        self.escape.push(unit);
        let text: Vec<u8> = self.escape.iter().map(|unit| unit.byte).collect();
        if let Some(character) = meaning(&text) {
            match Unit::of_units(character, &self.escape) {
                Some(decoded) => {
                    self.escape.clear();
                    self.unescaped(decoded, secrets, sheet);
                }
                None => self.end_escape(secrets, sheet),
            }
        }
    }

    /// Takes the next character, all escapes of JSON undone.
    fn unescaped(&mut self, unit: Unit, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        if self.percent.is_empty() {
            if unit.byte == b'%' {
                self.percent.push(unit);
            } else {
                self.take(unit, secrets, sheet);
            }
            return;
        }
        if !unit.byte.is_ascii_hexdigit() {
            self.end_percent(secrets, sheet);
            self.unescaped(unit, secrets, sheet);
            return;
        }
        self.percent.push(unit);
        if let [percent, high, low] = *self.percent {
            let value = keys::percent_escape(&[percent.byte, high.byte, low.byte]).map(|(byte, _)| byte);
            match value.and_then(|byte| Unit::of_units(byte, &self.percent)) {
                Some(decoded) => {
                    self.percent.clear();
                    self.take(decoded, secrets, sheet);
                }
                None => self.end_percent(secrets, sheet),
            }
        }
    }

    /// The chunk ends here and the text may go on: hides what may be secret.
    pub(super) fn cover(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        let mut hidden_from = usize::MAX;
        for at in 0..self.held.len() {
            if let Found::Maybe(from) = self.found(at, secrets, false) {
                hidden_from = hidden_from.min(at.saturating_add(from));
            }
        }
        for held in self.held.iter_mut().skip(hidden_from).filter(|held| !held.is_hidden) {
            sheet.hide(&held.unit);
            held.is_hidden = true;
        }
    }

    /// The text ends here. What was a secret as far as it went stays hidden.
    pub(super) fn end(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        self.end_escape(secrets, sheet);
        self.end_percent(secrets, sheet);
        while !self.held.is_empty() {
            match self.found(0, secrets, true) {
                Found::Secret { hidden_from, end, own, .. } => {
                    self.note(hidden_from, own, sheet);
                    self.release(end, hidden_from, sheet);
                }
                Found::Nothing | Found::Maybe(_) => self.release(1, 1, sheet),
            }
        }
        self.inside = None;
        self.before = [0; 2];
    }

    fn end_escape(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        for unit in std::mem::take(&mut self.escape) {
            self.unescaped(unit, secrets, sheet);
        }
    }

    fn end_percent(&mut self, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        for unit in std::mem::take(&mut self.percent) {
            self.take(unit, secrets, sheet);
        }
    }

    fn take(&mut self, unit: Unit, secrets: &Secrets, sheet: &mut Sheet<'_>) {
        if let Some(shape) = self.inside {
            if shape.holds(unit.byte) {
                sheet.hide(&unit);
                self.pass(unit.byte);
                return;
            }
            self.inside = None;
        }
        if self.held.is_empty() {
            let starts = secrets.starts();
            let may_begin =
                starts.is_own(unit.byte) || (starts.is_shape(unit.byte) && keys::ends_word(self.before));
            if !may_begin {
                self.pass(unit.byte);
                return;
            }
        }
        self.text.push(unit.byte);
        self.held.push(Held { unit, is_hidden: false });
        while !self.held.is_empty() {
            match self.found(0, secrets, false) {
                Found::Nothing => self.release(1, 1, sheet),
                Found::Maybe(_) => break,
                Found::Secret { hidden_from, end, open, own } => {
                    self.note(hidden_from, own, sheet);
                    self.release(end, hidden_from, sheet);
                    self.inside = open;
                }
            }
        }
    }

    /// Notes a secret whose characters are hidden from this held one on.
    fn note(&self, hidden_from: usize, own: bool, sheet: &mut Sheet<'_>) {
        if let Some(first) = self.held.get(hidden_from) {
            sheet.note(&first.unit, own);
        }
    }

    /// Lets the first `count` characters go, hidden from `hidden_from` on.
    fn release(&mut self, count: usize, hidden_from: usize, sheet: &mut Sheet<'_>) {
        let count = count.min(self.held.len());
        for (index, held) in self.held.drain(..count).enumerate() {
            match (index >= hidden_from, held.is_hidden) {
                (true, false) => sheet.hide(&held.unit),
                (false, true) => sheet.show(&held.unit),
                _ => {}
            }
        }
        let gone: Vec<u8> = self.text.drain(..count).collect();
        for byte in gone.iter().rev().take(2).rev() {
            self.pass(*byte);
        }
    }

    fn pass(&mut self, byte: u8) {
        let [_, last] = self.before;
        self.before = [last, byte];
    }

    /// What begins at `at` of the held characters; `ends` if nothing comes after them.
    fn found(&self, at: usize, secrets: &Secrets, ends: bool) -> Found {
        let text = self.text.get(at..).unwrap_or_default();
        let (mut maybe, mut whole) = (None, None);
        for own in secrets.own() {
            match own.agreement(text) {
                Agreement::Whole(end) => {
                    let open = own.is_shaped.then(|| keys::table().shape_of(&own.bytes)).flatten();
                    whole = whole.or(Some(Found::Secret { hidden_from: own.prefix, end, open, own: true }));
                }
                Agreement::Part if ends && text.len() >= SECRET_FROM => {
                    let part =
                        Found::Secret { hidden_from: own.prefix, end: text.len(), open: None, own: true };
                    whole = whole.or(Some(part));
                }
                Agreement::Part if !ends => {
                    let from = if text.len() >= SHORTEST_START { own.prefix } else { usize::MAX };
                    maybe = Some(maybe.map_or(from, |before: usize| before.min(from)));
                }
                Agreement::Part | Agreement::No => {}
            }
        }
        if let Some(from) = maybe {
            return Found::Maybe(from);
        }
        if let Some(whole) = whole {
            return whole;
        }
        let before = self.before_held(at);
        if !keys::ends_word(before) || !text.first().is_some_and(|first| secrets.starts().is_shape(*first)) {
            return maybe.map_or(Found::Nothing, Found::Maybe);
        }
        let begins = |shape: &&Shape| shape.prefix.as_bytes().first() == text.first();
        for shape in keys::table().shapes_in_text().filter(begins).filter(|shape| shape.may_follow(before)) {
            let prefix = shape.prefix.as_bytes();
            let Some(after) = text.strip_prefix(prefix) else {
                if prefix.starts_with(text) {
                    maybe = Some(maybe.unwrap_or(usize::MAX));
                }
                continue;
            };
            let run = shape.run(after);
            let is_closed = run.len() < after.len();
            if shape.is_key(run) || (ends && !is_closed && shape.may_be_part_of_key(run)) {
                let end = prefix.len() + run.len();
                let open = (!is_closed).then_some(shape);
                return Found::Secret { hidden_from: prefix.len(), end, open, own: false };
            }
            if !is_closed {
                maybe = Some(maybe.map_or(prefix.len(), |before: usize| before.min(prefix.len())));
            }
        }
        maybe.map_or(Found::Nothing, Found::Maybe)
    }

    /// The two characters before the one at `at` of those held.
    fn before_held(&self, at: usize) -> [u8; 2] {
        let [first, second] = self.before;
        let back = |steps: usize| {
            at.checked_sub(steps).map_or(if at + 1 == steps { second } else { first }, |index| {
                self.text.get(index).copied().unwrap_or_default()
            })
        };
        [back(2), back(1)]
    }
}
