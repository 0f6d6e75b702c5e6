//! Card numbers in prompts.

use super::new_texts;
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// The number of a payment card in what the last turn brings: 15 or 16 digits, in groups or not, of a
    /// card network's range, and with a right check digit. The networks' public test numbers are left alone.
    /// At most 256 KB of text are looked through.
    ///
    /// ## Why it matters
    ///
    /// A card number in a prompt is stored by the gateway and the provider; their own documentation asks
    /// never to send one. Source: <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"role":"user","content":"charge 4539 …"}
    /// ```
    ///
    /// ## What to do
    ///
    /// Replace such numbers before the call: `[card]` is enough for a model.
    pub static CHECK = {
        id: "leak-card-or-pii",
        severity: Warning,
        summary: "card numbers in prompts",
        run: Request(run),
    }
}

/// So many bytes of text are looked through.
const MOST: usize = 256 * 1024;

/// Numbers that the networks and payment services publish for tests.
const TESTS: [&[u8]; 8] = [
    b"4242424242424242",
    b"4111111111111111",
    b"4000056655665556",
    b"5555555555554444",
    b"5105105105105100",
    b"378282246310005",
    b"371449635398431",
    b"6011111111111117",
];

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(json) = subject.json.filter(|_| subject.dialect().generates()) else { return };
    let mut left = MOST;
    for (pointer, text) in new_texts(json) {
        let looked_at = text.as_bytes().get(..left.min(text.len())).unwrap_or_default();
        left -= looked_at.len();
        if let Some(digits) = card_in(looked_at) {
            let tail: String = digits.iter().rev().take(4).rev().map(|byte| char::from(*byte)).collect();
            found.push(
                Says {
                    message: "the prompt holds the number of a payment card".to_owned(),
                    evidence: format!(
                        "`{pointer}`: {} digits that end in {tail}, with a right check digit",
                        digits.len()
                    ),
                    fix: "replace card numbers before the call".to_owned(),
                },
                [Place::Json(Side::Request, pointer)],
            );
            return;
        }
    }
}

/// The digits of the first card's number.
fn card_in(text: &[u8]) -> Option<Vec<u8>> {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let begins_word =
            at.checked_sub(1).and_then(|before| text.get(before)).is_none_or(|byte| !is_of_word(*byte));
        if !byte.is_ascii_digit() || !begins_word {
            at += 1;
            continue;
        }
        let (digits, end) = number_at(text, at);
        let ends_word = text.get(end).is_none_or(|byte| !is_of_word(*byte));
        if ends_word && is_card(&digits) {
            return Some(digits);
        }
        at = end;
    }
    None
}

/// The digits from `at` on, with single blanks or hyphens between groups of four or more, and where they end.
fn number_at(text: &[u8], at: usize) -> (Vec<u8>, usize) {
    let mut digits = Vec::new();
    let (mut end, mut group) = (at, 0);
    while let Some(byte) = text.get(end) {
        let goes_on = text.get(end + 1).is_some_and(u8::is_ascii_digit);
        if byte.is_ascii_digit() {
            digits.push(*byte);
            group += 1;
        } else if matches!(byte, b' ' | b'-') && group >= 4 && goes_on && digits.len() < 16 {
            group = 0;
        } else {
            break;
        }
        end += 1;
    }
    (digits, end)
}

const fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-' | b'=')
}

fn is_card(digits: &[u8]) -> bool {
    let starts = |length: usize| {
        let start = digits.get(..length).unwrap_or_default();
        start.iter().fold(0_u32, |number, byte| number * 10 + u32::from(byte - b'0'))
    };
    let is_in_range = match digits.len() {
        15 => matches!(starts(2), 34 | 37),
        16 => {
            matches!(starts(1), 4)
                || matches!(starts(2), 51..=55 | 65)
                || matches!(starts(4), 2221..=2720 | 6011)
        }
        _ => false,
    };
    is_in_range && has_right_check_digit(digits) && !TESTS.contains(&digits)
}

/// Luhn's sum.
fn has_right_check_digit(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, byte)| match (index % 2, u32::from(byte - b'0')) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}
