//! Credential facts: what may be kept of a key, and what is wrong with its form.

use base64::Engine as _;
use ring::hmac;

use super::keys::{self, HeaderKind};
use crate::exchange::credential::{CredentialFacts, Defect};
use crate::exchange::head::Headers;

/// From this length on, the last four characters of a secret may be shown.
pub(super) const SHOWN_FROM: usize = 12;

/// A value taken apart: where the scheme and the secret stand in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    /// The scheme's bytes: `start..end`.
    pub(super) scheme: Option<(usize, usize)>,
    /// The secret's bytes: `start..end`, without what surrounds it.
    pub(super) secret: (usize, usize),
    pub(super) glued: bool,
    pub(super) quoted: bool,
}

/// The facts of every credential that a request carries, headers first, in order of appearance.
///
/// `query` is the request target's query without its `?`. `salt` is the recording's own: under one salt
/// the same key has the same fingerprint. Values may hold the white space that stood around them.
pub fn credential_facts(headers: &Headers, query: Option<&str>, salt: &[u8]) -> Vec<CredentialFacts> {
    let mut found: Vec<Found> = Vec::new();
    for (name, value) in headers {
        let place = name.trim().to_ascii_lowercase();
        match keys::table().header(name) {
            Some(kind @ (HeaderKind::Key | HeaderKind::Proxy)) => {
                found.push(Found::read(place, value, kind, salt));
            }
            Some(HeaderKind::Websocket) => {
                for range in keys::table().websocket_keys(value) {
                    let key = value.get(range).unwrap_or_default();
                    found.push(Found::read(place.clone(), key, HeaderKind::Websocket, salt));
                }
            }
            Some(HeaderKind::Other | HeaderKind::Cookies | HeaderKind::SetCookie) | None => {}
        }
    }
    for pair in query.unwrap_or_default().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if keys::table().is_query_credential(name) {
            let value = keys::percent_decode(value.as_bytes());
            found.push(Found::read(format!("?{name}"), &value, HeaderKind::Other, salt));
        }
    }
    mark_differing(&mut found);
    found.into_iter().map(|found| found.facts).collect()
}

/// A credential shorter than this is a word that a text may hold by chance.
const SOUGHT_FROM: usize = 8;

/// The same for cookies and for parts of a credential: they hold more than secrets.
const PART_SOUGHT_FROM: usize = 16;

/// The secrets that a request carries, as they would stand in a text: what must not be found in anything
/// that is kept of its exchange. In any order, also twice.
///
/// Placeholders are none, and neither is what is too short to be told from a word.
pub fn carried_secrets(headers: &Headers, target: &str) -> Vec<Vec<u8>> {
    let table = keys::table();
    let mut found = Vec::new();
    for (name, value) in headers {
        match table.header(name) {
            Some(HeaderKind::Key | HeaderKind::Proxy | HeaderKind::Other) => carry(value, &mut found),
            Some(HeaderKind::Websocket) => {
                for range in table.websocket_keys(value) {
                    carry(value.get(range).unwrap_or_default(), &mut found);
                }
            }
            Some(HeaderKind::Cookies | HeaderKind::SetCookie) => {
                let pairs = value.split(|byte| *byte == b';');
                found.extend(pairs.filter_map(|pair| {
                    let equals = pair.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1);
                    let parts = take_apart(pair.get(equals..)?);
                    let secret = pair.get(equals..)?.get(parts.secret.0..parts.secret.1)?;
                    (secret.len() >= PART_SOUGHT_FROM).then(|| secret.to_vec())
                }));
            }
            None => {}
        }
    }
    let query = target.split_once(['?', '#']).map_or("", |(_, query)| query);
    for pair in query.split(['&', ';', '#']) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if table.is_query_credential(name) {
            carry(value.as_bytes(), &mut found);
        }
    }
    if let Some((_, rest)) = target.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if let Some((user_info, _)) = authority.rsplit_once('@') {
            user_info.split(':').for_each(|part| carry(part.as_bytes(), &mut found));
        }
    }
    found
}

/// Adds the secret of a credential's value, and what it is made of.
fn carry(value: &[u8], found: &mut Vec<Vec<u8>>) {
    let parts = take_apart(value);
    let secret = value.get(parts.secret.0..parts.secret.1).unwrap_or_default();
    let is_sought = |secret: &[u8], from: usize| {
        let has_digit = secret.iter().any(u8::is_ascii_digit);
        secret.len() >= from && (has_digit || !keys::table().is_placeholder(&String::from_utf8_lossy(secret)))
    };
    if is_sought(secret, SOUGHT_FROM) {
        found.push(secret.to_vec());
    }
    let decoded = keys::percent_decode(secret);
    if decoded != secret && is_sought(&decoded, SOUGHT_FROM) {
        found.push(decoded);
    }
    // Without the padding of base64, which is written or not.
    let bare = secret.iter().rposition(|byte| *byte != b'=').map_or(0, |at| at + 1);
    if bare < secret.len() && is_sought(secret.get(..bare).unwrap_or_default(), SOUGHT_FROM) {
        found.extend(secret.get(..bare).map(<[u8]>::to_vec));
    }
    let scheme = parts.scheme.and_then(|(start, end)| value.get(start..end));
    if scheme.is_some_and(|scheme| hides_all(&String::from_utf8_lossy(scheme)))
        && let Ok(pair) = base64::engine::general_purpose::STANDARD.decode(secret)
        && let Some(colon) = pair.iter().position(|byte| *byte == b':')
    {
        let password = pair.get(colon + 1..).unwrap_or_default();
        if is_sought(password, SOUGHT_FROM) {
            found.push(password.to_vec());
        }
    }
    // The parts of a signature.
    if secret.iter().any(|byte| is_blank(*byte) || *byte == b',') {
        let ends = |byte: &u8| is_blank(*byte) || is_quote(*byte) || matches!(byte, b',' | b'=');
        let pieces = secret.split(ends).filter(|piece| is_sought(piece, PART_SOUGHT_FROM));
        found.extend(pieces.map(<[u8]>::to_vec));
    }
}

struct Found {
    facts: CredentialFacts,
    secret: Vec<u8>,
    kind: HeaderKind,
}

impl Found {
    fn read(place: String, value: &[u8], kind: HeaderKind, salt: &[u8]) -> Self {
        let parts = take_apart(value);
        let secret = value.get(parts.secret.0..parts.secret.1).unwrap_or_default();
        let scheme = parts
            .scheme
            .and_then(|(start, end)| value.get(start..end))
            .map(|scheme| String::from_utf8_lossy(scheme).into_owned());
        let hides_all = scheme.as_deref().is_some_and(hides_all);
        let facts = CredentialFacts {
            vendor: keys::table().vendor_of(secret).map(str::to_owned),
            length: secret.len() as u64,
            last4: if hides_all { None } else { last_four(secret) },
            fingerprint: fingerprint(secret, salt),
            defects: defects(&place, value, &parts),
            place,
            scheme,
        };
        Self { facts, secret: secret.to_vec(), kind }
    }
}

/// Whether not even the last four characters of this scheme's secret may be shown: the end of a `Basic`
/// value is the end of a password.
pub(super) fn hides_all(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("basic")
}

/// The first eight bytes of an HMAC-SHA-256 of the secret under the salt, in hexadecimal.
pub fn fingerprint(secret: &[u8], salt: &[u8]) -> String {
    use std::fmt::Write as _;

    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), secret);
    tag.as_ref().iter().take(8).fold(String::new(), |mut text, byte| {
        // Writing into a String does not fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

/// The last four characters, if the secret is long enough to show them.
fn last_four(secret: &[u8]) -> Option<String> {
    let tail = secret.get(secret.len().checked_sub(4)?..)?;
    let shown = secret.len() >= SHOWN_FROM && tail.iter().all(u8::is_ascii_graphic);
    shown.then(|| String::from_utf8_lossy(tail).into_owned())
}

/// Finds scheme and secret in a credential's value, however badly it is written.
pub(super) fn take_apart(value: &[u8]) -> Parts {
    let table = keys::table();
    let mut parts = Parts::default();
    let mut start = skip(value, 0, is_blank);
    let before_quotes = start;
    start = skip(value, start, is_quote);
    parts.quoted = start > before_quotes;
    start = skip(value, start, is_blank);
    if let Some(length) = table.scheme_at_start(value.get(start..).unwrap_or_default()) {
        let after = start + length;
        match value.get(after) {
            None => {
                parts.scheme = Some((start, after));
                start = after;
            }
            Some(byte) if is_blank(*byte) || is_quote(*byte) => {
                parts.scheme = Some((start, after));
                start = skip(value, after, is_blank);
            }
            // `Bearer:KEY` and `Bearer=KEY`. Other words are left alone: `Key` may begin a key.
            Some(b':' | b'=') if is_bearer(value, start) => {
                parts.scheme = Some((start, after));
                parts.glued = true;
                start = skip(value, after, |byte| matches!(byte, b':' | b'=') || is_blank(byte));
            }
            Some(_) => {}
        }
    }
    if parts.scheme.is_none() && is_bearer(value, start) {
        parts.scheme = Some((start, start + BEARER.len()));
        parts.glued = true;
        start += BEARER.len();
    }
    let before_quotes = start;
    start = skip(value, start, is_quote);
    parts.quoted |= start > before_quotes;
    start = skip(value, start, is_blank);
    let mut end = value.len();
    while let Some(last) = end.checked_sub(1).filter(|last| *last >= start) {
        match value.get(last) {
            Some(byte) if is_blank(*byte) => {}
            Some(byte) if is_quote(*byte) => parts.quoted = true,
            _ => break,
        }
        end = last;
    }
    parts.secret = (start.min(end), end);
    parts
}

const BEARER: &[u8] = b"bearer";

fn is_bearer(value: &[u8], start: usize) -> bool {
    value.get(start..start + BEARER.len()).is_some_and(|word| word.eq_ignore_ascii_case(BEARER))
}

fn skip(value: &[u8], start: usize, skipped: impl Fn(u8) -> bool) -> usize {
    let rest = value.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| !skipped(*byte)).unwrap_or(rest.len())
}

/// White space or a control character.
pub(super) const fn is_blank(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7F
}

/// A quote of any kind that people paste.
pub(super) const fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

fn defects(place: &str, value: &[u8], parts: &Parts) -> Vec<Defect> {
    let secret = value.get(parts.secret.0..parts.secret.1).unwrap_or_default();
    let gap = parts
        .scheme
        .filter(|_| !parts.glued)
        .and_then(|(_, end)| {
            let gap = skip(value, end, is_blank);
            value.get(end..gap)
        })
        .unwrap_or_default();
    let needs_scheme = matches!(place, "authorization" | "proxy-authorization");
    let lossy = String::from_utf8_lossy(secret);
    let shape = keys::table().shape_of(secret);
    // One space after the colon is how a header is written; a parser may have left it.
    let leading = value.get(..skip(value, 0, is_blank)).unwrap_or_default();
    let trailing = value.last().copied().is_some_and(is_blank) && !secret.is_empty();
    let is_empty = secret.is_empty();

    [
        (Defect::NoScheme, needs_scheme && parts.scheme.is_none() && !is_empty),
        (Defect::GluedScheme, parts.glued),
        (Defect::TwoSpaces, gap.iter().filter(|byte| **byte == b' ').nth(1).is_some()),
        (Defect::Tab, gap.contains(&b'\t')),
        (Defect::Quoted, parts.quoted),
        (Defect::Placeholder, keys::table().is_placeholder(&lossy)),
        (
            Defect::Whitespace,
            trailing
                || secret.iter().copied().any(is_blank)
                || gap.iter().any(|byte| !matches!(byte, b' ' | b'\t'))
                || (leading != b" " && !leading.is_empty() && !is_empty),
        ),
        (Defect::NonAscii, !value.is_ascii()),
        (
            Defect::WrongLength,
            shape.is_some_and(|shape| !shape.lengths.is_empty() && !shape.lengths.contains(&secret.len())),
        ),
        (Defect::Empty, is_empty),
    ]
    .into_iter()
    .filter_map(|(defect, there)| there.then_some(defect))
    .collect()
}

/// Marks the gateway's credentials where two of them differ. An empty one differs from none: some
/// clients have to be given an empty key so that they take the other.
fn mark_differing(found: &mut [Found]) {
    let counts = |found: &Found| found.kind != HeaderKind::Proxy && !found.secret.is_empty();
    let Some(first) = found.iter().find(|one| counts(one)).map(|one| one.secret.clone()) else {
        return;
    };
    if found.iter().filter(|one| counts(one)).all(|one| one.secret == first) {
        return;
    }
    for one in found.iter_mut().filter(|one| counts(one)) {
        one.facts.defects.push(Defect::Differs);
    }
}
