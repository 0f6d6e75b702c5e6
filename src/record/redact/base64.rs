//! Secrets in Base64.
//!
//! In heads, which are short and come once, whatever may be Base64 is decoded and looked at, as in `user:key`
//! pairs. In bodies, where most of it is images, the request's own secrets are looked for as they are spelled.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::Range;

/// What is shorter holds no key.
const SHORTEST: usize = 12;

/// Fewer digits than this may stand in any Base64.
const SHORTEST_SPELLING: usize = 8;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);

const ENGINE: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);

/// How `secret` is spelled in the midst of a longer text in Base64, by how many bytes stand before it in its group of
/// three, in both alphabets. The digits at both ends that hold bits of other bytes, too, are left out.
pub(super) fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for before in 0..3 {
        let mut text = [[0; 2].get(..before).unwrap_or_default(), secret].concat();
        let first = (before * 8).div_ceil(6);
        let end = text.len() * 8 / 6;
        let mut digits = STANDARD_NO_PAD.encode(&text).into_bytes();
        let whole = digits.get(first..end).filter(|whole| whole.len() >= SHORTEST_SPELLING);
        if let Some(whole) = whole {
            if whole.iter().any(|digit| matches!(digit, b'+' | b'/')) {
                found.push(whole.iter().map(|digit| in_urls(*digit)).collect());
            }
            found.push(whole.to_vec());
        }
        digits.fill(0);
        text.fill(0);
    }
    found
}

/// The digit as it is in URLs.
const fn in_urls(digit: u8) -> u8 {
    match digit {
        b'+' => b'-',
        b'/' => b'_',
        digit => digit,
    }
}

/// The stretches of `text` that may be Base64 and, decoded, are a secret to `is_secret`.
pub(super) fn secret_runs(text: &[u8], mut is_secret: impl FnMut(Vec<u8>) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    for run in text.split(|byte| !is_digit(*byte)) {
        let range = at..at + run.len();
        at = range.end + 1;
        if run.len() >= SHORTEST && readings(run).any(&mut is_secret) {
            found.push(range);
        }
    }
    found
}

/// What `run` says, from wherever in its first four digits the Base64 begins: a path may stand before it.
fn readings(run: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    // Both alphabets are read: a path in front of one has digits of the other.
    let digits: Vec<u8> = run
        .iter()
        .map(|digit| match digit {
            b'-' => b'+',
            b'_' => b'/',
            digit => *digit,
        })
        .collect();
    (0..4).filter_map(move |skipped| {
        let digits = digits.get(skipped..)?;
        // One digit alone is less than a byte.
        let whole = digits.len() - usize::from(digits.len() % 4 == 1);
        ENGINE.decode(digits.get(..whole)?).ok()
    })
}

const fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}
