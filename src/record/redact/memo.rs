//! What masking came to, for short texts that come again with every request: header lines, targets, model names.
//!
//! Of plain texts only hashes are kept, under a key that this process draws for itself.

use super::secrets::Secrets;
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};

/// A longer text is not remembered.
const LONGEST: usize = 1024;

/// So many are remembered at most.
const MOST: usize = 4096;

thread_local! {
    /// The recorder masks on one thread, so nobody waits for anybody here. `None` where nothing had to be hidden.
    static MASKED: RefCell<Shelf<Option<Bytes>>> = RefCell::new(Shelf::new(MOST));
}

/// As what a text is masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum As<'a> {
    /// The first line of a head.
    StartLine,
    /// Another line of a head.
    HeaderLine,
    /// The value of the header of that name.
    Value(&'a str),
    /// A request target or URL.
    Target,
    /// Any other text.
    Text,
}

/// What stands for the plain text. That two texts among so few have the same hash, under a key that nobody knows, does
/// not happen.
type Print = u64;

/// What was worked out, by the print of what it was worked out from. A full one begins anew.
#[derive(Debug)]
pub(super) struct Shelf<T> {
    key: RandomState,
    most: usize,
    known: HashMap<Print, T>,
}

/// What `mask` makes of `plain`, in an exchange with these secrets; `None` where that is the same.
pub(super) fn remembered(
    what: As<'_>,
    plain: &[u8],
    secrets: &Secrets,
    mask: impl FnOnce() -> Option<Bytes>,
) -> Option<Bytes> {
    if plain.len() > LONGEST {
        return mask();
    }
    let print = MASKED.with_borrow(|memo| memo.print(&(what, secrets.print(), plain)));
    MASKED.with_borrow(|memo| memo.get(print)).unwrap_or_else(|| {
        let masked = mask();
        MASKED.with_borrow_mut(|memo| memo.put(print, masked.clone()));
        masked
    })
}

impl<T: Clone> Shelf<T> {
    /// An empty one, for so many.
    pub(super) fn new(most: usize) -> Self {
        Self { key: RandomState::new(), most, known: HashMap::new() }
    }

    /// What stands for this.
    pub(super) fn print(&self, plain: &impl Hash) -> Print {
        self.key.hash_one(plain)
    }

    /// What was worked out from what has this print.
    pub(super) fn get(&self, print: Print) -> Option<T> {
        self.known.get(&print).cloned()
    }

    /// Remembers what was worked out.
    pub(super) fn put(&mut self, print: Print, worked_out: T) {
        if self.known.len() >= self.most {
            self.known.clear();
        }
        self.known.insert(print, worked_out);
    }
}
