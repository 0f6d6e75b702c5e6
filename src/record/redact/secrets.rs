//! The credentials that one request carried, for as long as it is open.

use super::base64;
use super::escapes::LONGEST_TWICE as LONGEST_ESCAPE;
use super::starts::Starts;
use crate::exchange::head::Headers;
use crate::gateway::{credential, keys};
use memchr::memmem::Finder;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Range;
use std::sync::LazyLock;

/// What is longer is looked for by its first bytes; the rest of it is hidden with them.
const LONGEST: usize = 16 * 1024;

/// So many bytes of a secret are searched for at once.
const NEEDLE: usize = 4;

/// The same of one in Base64, among much that is Base64 as well.
const CODED_NEEDLE: usize = 12;

/// So many characters end a line at most.
const LINE_END: usize = 2;

/// Draws what stands for secrets.
static PRINTS: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What is looked for in the bodies of an exchange: its own credentials, and every shape of the table.
///
/// Zeroed when it is dropped. That is all that can be done without unsafe code: the copies in the HTTP
/// library's own buffers are out of reach.
pub(super) struct Secrets {
    own: Vec<Own>,
    starts: Starts,
    /// Stands for all of them.
    print: u64,
}

/// One credential of the request.
pub(super) struct Own {
    pub(super) bytes: Vec<u8>,
    /// How much of it says only whose it is.
    pub(super) prefix: usize,
    /// It is one in Base64, as far as its digits tell of nothing else.
    pub(super) is_coded: bool,
    /// It has a vendor's shape: key characters that follow belong to a key as well.
    pub(super) is_shaped: bool,
    /// What it is found by. One in Base64 has two: a line may end in one of them.
    pub(super) needles: Vec<Needle>,
}

/// Some bytes near the start of a secret that are spelled in one way only.
pub(super) struct Needle {
    pub(super) finder: Finder<'static>,
    /// So far before it the secret begins at most, in any spelling but that of letters.
    pub(super) reach: usize,
}

/// How a text goes with a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Agreement {
    /// It begins with something else.
    No,
    /// It is the beginning of it.
    Part,
    /// It begins with the whole of it, which is so long there.
    Whole(usize),
}

impl Secrets {
    /// The credentials of a request with these header lines and this target or URL.
    pub(super) fn of_request(headers: &Headers, target: &str) -> Self {
        Self::new(credential::carried_secrets(headers, target))
    }

    /// The same of a head that was recorded: what is masked there is no secret any more.
    pub(super) fn of_recorded(headers: &Headers, target: &str) -> Self {
        let mut carried = credential::carried_secrets(headers, target);
        carried.retain(|secret| !is_masked(secret));
        Self::new(carried)
    }

    fn new(carried: Vec<Vec<u8>>) -> Self {
        let mut secrets = Self { own: Vec::new(), starts: Starts::of_the_table(), print: 0 };
        secrets.look_for(carried);
        secrets
    }

    /// Looks for these as well, which the request carries without the app.
    pub(super) fn add<'a>(&mut self, others: impl Iterator<Item = &'a str>) {
        self.look_for(others.map(|other| other.as_bytes().to_vec()).collect());
    }

    /// Looks for what the request carries, as it is and in Base64.
    fn look_for(&mut self, carried: Vec<Vec<u8>>) {
        let own = &mut self.own;
        own.extend(carried.iter().flat_map(|secret| base64::spellings(secret)).map(Own::coded));
        own.extend(carried.into_iter().map(Own::new));
        let order = |own: &Own| (std::cmp::Reverse(own.bytes.len()), own.is_coded);
        own.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.bytes.cmp(&b.bytes)));
        own.dedup_by(|a, b| a.bytes == b.bytes);
        for own in &self.own {
            self.starts.add_own(&own.bytes);
        }
        // The others are spellings of these.
        self.print = PRINTS
            .hash_one(self.own.iter().filter(|own| !own.is_coded).map(|own| &own.bytes).collect::<Vec<_>>());
    }

    /// Stands for all of them, in this process.
    pub(super) fn print(&self) -> u64 {
        self.print
    }

    /// The request's own, the longest first.
    pub(super) fn own(&self) -> &[Own] {
        &self.own
    }

    /// What they are found by.
    pub(super) fn needles(&self) -> impl Iterator<Item = &Needle> {
        self.own.iter().flat_map(|own| &own.needles)
    }

    /// Where any of them may begin.
    pub(super) fn starts(&self) -> &Starts {
        &self.starts
    }
}

impl Own {
    fn coded(bytes: Vec<u8>) -> Self {
        let mut own = Self::plain(bytes);
        let length = CODED_NEEDLE.min(own.bytes.len() / 2);
        own.needles = [0, length].iter().filter_map(|from| own.needle(*from, length)).collect();
        own.is_coded = true;
        own
    }

    fn new(bytes: Vec<u8>) -> Self {
        let mut own = Self::plain(bytes);
        own.needles.extend(own.needle(0, NEEDLE).or_else(|| own.needle_of(0..1)));
        if let Some(shape) = keys::table().shape_of(&own.bytes) {
            own.prefix = shape.prefix.len();
            own.is_shaped = true;
        }
        own
    }

    /// One that is hidden whole, and found by nothing yet.
    fn plain(mut bytes: Vec<u8>) -> Self {
        if let Some(rest) = bytes.get_mut(LONGEST..) {
            rest.fill(0);
        }
        bytes.truncate(LONGEST);
        Self { needles: Vec::new(), prefix: 0, is_coded: false, is_shaped: false, bytes }
    }

    /// What it is found by from `from` on: so many of its bytes if they are there in a row, or fewer.
    fn needle(&self, from: usize, length: usize) -> Option<Needle> {
        let is_plain = |window: &[u8]| window.iter().copied().all(keys::is_key_byte);
        let place = |length: usize| {
            let at = self.bytes.get(from..)?.windows(length.max(1)).position(is_plain)?;
            Some(from + at..from + at + length)
        };
        place(length).or_else(|| place(NEEDLE)).and_then(|place| self.needle_of(place))
    }

    fn needle_of(&self, place: Range<usize>) -> Option<Needle> {
        let reach = (place.start + 1 + LINE_END) * LONGEST_ESCAPE;
        Some(Needle { finder: Finder::new(self.bytes.get(place)?).into_owned(), reach })
    }

    /// How `text` goes with it. One in Base64 may have line ends in it.
    pub(super) fn agreement(&self, text: &[u8]) -> Agreement {
        let mut rest = self.bytes.iter().peekable();
        for (at, byte) in text.iter().enumerate() {
            match rest.peek() {
                None => return Agreement::Whole(at),
                Some(own) if *own == byte => {
                    rest.next();
                }
                Some(_) if self.is_coded && at > 0 && is_line_end(*byte) => {}
                Some(_) => return Agreement::No,
            }
        }
        if rest.peek().is_none() { Agreement::Whole(text.len()) } else { Agreement::Part }
    }

    /// Whether it begins `text`, as far as its first bytes or the first escape can tell.
    pub(super) fn may_begin(&self, text: &[u8]) -> bool {
        let start = self.bytes.iter().zip(text).take(NEEDLE);
        let may_differ = |byte: u8| matches!(byte, b'\\' | b'%') || self.is_coded && is_line_end(byte);
        start.take_while(|(_, byte)| !may_differ(**byte)).all(|(own, byte)| own == byte)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.bytes.fill(0);
        // Memory that nobody reads again may otherwise not be written.
        std::hint::black_box(&self.bytes);
    }
}

/// Says nothing that is secret.
impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secrets").field("own", &self.own.len()).finish_non_exhaustive()
    }
}

const fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// Whether all of it is hidden but the last four.
fn is_masked(secret: &[u8]) -> bool {
    let hidden = secret.len().saturating_sub(4);
    hidden > 0 && secret.iter().take(hidden).all(|byte| *byte == super::sheet::HIDDEN)
}
