//! Text and the cells it takes. Everything recorded goes through here.

use crate::exchange::text::printable;
use crate::exchange::time::{Micros, WallTime};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use ratatui::Frame;
use ratatui::buffer::CellWidth;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use std::borrow::Cow;

/// Stands for what there was no room for.
const ELLIPSIS: char = '…';

/// How many cells `text` takes, by the measure that it is drawn with.
pub(super) fn width_of(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    sizes(text).into_iter().map(|(_, cells)| cells).sum()
}

/// The bytes and the cells of each thing that is drawn as one.
fn sizes(text: &str) -> Vec<(usize, usize)> {
    Span::raw(text)
        .styled_graphemes(Style::new())
        .map(|grapheme| (grapheme.symbol.len(), grapheme.symbol.cell_width().into()))
        .collect()
}

/// `text` as one harmless line, in letters that terminals agree on the width of. Many draw a sequence of
/// emoji as one and many as several: of such a sequence the first stands, of a flag its two letters.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    let text = printable(text);
    if !text.chars().any(|c| is_modifier(c) || letter_of_flag(c).is_some()) {
        return text;
    }
    let graphemes = Span::raw(&*text);
    let graphemes = graphemes.styled_graphemes(Style::new()).map(|grapheme| grapheme.symbol);
    Cow::Owned(graphemes.fold(String::with_capacity(text.len()), |mut line, symbol| {
        let mut chars = symbol.chars();
        let first = chars.next();
        // Scripts join letters by the same sign as emoji.
        if first.is_some_and(|c| !c.is_alphabetic()) && chars.any(is_modifier) {
            line.extend(first);
        } else {
            line.extend(symbol.chars().map(|c| letter_of_flag(c).unwrap_or(c)));
        }
        line
    }))
}

/// Whether `c` makes another emoji of those beside it: a joiner, the emoji presentation, a tone of skin.
const fn is_modifier(c: char) -> bool {
    matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}')
}

/// The letter that a regional indicator stands for: two of them are a flag.
fn letter_of_flag(c: char) -> Option<char> {
    let nth = u8::try_from(u32::from(c).checked_sub(0x1f1e6)?).ok().filter(|nth| *nth < 26)?;
    Some(char::from(b'A' + nth))
}

/// Draws `line` in the first row of `place`. Pieces stand where the one before ends as it is drawn; the
/// line's own measure may think otherwise of half-width letters with sound marks.
pub(super) fn draw_line(frame: &mut Frame<'_>, place: Rect, line: &Line<'_>) {
    let place = place.intersection(frame.area());
    if !place.is_empty() {
        frame.buffer_mut().set_line(place.x, place.y, line, place.width);
    }
}

/// As much of `text` as fits into `width` cells; what is left out at the end is marked.
pub(super) fn fit(text: &str, width: usize) -> Cow<'_, str> {
    if width_of(text) <= width {
        return Cow::Borrowed(text);
    }
    let Some(room) = width.checked_sub(1) else {
        return Cow::Borrowed("");
    };
    let mut shown = start_of(text, room).to_owned();
    shown.push(ELLIPSIS);
    Cow::Owned(shown)
}

/// As [`fit`], but what is left out is in the middle: the ends of paths and models tell them apart.
pub(super) fn fit_middle(text: &str, width: usize) -> Cow<'_, str> {
    if width_of(text) <= width || width < 5 {
        return fit(text, width);
    }
    let mut tail_room = (width - 1) * 3 / 5;
    let mut tail_start = text.len();
    for (bytes, cells) in sizes(text).into_iter().rev() {
        let Some(rest) = tail_room.checked_sub(cells) else {
            break;
        };
        tail_room = rest;
        tail_start -= bytes;
    }
    let tail = text.get(tail_start..).unwrap_or_default();
    let head = start_of(text, width - 1 - width_of(tail));
    Cow::Owned(format!("{head}{ELLIPSIS}{tail}"))
}

/// Adds `text` to a line in exactly `width` cells: cut or filled up.
pub(super) fn push_fit(line: &mut Line<'_>, style: Style, text: &str, width: usize) {
    let text = one_line(text);
    let fitted = fit(&text, width);
    let rest = width.saturating_sub(width_of(&fitted));
    line.push_span(Span::styled(format!("{fitted}{}", " ".repeat(rest)), style));
}

/// `text` in two: what fits into `width` cells, but at least one letter, and the rest.
pub(super) fn split(text: &str, width: usize) -> (&str, &str) {
    // A letter that is wider than the line still has to go somewhere.
    let first = text.chars().next().map_or(0, char::len_utf8);
    let length = start_of(text, width).len().max(first);
    text.split_at_checked(length).unwrap_or((text, ""))
}

/// `text` in pieces of at most `width` cells; at least one piece.
pub(super) fn wrap(text: &str, width: usize) -> Vec<&str> {
    let (first, mut rest) = split(text, width);
    let mut pieces = vec![first];
    while !rest.is_empty() {
        let (piece, after) = split(rest, width);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// As [`wrap`], between words where there are any.
pub(super) fn wrap_words(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        for (nth, piece) in wrap(word, width).into_iter().enumerate() {
            let Some(line) = lines.last_mut() else { continue };
            if line.is_empty() && nth == 0 {
                line.push_str(piece);
            } else if nth == 0 && width_of(line) + 1 + width_of(piece) <= width {
                line.push(' ');
                line.push_str(piece);
            } else {
                lines.push(piece.to_owned());
            }
        }
    }
    lines
}

/// The start of `text` that fits into `width` cells.
fn start_of(text: &str, width: usize) -> &str {
    let mut room = width;
    let mut length = 0;
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        let Some(rest) = room.checked_sub(grapheme.symbol.cell_width().into()) else {
            break;
        };
        room = rest;
        length += grapheme.symbol.len();
    }
    text.get(..length).unwrap_or(text)
}

/// A time of day: `14:03:59`.
pub(super) fn time_of_day(at: WallTime, zone: &TimeZone) -> String {
    strftime(at, zone, "%H:%M:%S")
}

/// A time of day, or of another day than `now` with that day: `02-28 14:03`.
pub(super) fn time_near(at: WallTime, now: WallTime, zone: &TimeZone) -> String {
    let [day, today] = [at, now].map(|time| strftime(time, zone, "%F"));
    if day == today { time_of_day(at, zone) } else { strftime(at, zone, "%m-%d %H:%M") }
}

/// A time with its date, its milliseconds and its zone.
pub(super) fn date_and_time(at: WallTime, zone: &TimeZone) -> String {
    strftime(at, zone, "%Y-%m-%d %H:%M:%S%.3f %:z")
}

fn strftime(at: WallTime, zone: &TimeZone, format: &str) -> String {
    Timestamp::from_microsecond(at.0).map_or_else(
        |_| "–".to_owned(),
        |timestamp| timestamp.to_zoned(zone.clone()).strftime(format).to_string(),
    )
}

/// A length of time, or a dash.
pub(super) fn micros(time: Option<Micros>) -> String {
    time.map_or_else(|| "–".to_owned(), |time| time.to_string())
}

/// A number in at most five cells: `812`, `12.3k`, `4.0M`.
pub(super) fn short_number(number: u64) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{:.1}k", (number / 100) as f64 / 10.0),
        _ => format!("{:.1}M", (number / 100_000) as f64 / 10.0),
    }
}

/// A number of bytes: `812 B`, `12.3 kB`, `4.0 MB`.
pub(super) fn bytes(number: u64) -> String {
    match number {
        0..1000 => format!("{number} B"),
        1000..1_000_000 => format!("{:.1} kB", (number / 100) as f64 / 10.0),
        _ => format!("{:.1} MB", (number / 100_000) as f64 / 10.0),
    }
}
