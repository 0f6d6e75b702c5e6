//! Looks ahead in a chunk for the next place where a secret may begin, so that all before it need not be
//! read character by character.
//!
//! Each way a secret may show itself is searched for on its own, with the vectorised searches of
//! `memchr`: the hyphen or underscore in a vendor's prefix, a whole prefix that has neither, the first
//! bytes of the request's own secrets, and escapes.

use super::escapes;
use super::secrets::Secrets;
use crate::gateway::keys::{self, ends_word, is_key_byte, percent_escape};
use memchr::memmem::Finder;
use memchr::{memchr, memchr2};
use std::sync::LazyLock;

/// A secret that is spelled with escapes shows itself by its first escape, at most so far in.
const REACH: usize = 20;

/// So many prefixes are searched for as a whole; all of them, as a test holds.
const MOST_PLAIN: usize = 8;

/// The prefixes of the table, by what they are found by.
struct Prefixes {
    /// By the byte before their first hyphen or underscore: the prefix, and where in it that stands.
    separated: Vec<Vec<(&'static [u8], usize)>>,
    /// Those that have neither.
    plain: Vec<Finder<'static>>,
}

/// The places ahead in one stretch of bytes.
#[derive(Debug)]
pub(super) struct Ahead<'a> {
    bytes: &'a [u8],
    secrets: &'a Secrets,
    separator: Next,
    unicode: Next,
    percent: Next,
    plain: [Next; MOST_PLAIN],
    own: Vec<Next>,
}

/// Where one search found something: not looked yet, nothing more, or at a place.
#[derive(Debug, Clone, Copy, Default)]
enum Next {
    #[default]
    Unknown,
    Nothing,
    At(usize),
}

fn prefixes() -> &'static Prefixes {
    static PREFIXES: LazyLock<Prefixes> = LazyLock::new(|| {
        let mut separated = vec![Vec::new(); 256];
        let mut plain = Vec::new();
        for shape in keys::table().shapes_in_text() {
            let prefix = shape.prefix.as_bytes();
            let at = prefix.iter().position(|byte| is_separator(*byte));
            let before = at.and_then(|at| prefix.get(at.checked_sub(1)?));
            match (at, before.and_then(|byte| separated.get_mut(usize::from(*byte)))) {
                (Some(at), Some(list)) => {
                    // The start of a prefix finds every longer one that begins with it.
                    let head = prefix.get(..=at).unwrap_or(prefix);
                    if !list.contains(&(head, at)) {
                        list.push((head, at));
                    }
                }
                _ => plain.push(Finder::new(prefix.get(..4).unwrap_or(prefix))),
            }
        }
        Prefixes { separated, plain }
    });
    &PREFIXES
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'_')
}

impl<'a> Ahead<'a> {
    pub(super) fn new(bytes: &'a [u8], secrets: &'a Secrets) -> Self {
        Self {
            bytes,
            secrets,
            separator: Next::Unknown,
            unicode: Next::Unknown,
            percent: Next::Unknown,
            plain: [Next::Unknown; MOST_PLAIN],
            own: vec![Next::Unknown; secrets.needles().count()],
        }
    }

    /// The first place from `from` on, but before `limit`, where reading has to begin; else `limit`.
    pub(super) fn next(&mut self, from: usize, limit: usize) -> usize {
        let (bytes, secrets) = (self.bytes, self.secrets);
        let mut nearest = limit;
        nearest = nearest.min(self.separator.from(from, |from| next_separated(bytes, from)).unwrap_or(limit));
        nearest =
            nearest.min(self.unicode.from(from, |from| next_unicode(bytes, from, secrets)).unwrap_or(limit));
        nearest =
            nearest.min(self.percent.from(from, |from| next_percent(bytes, from, secrets)).unwrap_or(limit));
        for (next, finder) in self.plain.iter_mut().zip(&prefixes().plain) {
            nearest = nearest.min(next.from(from, |from| find(finder, bytes, from)).unwrap_or(limit));
        }
        for (next, needle) in self.own.iter_mut().zip(self.secrets.needles()) {
            let found = next.from(from, |from| find(&needle.finder, bytes, from));
            nearest = nearest.min(found.map_or(limit, |at| at.saturating_sub(needle.reach).max(from)));
        }
        nearest
    }
}

impl Next {
    /// The place, if it is not before `from`; searched for only where what is known lies behind.
    fn from(&mut self, from: usize, search: impl FnOnce(usize) -> Option<usize>) -> Option<usize> {
        let known = match *self {
            Self::Nothing => return None,
            Self::At(at) if at >= from => return Some(at),
            _ => search(from),
        };
        *self = known.map_or(Self::Nothing, Self::At);
        known
    }
}

/// The first place from `from` on where reading has to begin, looked for in one pass: for a stretch that is
/// too short for many searches, and for the end of any, where a secret may be cut off. `before` are the
/// two characters before `bytes`.
pub(super) fn next_in_short(bytes: &[u8], from: usize, before: [u8; 2], secrets: &Secrets) -> usize {
    let at_index = |index: usize| bytes.get(index).copied().unwrap_or_default();
    let before = |at: usize| match at {
        0 => before,
        1 => [before[1], at_index(0)],
        _ => [at_index(at - 2), at_index(at - 1)],
    };
    let mut at = from;
    while let Some(found) = secrets.starts().next(bytes, at) {
        at = found;
        let rest = bytes.get(at..).unwrap_or_default();
        let byte = at_index(at);
        if matches!(byte, b'\\' | b'%') && may_spell_secret(rest, secrets) {
            return at.saturating_sub(REACH).max(from);
        }
        if secrets.starts().is_own(byte) && secrets.own().iter().any(|own| own.may_begin(rest)) {
            return at;
        }
        if secrets.starts().is_shape(byte) && ends_word(before(at)) {
            let mut shapes = keys::table().shapes_beginning(byte);
            if shapes.any(|shape| agree(shape.prefix.as_bytes(), rest)) {
                return at;
            }
        }
        at += 1;
    }
    bytes.len()
}

/// Whether an escape, perhaps cut off, spells a character that a secret may begin with or hold.
fn may_spell_secret(text: &[u8], secrets: &Secrets) -> bool {
    let spelled = match text {
        [b'\\' | b'%'] | [b'%', _] => None,
        // A backslash that is spelled so is that of another escape.
        [b'\\', b'u', ..] => {
            text.get(..escapes::LONGEST).and_then(escapes::meaning).filter(|byte| *byte != b'\\')
        }
        [b'\\', ..] => text.get(..2).and_then(escapes::meaning).or(Some(b' ')),
        _ => percent_escape(text).map(|(byte, _)| byte).or(Some(b' ')),
    };
    spelled.is_none_or(|byte| is_key_byte(byte) || secrets.starts().is_own(byte))
}

/// Whether one of the two begins with the other.
fn agree(one: &[u8], other: &[u8]) -> bool {
    let length = one.len().min(other.len());
    one.get(..length) == other.get(..length)
}

fn find(finder: &Finder<'_>, bytes: &[u8], from: usize) -> Option<usize> {
    finder.find(bytes.get(from..)?).map(|at| from + at)
}

/// Where a prefix with a hyphen or underscore begins.
fn next_separated(bytes: &[u8], from: usize) -> Option<usize> {
    let mut search = from;
    loop {
        let at = search + memchr2(b'-', b'_', bytes.get(search..)?)?;
        search = at + 1;
        let Some(before) = at.checked_sub(1).and_then(|index| bytes.get(index)) else { continue };
        let candidates = prefixes().separated.get(usize::from(*before))?;
        // One prefix may end in another: `csk-`, `sk-`.
        let begins = |(head, offset): &(&[u8], usize)| {
            let start = at.checked_sub(*offset).filter(|start| *start >= from)?;
            bytes.get(start..)?.starts_with(head).then_some(start)
        };
        if let Some(start) = candidates.iter().filter_map(begins).min() {
            return Some(start);
        }
    }
}

/// Where a secret may begin that holds a character spelled `\u00XX`.
fn next_unicode(bytes: &[u8], from: usize, secrets: &Secrets) -> Option<usize> {
    static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\u00"));
    let mut search = from;
    loop {
        let at = find(&ESCAPE, bytes, search)?;
        search = at + 1;
        if bytes.get(at..).is_some_and(|text| may_spell_secret(text, secrets)) {
            return Some(at.saturating_sub(REACH).max(from));
        }
    }
}

/// Where a secret may begin that holds a character spelled `%XX`.
fn next_percent(bytes: &[u8], from: usize, secrets: &Secrets) -> Option<usize> {
    let mut search = from;
    loop {
        let at = search + memchr(b'%', bytes.get(search..)?)?;
        search = at + 1;
        if bytes.get(at..).is_some_and(|text| may_spell_secret(text, secrets)) {
            return Some(at.saturating_sub(REACH).max(from));
        }
    }
}
