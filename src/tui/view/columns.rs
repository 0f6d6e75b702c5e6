//! The columns of the list: what each shows, how wide it is, and which give way first.

use super::Ui;
use super::cells::{bytes, micros, short_number, time_near};
use crate::digest::summary::Summary;
use crate::exchange::end::Verdict;
use crate::exchange::time::Micros;
use crate::tui::state::{App, Attempts, Column as Is};
use crate::tui::theme::{self, Role};
use crate::tui::totals::speed;

/// A stream that is silent for so long is worth a look.
const LONG_SILENCE: Micros = Micros(5_000_000);

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) is: Is,
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
const LUXURY: u8 = 5;

/// How many rows above and below the first in sight have a say in the widths.
const NEAR: usize = 100;

/// Every column, from left to right. The longest verdict word has 14 letters. Those that are shown only to who
/// asked for them stay long.
const COLUMNS: [Column; 17] = [
    column(Is::Number, [3, 5, 7], 10, Align::Right, number),
    column(Is::Time, [8, 11, 11], 7, Align::Left, time),
    column(Is::Marks, [0, 4, 4], 0, Align::Left, marks),
    column(Is::Method, [6, 6, 7], 9, Align::Left, method),
    column(Is::Gateway, [8, 10, 20], 4, Align::Left, gateway),
    column(Is::Path, [12, 20, 60], 1, Align::Ends, path),
    column(Is::Model, [11, 17, 32], 4, Align::Ends, model),
    column(Is::Status, [4, 4, 4], 2, Align::Right, status),
    column(Is::Verdict, [10, 16, 16], 0, Align::Left, verdict),
    column(Is::Findings, [5, 5, 5], 5, Align::Right, found),
    column(Is::FirstToken, [7, 7, 8], 6, Align::Right, first_token),
    column(Is::Duration, [7, 7, 8], 3, Align::Right, duration),
    column(Is::Tokens, [11, 11, 11], 8, Align::Right, tokens),
    column(Is::Rate, [7, 7, 7], 11, Align::Right, rate),
    column(Is::Size, [8, 8, 8], 4, Align::Right, size),
    column(Is::Finish, [6, 10, 14], 4, Align::Left, finish),
    column(Is::Note, [10, 15, 40], 9, Align::Left, note),
];

const fn column(
    is: Is,
    [least, good, most]: [u16; 3],
    rank: u8,
    align: Align,
    cell: fn(&App, &Ui, &Summary) -> Cell,
) -> Column {
    Column { is, least, good, most, rank, align, cell }
}

/// The columns that fit into `width` cells, each with its own width; one cell stands between two.
///
/// A column is as wide as the rows around those in sight need, within its bounds: so the columns mostly stand
/// still while one scrolls. The columns of the highest rank go until the rest has what it should have, those
/// that may not go until it has what it must.
pub(super) fn fitting(app: &App, ui: &Ui, width: u16) -> Vec<(Column, u16)> {
    let wanted = COLUMNS.into_iter().filter(|column| app.columns.has(column.is));
    let ordered_by = app.list.order().and_then(|order| Is::of_order(order.by));
    let mut shown: Vec<(Column, u16)> = wanted
        .map(|column| {
            let useful = column.useful(app, ui);
            if Some(column.is) == ordered_by { column.with_mark(useful) } else { (column, useful) }
        })
        .collect();
    // What is empty in every row says nothing.
    shown.retain(|(_, useful)| *useful > 0);
    let needed = |shown: &[(Column, u16)]| {
        shown.iter().map(|(column, useful)| column.least.max((*useful).min(column.good)) + 1).sum::<u16>()
    };
    let least = |shown: &[(Column, u16)]| shown.iter().map(|(column, _)| column.least + 1).sum::<u16>();
    while let Some((worst, rank)) =
        shown.iter().map(|(column, _)| column.rank).enumerate().max_by_key(|(_, rank)| *rank)
    {
        let is_crowded = least(&shown) > width + 1 || (rank >= LUXURY && needed(&shown) > width + 1);
        if !is_crowded || shown.len() == 1 {
            break;
        }
        shown.remove(worst);
    }
    let mut spare = (width + 1).saturating_sub(least(&shown));
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|&index| shown.get(index).map(|(column, _)| column.rank));
    let mut widths: Vec<(Column, u16)> = shown.iter().map(|(column, _)| (*column, column.least)).collect();
    // First what each should have, then what it has use for.
    for bound in [|column: &Column| column.good, |column: &Column| column.most] {
        for &index in &order {
            if let (Some((column, width)), Some((_, useful))) = (widths.get_mut(index), shown.get(index)) {
                let more = (*useful).min(bound(column)).saturating_sub(*width).min(spare);
                *width += more;
                spare -= more;
            }
        }
    }
    widths.retain(|(_, width)| *width > 0);
    widths
}

impl Column {
    /// The column that the list is in order by: it has room for the mark above it, and stays.
    fn with_mark(self, useful: u16) -> (Self, u16) {
        let room = self.is.name().chars().count() as u16 + 1;
        let [least, good, most] = [self.least, self.good, self.most].map(|width| width.max(room));
        (Self { least, good, most, rank: 0, ..self }, useful.max(room))
    }

    /// The widest that a row near those in sight makes of this column, at most what it may have. Counts
    /// letters: wide ones may have to give way.
    fn useful(&self, app: &App, ui: &Ui) -> u16 {
        let top = app.list.top(ui.measures.list_rows);
        let near = app.list.lines_from(top.saturating_sub(NEAR)).take(2 * NEAR);
        let widest = near.map(|row| (self.cell)(app, ui, row).text.chars().count()).max();
        u16::try_from(widest.unwrap_or_default()).unwrap_or(u16::MAX).min(self.most)
    }
}

fn cell(role: Role, text: impl Into<String>) -> Cell {
    Cell { text: text.into(), role }
}

fn number(_: &App, _: &Ui, row: &Summary) -> Cell {
    cell(Role::Quiet, row.id.to_string())
}

/// What is to be known of a row before it is read.
fn marks(app: &App, _: &Ui, row: &Summary) -> Cell {
    let mut marks = String::new();
    if app.marked.contains(&row.id) {
        marks.push('*');
    }
    if row.fault.is_some() {
        marks.push('F');
    }
    if row.replay_of.is_some() {
        marks.push('R');
    }
    if row.note.is_some() {
        marks.push('≡');
    }
    let group = app.list.attempts(row.id);
    match (group, row.digest.client.retry_count) {
        (Some(group), _) if group.is_folded => marks = format!("{marks}▸{}", group.ids.len()),
        (Some(group), _) if group.ids.first() == Some(&row.id) => {
            marks = format!("{marks}▾{}", group.ids.len());
        }
        (_, Some(retry @ 1..)) => marks = format!("{marks}↻{retry}"),
        _ => {}
    }
    cell(Role::Warn, marks)
}

fn time(app: &App, ui: &Ui, row: &Summary) -> Cell {
    cell(Role::Quiet, time_near(row.started_at, app.now, &ui.zone))
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

/// How long it took; of attempts that are folded, from the first of them on.
fn duration(app: &App, _: &Ui, row: &Summary) -> Cell {
    let role = if row.verdict == Verdict::Open { Role::Live } else { Role::Plain };
    let own = app.duration(row);
    let whole = match folded(app, row) {
        Some(group) => group.took(row, own),
        None => own,
    };
    cell(role, micros(whole))
}

fn folded<'a>(app: &'a App, row: &Summary) -> Option<&'a Attempts> {
    app.list.attempts(row.id).filter(|group| group.is_folded)
}

fn gateway(_: &App, _: &Ui, row: &Summary) -> Cell {
    cell(Role::Plain, &*row.gateway)
}

fn size(_: &App, _: &Ui, row: &Summary) -> Cell {
    cell(Role::Plain, bytes(row.request_bytes + row.response_bytes))
}

fn finish(_: &App, _: &Ui, row: &Summary) -> Cell {
    cell(Role::Plain, row.digest.finish_reason.clone().unwrap_or_default())
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

/// How many checks fired, and how bad the worst of it is.
fn found(_: &App, _: &Ui, row: &Summary) -> Cell {
    match row.severity {
        None => cell(Role::Quiet, ""),
        Some(worst) => {
            let (glyph, role) = theme::severity(worst);
            cell(role, format!("{glyph} {}", row.findings.len()))
        }
    }
}

/// Tokens a second; of a stream that goes on, for how long nothing has come.
fn rate(app: &App, _: &Ui, row: &Summary) -> Cell {
    match (app.silence(row), speed(row)) {
        (Some(silence), _) => {
            let role = if silence >= LONG_SILENCE { Role::Warn } else { Role::Live };
            cell(role, format!("+{:.1} s", silence.0 as f64 / 1e6))
        }
        (None, Some(speed)) => cell(Role::Plain, format!("{speed:.1}")),
        (None, None) => cell(Role::Quiet, ""),
    }
}

/// What else is worth a word.
fn note(app: &App, _: &Ui, row: &Summary) -> Cell {
    let mut notes = Vec::new();
    if let Some((last, before)) = folded(app, row).and_then(|group| group.outcomes.split_last()) {
        notes.push(format!("{}, then {last}", before.join(", ")));
    }
    if let Some(fault) = &row.fault {
        notes.push(format!("fault {fault}"));
    }
    if let Some(error) = row.own_error.as_ref().or(row.digest.error_code.as_ref()) {
        notes.push(error.clone());
    }
    if let Some(id) = row.replay_of {
        notes.push(format!("replay of #{id}"));
    }
    notes.extend(row.note.clone());
    cell(Role::Warn, notes.join(", "))
}
