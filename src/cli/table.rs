//! Rows in aligned columns that fit a width.

use super::style::{Style, paint};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Blanks between two columns.
const GAP: usize = 2;

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    /// Its title.
    pub(super) title: &'static str,
    /// Where its cells stand, and what goes when they are too long.
    pub(super) fit: Fit,
    /// When it goes if the width is too small: higher goes earlier, 0 never.
    pub(super) dispensable: u8,
}

/// How the cells of a column fit into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// On the left, always whole.
    Left,
    /// On the right, always whole.
    Right,
    /// On the left; down to so many columns, the end is cut off.
    KeepStart(usize),
    /// On the left; down to so many columns, the middle is left out.
    KeepMiddle(usize),
}

/// One cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(super) fn new(style: Style, text: impl Into<String>) -> Self {
        Self { text: text.into(), style }
    }

    /// A dash for what is not known.
    pub(super) fn maybe(text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => Self::new(Style::Plain, text.to_string()),
            None => Self::new(Style::Faint, "-"),
        }
    }
}

impl Fit {
    const fn least(self) -> Option<usize> {
        match self {
            Self::Left | Self::Right => None,
            Self::KeepStart(least) | Self::KeepMiddle(least) => Some(least),
        }
    }
}

/// The table as lines, each ended by a line feed, none wider than `width` if that can be had.
pub(super) fn render(
    columns: &[Column],
    rows: &[Vec<Cell>],
    width: usize,
    with_titles: bool,
    colour: bool,
) -> String {
    let layout = lay_out(columns, rows, width, with_titles);
    let mut text = String::new();
    if with_titles {
        let titles: Vec<Cell> = columns.iter().map(|column| Cell::new(Style::Strong, column.title)).collect();
        push_line(&mut text, columns, &layout, &titles, colour);
    }
    for row in rows {
        push_line(&mut text, columns, &layout, row, colour);
    }
    text
}

/// The width of each column; `None` for one that is left out.
fn lay_out(columns: &[Column], rows: &[Vec<Cell>], width: usize, with_titles: bool) -> Vec<Option<usize>> {
    let mut layout: Vec<Option<usize>> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let title = if with_titles { column.title.width() } else { 0 };
            let cells = rows.iter().filter_map(|row| row.get(index));
            Some(cells.map(|cell| cell.text.width()).fold(title, usize::max))
        })
        .collect();
    loop {
        let excess = total(&layout).saturating_sub(width);
        let room: usize = layout.iter().zip(columns).map(|(natural, column)| spare(*natural, *column)).sum();
        if excess <= room {
            shrink(&mut layout, columns, excess);
            return layout;
        }
        let first_to_go = columns
            .iter()
            .enumerate()
            .filter(|(index, column)| {
                column.dispensable > 0 && layout.get(*index).is_some_and(Option::is_some)
            })
            .max_by_key(|(_, column)| column.dispensable)
            .map(|(index, _)| index);
        let Some(dropped) = first_to_go.and_then(|index| layout.get_mut(index)) else {
            shrink(&mut layout, columns, room);
            return layout;
        };
        *dropped = None;
    }
}

fn total(layout: &[Option<usize>]) -> usize {
    let shown: Vec<usize> = layout.iter().flatten().copied().collect();
    shown.iter().sum::<usize>() + GAP * shown.len().saturating_sub(1)
}

/// How much narrower a column can be.
fn spare(natural: Option<usize>, column: Column) -> usize {
    match (natural, column.fit.least()) {
        (Some(natural), Some(least)) => natural.saturating_sub(least),
        _ => 0,
    }
}

/// Takes `excess` from the columns that can give, always from the one that can give most.
fn shrink(layout: &mut [Option<usize>], columns: &[Column], excess: usize) {
    for _ in 0..excess {
        let widest =
            layout.iter_mut().zip(columns).max_by_key(|(natural, column)| spare(**natural, **column));
        if let Some((Some(natural), _)) = widest {
            *natural = natural.saturating_sub(1);
        }
    }
}

fn push_line(text: &mut String, columns: &[Column], layout: &[Option<usize>], row: &[Cell], colour: bool) {
    let mut line = String::new();
    let mut blanks = 0;
    for ((column, room), cell) in columns.iter().zip(layout).zip(row) {
        let Some(room) = *room else { continue };
        let shown = match column.fit {
            Fit::KeepMiddle(_) => keep_ends(&cell.text, room),
            _ => keep_start(&cell.text, room),
        };
        let padding = room.saturating_sub(shown.width());
        let before = if column.fit == Fit::Right { padding } else { 0 };
        // Blanks wait for the next cell, so that no line ends in them.
        line.push_str(&" ".repeat(blanks + before));
        line.push_str(&paint(colour, cell.style, &shown));
        blanks = GAP + padding - before;
    }
    text.push_str(&line);
    text.push('\n');
}

/// `text` in at most `room` columns; where it is longer, its start and `…`.
pub(super) fn keep_start(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(1);
    let mut kept: String = text.chars().take_while(|c| take(&mut left, *c)).collect();
    kept.push('…');
    kept
}

/// `text` in at most `room` columns; where it is longer, its start, `…`, and a little more of its end.
fn keep_ends(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut left = room.saturating_sub(1) * 3 / 5;
    let tail: Vec<char> = text.chars().rev().take_while(|c| take(&mut left, *c)).collect();
    let tail: String = tail.into_iter().rev().collect();
    keep_start(text, room.saturating_sub(tail.width())) + &tail
}

/// Whether `c` fits into what is left, which it then takes.
fn take(left: &mut usize, c: char) -> bool {
    match left.checked_sub(c.width().unwrap_or(0)) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}
