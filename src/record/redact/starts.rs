//! Where in a text a secret may begin, told from three characters at a time.
//!
//! Each secret belongs to one of a few groups, each a bit. A place is worth a closer look if its character and the two
//! after it may be the first, second and third of secrets of the same group. Of an ordinary text hardly a place is, and
//! it takes three lookups to see that.

use crate::gateway::keys;
use std::sync::LazyLock;

/// The group of escapes: what they spell takes a closer look.
const ESCAPES: u8 = 1 << 7;

/// The group of the request's own secrets.
const OWN: u8 = 1 << 6;

/// The vendors' shapes are spread over so many groups.
const SHAPE_GROUPS: usize = 6;

/// The groups that may have a character as the first, second and third of a secret.
#[derive(Debug, Clone)]
pub(super) struct Starts([[u8; 256]; 3]);

/// Those of the table's shapes and of escapes, whatever a request carries.
static OF_THE_TABLE: LazyLock<Starts> = LazyLock::new(|| {
    let mut starts = Starts([[0; 256]; 3]);
    for byte in *b"\\%" {
        starts.add(ESCAPES, &[byte]);
    }
    for (index, shape) in keys::table().shapes_in_text().enumerate() {
        starts.add(1 << (index % SHAPE_GROUPS), shape.prefix.as_bytes());
    }
    starts
});

impl Starts {
    /// Those of the table's shapes and of escapes.
    pub(super) fn of_the_table() -> Self {
        OF_THE_TABLE.clone()
    }

    /// Adds one of the request's own secrets. Each of its characters but the first may be spelled by an escape,
    /// and a line may end between those in Base64.
    pub(super) fn add_own(&mut self, secret: &[u8]) {
        self.add(OWN, secret);
        let [_, second, third] = &mut self.0;
        for byte in *b"\\%\r\n" {
            set(second, byte, OWN);
            set(third, byte, OWN);
        }
        // What follows the escape's own sign.
        for byte in *b"unrtbf\"/0123456789abcdefABCDEF" {
            set(third, byte, OWN);
        }
    }

    /// One of the request's own may begin with this character.
    pub(super) fn is_own(&self, byte: u8) -> bool {
        self.groups(0, byte) & OWN != 0
    }

    /// A key of a known shape may begin with this character.
    pub(super) fn is_shape(&self, byte: u8) -> bool {
        self.groups(0, byte) & !(OWN | ESCAPES) != 0
    }

    /// The next place from `from` on that is worth a closer look.
    pub(super) fn next(&self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let [first, second, third] = &self.0;
        let groups =
            |groups: &[u8; 256], byte: u8| groups.get(usize::from(byte)).copied().unwrap_or_default();
        let whole = rest.windows(3).position(|window| match window {
            [a, b, c] => groups(first, *a) & groups(second, *b) & groups(third, *c) != 0,
            _ => true,
        });
        // At the end, what is still to come may be anything.
        let cut_off = || {
            let last = rest.len().saturating_sub(2);
            let tail = rest.get(last..).unwrap_or_default();
            let begins = |index: &usize| {
                let mut groups = u8::MAX;
                for (place, byte) in tail.iter().skip(*index).enumerate() {
                    groups &= self.groups(place, *byte);
                }
                groups != 0
            };
            (0..tail.len()).find(begins).map(|index| last + index)
        };
        whole.or_else(cut_off).map(|at| from + at)
    }

    fn groups(&self, place: usize, byte: u8) -> u8 {
        self.0.get(place).and_then(|groups| groups.get(usize::from(byte))).copied().unwrap_or_default()
    }

    /// Adds what begins with these characters; what follows a shorter row may be anything.
    fn add(&mut self, group: u8, secret: &[u8]) {
        for (place, groups) in self.0.iter_mut().enumerate() {
            match secret.get(place) {
                Some(byte) => set(groups, *byte, group),
                None => groups.iter_mut().for_each(|groups| *groups |= group),
            }
        }
    }
}

fn set(groups: &mut [u8; 256], byte: u8, group: u8) {
    if let Some(groups) = groups.get_mut(usize::from(byte)) {
        *groups |= group;
    }
}
