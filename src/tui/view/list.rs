//! The list of exchanges.

use super::cells::{draw_line, fit, fit_middle, one_line, width_of};
use super::columns::{Align, Cell, Column, fitting};
use super::{Ui, direction};
use crate::digest::summary::Summary;
use crate::tui::state::{self, App};
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The cells before the first column: the mark of the selected row, or nothing.
const MARK: &str = "▌ ";
const NO_MARK: &str = "  ";

pub(super) fn draw(app: &App, ui: &mut Ui, frame: &mut Frame<'_>, area: Rect) {
    ui.measures.list_rows = usize::from(area.height.saturating_sub(1));
    ui.measures.list = Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area };
    let columns = fitting(app, ui, area.width.saturating_sub(width_of(MARK) as u16 + 1));
    let mut places = area.rows();
    let mut from = area.x + width_of(NO_MARK) as u16;
    for (column, width) in &columns {
        if let Some(head) = ui.measures.heads.get_mut(column.is as usize) {
            *head = (from, from + width);
        }
        from += width + 1;
    }
    if let Some(place) = places.next() {
        let head = columns.iter().map(|(column, width)| span(ui, &title(app, column.is), *column, *width));
        draw_line(frame, place, &line(NO_MARK, head));
    }
    let rows = app.list.lines_from(app.list.top(ui.measures.list_rows));
    for (place, row) in places.zip(rows) {
        let is_selected = app.list.selected() == Some(row.id);
        let mark = if is_selected { MARK } else { NO_MARK };
        draw_line(frame, place, &line(mark, cells(app, ui, &columns, row)));
        if is_selected {
            frame.buffer_mut().set_style(place, ui.theme.style(Role::Selected));
        }
    }
}

/// What stands above a column, with the direction of the order by it.
fn title(app: &App, column: state::Column) -> Cell {
    match app.list.order().filter(|order| state::Column::of_order(order.by) == Some(column)) {
        Some(order) => Cell { text: format!("{}{}", column.name(), direction(order)), role: Role::Strong },
        None => Cell { text: column.name().to_owned(), role: Role::Quiet },
    }
}

fn cells<'a>(
    app: &'a App,
    ui: &'a Ui,
    columns: &'a [(Column, u16)],
    row: &'a Summary,
) -> impl Iterator<Item = Span<'static>> + 'a {
    columns.iter().map(move |(column, width)| span(ui, &(column.cell)(app, ui, row), *column, *width))
}

fn line(mark: &'static str, cells: impl Iterator<Item = Span<'static>>) -> Line<'static> {
    let mut line = Line::raw(mark);
    for cell in cells {
        line.push_span(cell);
        line.push_span(" ");
    }
    line
}

/// A cell in exactly the width of its column.
fn span(ui: &Ui, cell: &Cell, column: Column, width: u16) -> Span<'static> {
    let width = usize::from(width);
    let text = one_line(&cell.text);
    let text = match column.align {
        Align::Ends => fit_middle(&text, width),
        Align::Left | Align::Right => fit(&text, width),
    };
    let rest = " ".repeat(width.saturating_sub(width_of(&text)));
    let filled = match column.align {
        Align::Right => format!("{rest}{text}"),
        Align::Left | Align::Ends => format!("{text}{rest}"),
    };
    ui.span(cell.role, filled)
}
