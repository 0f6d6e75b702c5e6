//! The columns of the list: what each shows, how wide it is, and which give way first.

use super::Ui;
use super::cells::{micros, short_number, time_of_day};
use crate::digest::summary::Summary;
use crate::exchange::end::Verdict;
use crate::tui::state::App;
use crate::tui::theme::{self, Role};

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) title: &'static str,
    /// Cells it needs at least.
    least: u16,
    /// Cells it should have before a luxury is shown.
    good: u16,
    /// Cells it takes at most; `least` where it does not stretch.
    most: u16,
    /// The lower, the longer it stays.
    rank: u8,
    pub(super) align: Align,
    pub(super) cell: fn(&App, &Ui, &Summary) -> Cell,
}

/// What stands in a column.
#[derive(Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) role: Role,
}

/// Where text stands in a column, and where it gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// At the left; cut at the end.
    Left,
    /// At the left; cut in the middle.
    Ends,
    /// At the right.
    Right,
}

/// From this rank on a column is shown only where all others have room.
const LUXURY: u8 = 6;

/// How many rows above and below the first in sight have a say in the widths.
const NEAR: usize = 100;

/// Every column, from left to right. The last verdict words have 14 letters.
const COLUMNS: [Column; 10] = [
    column("time", [8, 8, 8], 4, Align::Left, time),
    column("method", [6, 6, 6], 6, Align::Left, method),
    column("path", [12, 20, 60], 0, Align::Ends, path),
    column("model", [12, 16, 28], 3, Align::Ends, model),
    column("code", [4, 4, 4], 1, Align::Right, status),
    column("verdict", [16, 16, 16], 0, Align::Left, verdict),
    column("ttft", [8, 8, 8], 5, Align::Right, first_token),
    column("took", [8, 8, 8], 2, Align::Right, duration),
    column("tokens", [11, 11, 11], 7, Align::Right, tokens),
    column("note", [12, 20, 40], 8, Align::Left, note),
];

const fn column(
    title: &'static str,
    [least, good, most]: [u16; 3],
    rank: u8,
    align: Align,
    cell: fn(&App, &Ui, &Summary) -> Cell,
) -> Column {
    Column { title, least, good, most, rank, align, cell }
}

/// The columns that fit into `width` cells, each with its own width; one cell stands between two.
///
/// What is left over goes to the columns that stretch, in the order of their rank, no further than the
/// rows around those in sight have use for: so that the columns mostly stand still while one scrolls.
pub(super) fn fitting(app: &App, ui: &Ui, width: u16) -> Vec<(Column, u16)> {
    let mut shown = COLUMNS.to_vec();
    let needed = |shown: &[Column]| shown.iter().map(|column| column.least + 1).sum::<u16>();
    let wanted = |shown: &[Column]| shown.iter().map(|column| column.good + 1).sum::<u16>();
    while let Some((worst, rank)) =
        shown.iter().map(|column| column.rank).enumerate().max_by_key(|(_, rank)| *rank)
    {
        let is_crowded = needed(&shown) > width + 1 || (rank >= LUXURY && wanted(&shown) > width + 1);
        if !is_crowded || shown.len() == 1 {
            break;
        }
        shown.remove(worst);
    }
    let mut spare = (width + 1).saturating_sub(needed(&shown));
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|&index| shown.get(index).map(|column| column.rank));
    let mut widths: Vec<(Column, u16)> = shown.into_iter().map(|column| (column, column.least)).collect();
    for index in order {
        if let Some((column, width)) = widths.get_mut(index).filter(|(column, _)| column.most > column.least)
        {
            let more = column.useful(app, ui).saturating_sub(*width).min(spare);
            *width += more;
            spare -= more;
        }
    }
    widths
}

impl Column {
    /// The widest that a row near those in sight makes of this column. Counts letters: wide ones may have
    /// to give way.
    fn useful(&self, app: &App, ui: &Ui) -> u16 {
        let top = app.list.top(ui.measures.list_rows);
        let near = app.list.rows().iter().skip(top.saturating_sub(NEAR)).take(2 * NEAR);
        let widest = near.map(|row| (self.cell)(app, ui, row).text.chars().count()).max();
        u16::try_from(widest.unwrap_or_default()).unwrap_or(u16::MAX).min(self.most)
    }
}

fn cell(role: Role, text: impl Into<String>) -> Cell {
    Cell { text: text.into(), role }
}

fn time(_: &App, ui: &Ui, row: &Summary) -> Cell {
    cell(Role::Quiet, time_of_day(row.started_at, &ui.zone))
}

fn method(_: &App, _: &Ui, row: &Summary) -> Cell {
    cell(Role::Plain, &*row.method)
}

fn path(_: &App, _: &Ui, row: &Summary) -> Cell {
    cell(Role::Plain, &*row.path)
}

fn model(_: &App, _: &Ui, row: &Summary) -> Cell {
    let model = row.digest.model.as_ref().or(row.digest.model_answered.as_ref());
    model.map_or_else(|| cell(Role::Quiet, "–"), |model| cell(Role::Plain, &**model))
}

fn status(_: &App, _: &Ui, row: &Summary) -> Cell {
    match row.status {
        None => cell(Role::Quiet, "–"),
        Some(status @ 0..400) => cell(Role::Plain, status.to_string()),
        Some(status) => cell(Role::Bad, status.to_string()),
    }
}

fn verdict(_: &App, _: &Ui, row: &Summary) -> Cell {
    let (glyph, role) = theme::verdict(row.verdict);
    cell(role, format!("{glyph} {}", row.verdict))
}

fn first_token(_: &App, _: &Ui, row: &Summary) -> Cell {
    cell(Role::Plain, micros(row.digest.first_token))
}

fn duration(app: &App, _: &Ui, row: &Summary) -> Cell {
    let role = if row.verdict == Verdict::Open { Role::Live } else { Role::Plain };
    cell(role, micros(app.duration(row)))
}

/// Tokens in and out; of a stream that goes on, its events up to now.
fn tokens(_: &App, _: &Ui, row: &Summary) -> Cell {
    let usage = &row.digest.usage;
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), short_number);
    if usage.input.is_some() || usage.output.is_some() {
        cell(Role::Plain, format!("{}/{}", number(usage.input), number(usage.output)))
    } else if row.verdict == Verdict::Open && row.digest.events > 0 {
        cell(Role::Live, format!("{} ev", short_number(row.digest.events)))
    } else {
        cell(Role::Quiet, "–")
    }
}

/// What else is worth a word.
fn note(_: &App, _: &Ui, row: &Summary) -> Cell {
    let mut notes = Vec::new();
    if let Some(fault) = &row.fault {
        notes.push(format!("fault {fault}"));
    }
    if let Some(error) = row.own_error.as_ref().or(row.digest.error_code.as_ref()) {
        notes.push(error.clone());
    }
    if let Some(retry @ 1..) = row.digest.client.retry_count {
        notes.push(format!("retry {retry}"));
    }
    if let Some(id) = row.replay_of {
        notes.push(format!("replay of #{id}"));
    }
    let mut role = Role::Warn;
    if let Some(severity) = row.severity {
        let (glyph, found) = theme::severity(severity);
        let count = row.findings.len();
        let plural = if count == 1 { "" } else { "s" };
        notes.push(format!("{glyph} {count} finding{plural}"));
        // What merely is worth knowing does not ask for a look.
        if notes.len() == 1 || found == Role::Bad {
            role = found;
        }
    }
    cell(role, notes.join(", "))
}
