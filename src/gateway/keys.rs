//! What counts as a credential: the one table behind both [`super::credential`] and [`super::mask`].

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use serde::Deserialize;

/// The table; see `keys.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    headers: BTreeMap<String, HeaderKind>,
    names: Names,
    deltas: Deltas,
    placeholders: Placeholders,
    #[serde(rename = "shape")]
    shapes: Vec<Shape>,
    /// By byte: the shapes in a text that begin with it, by their places among all.
    #[serde(skip)]
    beginning: Vec<Vec<usize>>,
    /// By byte: whether the name of a secret may end in it.
    #[serde(skip)]
    ends_name: Vec<bool>,
}

/// What a header with a credential holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderKind {
    /// The gateway's key, with or without a scheme.
    Key,
    /// The credential of a proxy on the way.
    Proxy,
    /// Some other secret.
    Other,
    /// `name=value` pairs whose values are secret.
    Cookies,
    /// One such pair, then attributes that are not secret.
    SetCookie,
    /// Protocol names, one of which may carry a key.
    Websocket,
}

/// One key shape.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Whose keys look so; `None` where several vendors' do.
    pub vendor: Option<String>,
    /// What they begin with.
    pub prefix: String,
    /// What they hold further on.
    pub marker: Option<String>,
    /// The lengths they have in bytes; empty where that is not known.
    #[serde(default)]
    pub lengths: Vec<usize>,
    #[serde(default = "usual_in_text")]
    in_text: usize,
    #[serde(default)]
    piece: usize,
    #[serde(default)]
    dots: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deltas {
    names: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    secret_endings: Vec<String>,
    harmless: Vec<String>,
    query: Vec<String>,
    websocket_markers: Vec<String>,
    schemes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Placeholders {
    whole: Vec<String>,
    part: Vec<String>,
    start: Vec<String>,
}

const fn usual_in_text() -> usize {
    8
}

/// What is so long is no name, whatever it is made of.
const LONGER_THAN_NAMES: usize = 64;

/// A prefix shorter than this is too short to be looked for inside hyphened words.
const TELLING_PREFIX: usize = 5;

/// The table.
pub fn table() -> &'static Table {
    // A test holds that the file is well formed.
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let mut table: Table = toml::from_str(include_str!("keys.toml")).unwrap_or_default();
        let in_text = table.shapes.iter().enumerate().filter(|(_, shape)| shape.marker.is_none());
        let mut beginning = vec![Vec::new(); 256];
        for (at, shape) in in_text {
            if let Some(list) =
                shape.prefix.bytes().next().and_then(|byte| beginning.get_mut(usize::from(byte)))
            {
                list.push(at);
            }
        }
        table.beginning = beginning;
        let names = table.headers.keys().chain(&table.names.secret_endings);
        let lasts: Vec<u8> = names.filter_map(|name| name.bytes().last()).collect();
        table.ends_name = (0..=u8::MAX).map(|byte: u8| lasts.contains(&byte.to_ascii_lowercase())).collect();
        table
    });
    &TABLE
}

impl Table {
    /// What the header `name`, in any spelling, holds; `None` if no credential.
    pub fn header(&self, name: &str) -> Option<HeaderKind> {
        let name = normal(name);
        match self.headers.get(&name) {
            Some(kind) => Some(*kind),
            None => self.ends_like_a_secret(&name).then_some(HeaderKind::Other),
        }
    }

    /// Whether the query parameter `name`, in any spelling and percent-encoding, is a credential.
    pub fn is_query_credential(&self, name: &str) -> bool {
        let name = normal(&String::from_utf8_lossy(&percent_decode(name.as_bytes())));
        self.names.query.contains(&name) || self.ends_like_a_secret(&name)
    }

    /// Whether a variable or field of that name holds a secret.
    pub fn is_secret_name(&self, name: &str) -> bool {
        // Most names end otherwise, and need not be spelled anew to be told apart.
        let last = name.bytes().last().filter(|last| is_key_byte(*last));
        if last.and_then(|last| self.ends_name.get(usize::from(last))) == Some(&false) {
            return false;
        }
        let name = normal(name);
        let masked_whole = |kind: &HeaderKind| !matches!(kind, HeaderKind::Websocket);
        self.headers.get(&name).is_some_and(masked_whole) || self.ends_like_a_secret(&name)
    }

    fn ends_like_a_secret(&self, normal_name: &str) -> bool {
        let ends = |list: &[String]| list.iter().any(|ending| normal_name.ends_with(ending.as_str()));
        ends(&self.names.secret_endings) && !ends(&self.names.harmless)
    }

    /// The shape that `secret` has.
    pub fn shape_of(&self, secret: &[u8]) -> Option<&Shape> {
        self.shapes.iter().find(|shape| shape.fits(secret))
    }

    /// The vendor whose keys look like `secret`. A prefix that several share names nobody.
    pub fn vendor_of(&self, secret: &[u8]) -> Option<&str> {
        self.shape_of(secret)?.vendor.as_deref()
    }

    /// How long the key at the start of `text` is, if there is one.
    pub fn key_at_start(&self, text: &[u8]) -> Option<usize> {
        self.shapes_beginning(*text.first()?).find_map(|shape| {
            let after = text.strip_prefix(shape.prefix.as_bytes())?;
            let run = shape.run(after);
            shape.is_key(run).then_some(shape.prefix.len() + run.len())
        })
    }

    /// The shapes that a key is known by inside a text and that begin with this byte, the more exact before the less
    /// exact.
    pub fn shapes_beginning(&self, first: u8) -> impl Iterator<Item = &Shape> {
        let list = self.beginning.get(usize::from(first)).map_or(&[][..], Vec::as_slice);
        list.iter().filter_map(|at| self.shapes.get(*at))
    }

    /// The shapes that a key is known by inside a text, the more exact before the less exact.
    pub fn shapes_in_text(&self) -> impl Iterator<Item = &Shape> {
        self.shapes.iter().filter(|shape| shape.marker.is_none())
    }

    /// Whether a model writes out the member `name` piece by piece, one piece an event.
    pub fn is_delta(&self, name: &[u8]) -> bool {
        self.deltas.names.iter().any(|known| known.as_bytes() == name)
    }

    /// Whether a placeholder stands where the key belongs.
    pub fn is_placeholder(&self, secret: &str) -> bool {
        let secret = secret.to_lowercase();
        let places = &self.placeholders;
        places.whole.contains(&secret)
            || places.part.iter().any(|part| secret.contains(part.as_str()))
            || places.start.iter().any(|start| secret.starts_with(start.as_str()))
    }

    /// The scheme that `value` begins with, in any case.
    pub fn scheme_at_start(&self, value: &[u8]) -> Option<usize> {
        let word = value
            .iter()
            .position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'-'))
            .unwrap_or(value.len());
        let word = value.get(..word)?;
        let known = |scheme: &String| word.eq_ignore_ascii_case(scheme.as_bytes());
        self.names.schemes.iter().any(known).then_some(word.len())
    }

    /// Where in a `Sec-WebSocket-Protocol` value keys stand.
    pub fn websocket_keys(&self, value: &[u8]) -> Vec<Range<usize>> {
        let lower = value.to_ascii_lowercase();
        let mut found = Vec::new();
        for marker in &self.names.websocket_markers {
            let mut from = 0;
            while let Some(at) = find(lower.get(from..).unwrap_or_default(), marker.as_bytes()) {
                let start = from + at + marker.len();
                let rest = lower.get(start..).unwrap_or_default();
                let end = rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len());
                found.push(start..start + end);
                from = start + end;
            }
        }
        found
    }
}

impl Shape {
    /// What may belong to the key of what follows its prefix.
    pub fn run<'a>(&self, after_prefix: &'a [u8]) -> &'a [u8] {
        let end = after_prefix.iter().position(|byte| !self.holds(*byte)).unwrap_or(after_prefix.len());
        after_prefix.get(..end).unwrap_or_default()
    }

    /// Whether `run`, which follows the prefix, is a key's and not a name's.
    pub fn is_key(&self, run: &[u8]) -> bool {
        if run.len() < self.in_text {
            return false;
        }
        let pieces = || run.split(|byte| !byte.is_ascii_alphanumeric());
        self.piece == 0
            || run.len() >= LONGER_THAN_NAMES
            || (run.iter().any(u8::is_ascii_digit) && pieces().any(|piece| piece.len() >= self.piece))
    }

    /// Whether `run`, with which a text breaks off, may be the first part of a key's.
    pub fn may_be_part_of_key(&self, run: &[u8]) -> bool {
        let has = |kind: fn(&u8) -> bool| run.iter().any(kind);
        let is_mixed = has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
        run.len() >= usual_in_text() && (has(u8::is_ascii_digit) || is_mixed)
    }

    /// Whether such a key may hold this byte.
    pub const fn holds(&self, byte: u8) -> bool {
        is_key_byte(byte) || (self.dots && byte == b'.')
    }

    /// Whether such a key may begin after these two characters; 0 is none. A key begins where a word does.
    pub fn may_follow(&self, [before_last, last]: [u8; 2]) -> bool {
        let joins = self.prefix.len() < TELLING_PREFIX && matches!(last, b'-' | b'_');
        ends_word([before_last, last]) && !joins
    }

    fn fits(&self, secret: &[u8]) -> bool {
        let marked = |marker: &String| find(secret, marker.as_bytes()).is_some();
        secret.starts_with(self.prefix.as_bytes()) && self.marker.as_ref().is_none_or(marked)
    }
}

/// Whether a key of any shape may hold this byte.
pub const fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// Whether a word may begin after these two characters; 0 is none.
pub const fn ends_word([before_last, last]: [u8; 2]) -> bool {
    // The letter of an escape that has been escaped once more belongs to no word.
    !last.is_ascii_alphanumeric()
        || (before_last == b'\\' && matches!(last, b'n' | b'r' | b't' | b'b' | b'f'))
}

/// A name in lower case, hyphens for underscores, without white space or control characters around it.
fn normal(name: &str) -> String {
    name.trim_matches(|c: char| c.is_whitespace() || c.is_control()).to_ascii_lowercase().replace('_', "-")
}

/// Where `needle` first stands in `haystack`.
pub(super) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).position(|window| window == needle)
}

/// `text` with every `%XX` decoded; a `%` that starts no escape stays.
pub fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        if let Some((byte, after)) = percent_escape(rest) {
            decoded.push(byte);
            rest = after;
        } else {
            decoded.push(first);
            rest = tail;
        }
    }
    decoded
}

/// `text` as a value in a query: every byte but letters, digits and `-._~` as `%XX` (RFC 3986 §2.3).
pub fn percent_encode(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// The byte that a `%XX` at the start of `text` stands for, and what follows it.
pub fn percent_escape(text: &[u8]) -> Option<(u8, &[u8])> {
    let (escape, rest) = text.split_at_checked(3)?;
    let [b'%', high, low] = *escape else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(high)? * 16 + digit(low)?;
    Some((u8::try_from(value).ok()?, rest))
}
