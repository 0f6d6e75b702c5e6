//! Masking: hides every secret in heads, targets and texts without changing a single length.
//!
//! A hidden byte becomes `*`; the last four of a secret of twelve or more stay. What surrounds a secret
//! (scheme, white space, quotes, control characters) stays too, so that a badly written key can still be
//! told from a good one. Masking twice is masking once.

use super::credential::{SHOWN_FROM, hides_all, is_blank, is_quote, take_apart};
use super::keys::{self, HeaderKind, percent_escape};

/// In free text, a value shorter than this is taken for a word and not for a secret.
const SECRET_FROM: usize = 8;

/// After an escape of so many characters, or fewer, a word may begin.
const LONGEST_ESCAPE: usize = 3;

/// The value of the header `name` with every secret hidden.
pub fn mask_header(name: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    hide_header(name, &mut value);
    value
}

/// The same request target, URL or path with query, with the user and password and every secret query
/// parameter hidden.
pub fn mask_target(target: &str) -> String {
    let mut bytes = target.as_bytes().to_vec();
    hide_in_target(&mut bytes);
    into_text(bytes)
}

/// The same HTTP/1 head with every secret hidden, byte for byte otherwise: also where lines are folded,
/// end in a bare LF, or are not header lines at all.
pub fn mask_raw_head(head: &[u8]) -> Vec<u8> {
    let mut masked = head.to_vec();
    let mut rest = masked.as_mut_slice();
    let mut seen_start_line = false;
    while !rest.is_empty() {
        let length = if seen_start_line { folded_line(rest) } else { line(rest) };
        let Some((current, after)) = std::mem::take(&mut rest).split_at_mut_checked(length) else {
            break;
        };
        rest = after;
        if seen_start_line {
            hide_in_header_line(current);
        } else if !current.iter().copied().all(is_blank) {
            seen_start_line = true;
            hide_in_start_line(current);
        }
    }
    masked
}

/// One line of a head that [has independent lines](has_independent_lines), but not its first, with every secret
/// hidden.
pub fn mask_header_line(line: &[u8]) -> Vec<u8> {
    let mut masked = line.to_vec();
    hide_in_header_line(&mut masked);
    masked
}

/// Whether each line of an HTTP/1 head may be masked by itself: it begins with its start line, none is folded, and
/// none ends in what may be an escape that the next one completes.
pub fn has_independent_lines(head: &[u8]) -> bool {
    let is_alone = |line: &[u8]| {
        let end = line.iter().rev().take(8);
        !matches!(line.first(), Some(b' ' | b'\t')) && end.copied().all(|byte| !matches!(byte, b'\\' | b'%'))
    };
    let mut lines = head.split(|byte| *byte == b'\n');
    let start = lines.next().unwrap_or_default();
    !start.iter().copied().all(is_blank) && is_alone(start) && lines.all(is_alone)
}

/// The same text with whatever looks like a secret hidden: keys by their shape, values behind secret
/// names, `Bearer` tokens, passwords in URLs. For error texts, argument lists and the like.
pub fn mask_text(text: &[u8]) -> Vec<u8> {
    let mut masked = text.to_vec();
    hide_in_text(&mut masked);
    masked
}

/// The same of a text that is read as one.
pub fn mask_string(text: String) -> String {
    let mut text = text.into_bytes();
    hide_in_text(&mut text);
    into_text(text)
}

/// What was masked as text. Of a character that is hidden in part, no text is left.
pub fn into_text(masked: Vec<u8>) -> String {
    String::from_utf8(masked).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// Hides every key of a known shape in `text`, and nothing else; says how many were not hidden yet.
pub fn mask_keys(text: &mut [u8]) -> usize {
    let mut found = 0;
    let mut at = 0;
    while at < text.len() {
        let key = text.get(at..).filter(|_| begins_word(text, at));
        match key.and_then(|rest| keys::table().key_at_start(rest)) {
            Some(length) => {
                let key = text.get_mut(at..at + length).unwrap_or_default();
                let before = key.to_vec();
                hide(key, true);
                found += usize::from(*key != before);
                at += length.max(1);
            }
            None => at += 1,
        }
    }
    found
}

/// Hides the secret in the value of the header `name`.
fn hide_header(name: &str, value: &mut [u8]) {
    match keys::table().header(name) {
        Some(HeaderKind::Key | HeaderKind::Proxy | HeaderKind::Other) => hide_value(value),
        Some(HeaderKind::Cookies) => value.split_mut(|byte| *byte == b';').for_each(hide_cookie),
        Some(HeaderKind::SetCookie) => {
            if let Some(pair) = value.split_mut(|byte| *byte == b';').next() {
                hide_cookie(pair);
            }
            hide_in_text(value);
        }
        Some(HeaderKind::Websocket) => {
            for range in keys::table().websocket_keys(value) {
                hide(value.get_mut(range).unwrap_or_default(), true);
            }
            hide_in_text(value);
        }
        None if name == ":path" => hide_in_target(value),
        None => hide_in_text(value),
    }
}

/// Hides the bytes of a secret; blanks and quotes inside and around it stay.
fn hide(secret: &mut [u8], show_tail: bool) {
    let hidden = |byte: u8| !is_blank(byte) && !is_quote(byte);
    let count = secret.iter().filter(|byte| hidden(**byte)).count();
    let tail_is_plain = secret.iter().rev().filter(|byte| hidden(**byte)).take(4).all(u8::is_ascii_graphic);
    let keep = if show_tail && count >= SHOWN_FROM && tail_is_plain { 4 } else { 0 };
    secret.iter_mut().rev().filter(|byte| hidden(**byte)).skip(keep).for_each(|byte| *byte = b'*');
}

/// Hides the secret in a header's value, whatever its scheme.
fn hide_value(value: &mut [u8]) {
    let parts = take_apart(value);
    let scheme = parts.scheme.and_then(|(start, end)| value.get(start..end));
    let show_tail = !scheme.is_some_and(|scheme| hides_all(&String::from_utf8_lossy(scheme)));
    hide(value.get_mut(parts.secret.0..parts.secret.1).unwrap_or_default(), show_tail);
}

/// Hides a cookie's value. Where there is no name before it, or nothing after the name, all of it.
fn hide_cookie(pair: &mut [u8]) {
    let value_at = pair.iter().position(|byte| *byte == b'=').map_or(0, |at| at + 1);
    let has_value = |byte: &u8| *byte != b'=' && !is_blank(*byte);
    let start = if pair.iter().skip(value_at).any(has_value) { value_at } else { 0 };
    hide(pair.get_mut(start..).unwrap_or_default(), true);
}

/// Hides a percent-encoded value. Escapes of blanks and quotes stay: they are what is wrong with a key.
fn hide_encoded(value: &mut [u8]) {
    let tail = value.len().saturating_sub(4);
    let show_tail = value.len() >= SHOWN_FROM
        && value.iter().skip(tail.saturating_sub(2)).all(|byte| *byte != b'%' && byte.is_ascii_graphic());
    let end = if show_tail { tail } else { value.len() };
    let mut at = 0;
    while at < end {
        match percent_escape(value.get(at..).unwrap_or_default()) {
            Some((byte, _)) if is_blank(byte) || is_quote(byte) => at += 3,
            _ => {
                if let Some(byte) = value.get_mut(at).filter(|byte| !is_blank(**byte) && !is_quote(**byte)) {
                    *byte = b'*';
                }
                at += 1;
            }
        }
    }
}

/// How long the first line is, with its line feed.
fn line(text: &[u8]) -> usize {
    text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1)
}

/// How long the first line is with the lines that continue it.
fn folded_line(text: &[u8]) -> usize {
    let mut end = line(text);
    while matches!(text.get(end), Some(b' ' | b'\t')) {
        end += line(text.get(end..).unwrap_or_default());
    }
    end
}

fn hide_in_start_line(line: &mut [u8]) {
    let target_at = line.iter().position(|byte| is_blank(*byte)).map_or(line.len(), |at| at + 1);
    hide_in_target(line.get_mut(target_at..).unwrap_or_default());
    hide_in_text(line);
}

fn hide_in_header_line(line: &mut [u8]) {
    let name_end = |stop: fn(u8) -> bool| {
        let blank_before = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(0);
        let from_name = line.iter().skip(blank_before);
        from_name.copied().position(stop).map(|at| blank_before + at)
    };
    // A line without a colon, or with one only in its value, may still have been meant as a header.
    for end in [name_end(|byte| byte == b':'), name_end(is_blank)].into_iter().flatten() {
        let Some((name, value)) = line.split_at_mut_checked(end + 1) else {
            continue;
        };
        let name = String::from_utf8_lossy(name.get(..end).unwrap_or_default());
        if keys::table().header(&name).is_some() {
            hide_header(&name, value);
            return;
        }
    }
    hide_in_text(line);
}

fn hide_in_target(target: &mut [u8]) {
    hide_user_info(target, 0);
    let query = target.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(target.len());
    let query = target.get_mut(query..).unwrap_or_default();
    for pair in query.split_mut(|byte| matches!(byte, b'?' | b'&' | b'#')) {
        if !hide_parameter(pair) {
            for part in pair.split_mut(|byte| *byte == b';') {
                hide_parameter(part);
            }
        }
    }
    hide_in_text(target);
}

/// Hides the value of a query parameter if its name says that it is secret; says whether it does.
fn hide_parameter(pair: &mut [u8]) -> bool {
    let Some(equals) = pair.iter().position(|byte| *byte == b'=') else {
        return false;
    };
    let name = String::from_utf8_lossy(pair.get(..equals).unwrap_or_default());
    let is_secret = keys::table().is_query_credential(&name);
    if is_secret {
        let value = pair.get_mut(equals + 1..).unwrap_or_default();
        // A request line may hold a blank in the value; what follows the last one is the protocol.
        let version = value.iter().rposition(|byte| *byte == b' ').unwrap_or(value.len());
        let is_line = value.get(version..).is_some_and(|tail| tail.starts_with(b" HTTP/"));
        let end = if is_line { version } else { value.len() };
        hide_encoded(value.get_mut(..end).unwrap_or_default());
    }
    is_secret
}

/// Hides user and password of the authority at `start`, or behind the `://` after it.
fn hide_user_info(text: &mut [u8], start: usize) {
    let is_end = |byte: &u8| matches!(byte, b'/' | b'?' | b'#' | b'\\') || is_blank(*byte) || is_quote(*byte);
    let rest = text.get_mut(start..).unwrap_or_default();
    let scheme = match rest.iter().position(is_end) {
        Some(at) if at > 0 && rest.get(at - 1..at + 2) == Some(b"://") => at + 2,
        _ => 0,
    };
    let rest = rest.get_mut(scheme..).unwrap_or_default();
    let end = rest.iter().position(is_end).unwrap_or(rest.len());
    let authority = rest.get_mut(..end).unwrap_or_default();
    if let Some(at) = authority.iter().rposition(|byte| *byte == b'@') {
        let user_info = authority.get_mut(..at).unwrap_or_default();
        user_info.iter_mut().filter(|byte| **byte != b':').for_each(|byte| *byte = b'*');
    }
}

fn hide_in_text(text: &mut [u8]) {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric();
    let mut at = 0;
    // So many letters and digits stand just before.
    let mut run = 0;
    while let Some(byte) = text.get(at).copied() {
        if run >= LONGEST_ESCAPE && is_word(&byte) {
            let rest = text.get(at..).unwrap_or_default();
            at += rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len());
            run = 0;
            continue;
        }
        run = if is_word(&byte) { run + 1 } else { 0 };
        // What announces a secret begins with a letter, a digit, or a hyphen.
        if keys::is_key_byte(byte) {
            if let Some(secret) = secret_at(text, at) {
                let bytes = text.get_mut(secret.start..secret.end).unwrap_or_default();
                if secret.encoded {
                    hide_encoded(bytes);
                } else {
                    hide(bytes, true);
                }
                at = secret.end.max(at + 1);
                run = 0;
                continue;
            }
        } else if byte == b':' && text.get(at..at + 3) == Some(b"://") {
            hide_user_info(text, at + 3);
        }
        at += 1;
    }
}

/// A secret that a text holds.
struct Secret {
    start: usize,
    end: usize,
    encoded: bool,
}

/// The secret that something at `at` announces or is.
fn secret_at(text: &[u8], at: usize) -> Option<Secret> {
    if !begins_word(text, at) {
        return None;
    }
    let rest = text.get(at..)?;
    if let Some(length) = keys::table().key_at_start(rest) {
        return Some(Secret { start: at, end: at + length, encoded: false });
    }
    if let Some(bearer) = rest.get(..6).filter(|word| word.eq_ignore_ascii_case(b"bearer")) {
        return bearer_token(text, at + bearer.len());
    }
    named_value(text, at)
}

/// The token after a `Bearer` that ends at `after`, unless it is only the next word of a sentence.
fn bearer_token(text: &[u8], after: usize) -> Option<Secret> {
    let rest = text.get(after..)?;
    if let Some(length) = keys::table().key_at_start(rest) {
        return Some(Secret { start: after, end: after + length, encoded: false });
    }
    let gap = skip_filling(rest, |byte| matches!(byte, b':' | b'=' | b'+'));
    let token = token_length(rest.get(gap..)?);
    let found = rest.get(gap..gap + token)?;
    let is_token = gap > 0 && token >= SECRET_FROM && (token >= 20 || found.iter().any(u8::is_ascii_digit));
    is_token.then_some(Secret { start: after + gap, end: after + gap + token, encoded: true })
}

/// The value after a name at `at` that announces a secret: `api_key=…`, `"x-api-key": "…"`.
fn named_value(text: &[u8], at: usize) -> Option<Secret> {
    let before = at.checked_sub(1).and_then(|before| text.get(before)).copied();
    let rest = text.get(at..)?;
    let name_length =
        rest.iter().position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))?;
    let after_name = rest.get(name_length..)?;
    let mut gap = skip_filling(after_name, |_| false);
    // Whether anything is named at all is cheaper to tell than whether the name is one of a secret.
    match after_name.get(gap) {
        Some(b':' | b'=') => gap += 1,
        // A flag of a command line: the next word is its value.
        Some(_) if gap > 0 && text.get(..at).is_some_and(|before| before.ends_with(b"--")) => {}
        _ => return None,
    }
    let name = std::str::from_utf8(rest.get(..name_length)?).ok()?;
    let in_query = matches!(before, Some(b'?' | b'&')) && keys::table().is_query_credential(name);
    if name.is_empty() || !(in_query || keys::table().is_secret_name(name)) {
        return None;
    }
    gap += skip_filling(after_name.get(gap..)?, |_| false);
    let value = after_name.get(gap..)?;
    if let Some(scheme) = keys::table().scheme_at_start(value) {
        let after_scheme = value.get(scheme..)?;
        gap += scheme + skip_filling(after_scheme, |byte| byte == b'+');
    }
    let length = token_length(after_name.get(gap..)?);
    let start = at + name_length + gap;
    (length >= SECRET_FROM).then_some(Secret { start, end: start + length, encoded: true })
}

/// How many bytes of blanks, quotes and their escapes stand at the start of `text`.
fn skip_filling(text: &[u8], also: impl Fn(u8) -> bool) -> usize {
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        let escaped = text.get(at..).and_then(percent_escape).map(|(byte, _)| byte);
        if escaped.is_some_and(|byte| is_blank(byte) || is_quote(byte)) {
            at += 3;
        } else if is_blank(byte) || is_quote(byte) || byte == b'\\' || also(byte) {
            at += 1;
        } else {
            break;
        }
    }
    at
}

/// How long the run of bytes is that neither a blank, nor a quote, nor the next parameter ends.
fn token_length(text: &[u8]) -> usize {
    let ends = |byte: &u8| is_blank(*byte) || is_quote(*byte) || matches!(byte, b'&' | b'#' | b'\\');
    text.iter().position(ends).unwrap_or(text.len())
}

/// Whether a word may begin at `at`: after anything but a letter or digit, or after an escape (`%20`,
/// `\n`) that ends in one.
fn begins_word(text: &[u8], at: usize) -> bool {
    let back = |steps: usize| at.checked_sub(steps).and_then(|index| text.get(index)).copied();
    let is_escaped =
        || at.checked_sub(3).and_then(|start| text.get(start..at)).and_then(percent_escape).is_some();
    !back(1).is_some_and(|byte| byte.is_ascii_alphanumeric())
        || back(2) == Some(b'\\')
        || (back(3) == Some(b'%') && is_escaped())
}
