//! What masking came to, for short texts that come again with every request: header lines, targets, model names.
//!
//! Only hashes of plain texts are kept, under a key that this process draws for itself, and what may be written.

use super::secrets::Secrets;
use bytes::Bytes;
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash as _, Hasher as _, RandomState};

/// A longer text is not remembered.
const LONGEST: usize = 1024;

/// So many are remembered at most; then it begins anew.
const MOST: usize = 4096;

thread_local! {
    /// The recorder masks on one thread, so nobody waits for anybody here.
    static MEMO: RefCell<Memo> = RefCell::default();
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

#[derive(Debug, Default)]
struct Memo {
    key: RandomState,
    /// `None` where nothing had to be hidden.
    masked: HashMap<Print, Option<Bytes>>,
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
    let print = MEMO.with_borrow(|memo| memo.print(what, plain, secrets));
    let known = MEMO.with_borrow(|memo| memo.masked.get(&print).cloned());
    known.unwrap_or_else(|| {
        let masked = mask();
        MEMO.with_borrow_mut(|memo| memo.remember(print, masked.clone()));
        masked
    })
}

impl Memo {
    fn print(&self, what: As<'_>, plain: &[u8], secrets: &Secrets) -> Print {
        let mut hasher = self.key.build_hasher();
        what.hash(&mut hasher);
        // The others are spellings of these.
        for own in secrets.own().iter().filter(|own| !own.is_coded) {
            own.bytes.hash(&mut hasher);
        }
        plain.hash(&mut hasher);
        hasher.finish()
    }

    fn remember(&mut self, print: Print, masked: Option<Bytes>) {
        if self.masked.len() >= MOST {
            self.masked.clear();
        }
        self.masked.insert(print, masked);
    }
}
