//! Pages over everything else.

use super::cells::{draw_line, fit};
use super::{Ui, check_page, comparison, event_page, help, log, pane, totals};
use crate::tui::state::{App, Page, PageKind, Seek};
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;

pub(super) fn draw(app: &App, ui: &mut Ui, page: &Page, frame: &mut Frame<'_>, area: Rect) {
    frame.render_widget(Clear, area);
    let width = usize::from(area.width);
    let (title, lines) = match &page.kind {
        PageKind::Help => ("the keys, and what the words mean".to_owned(), help::lines(ui, width)),
        PageKind::Check(id) => (format!("check {id}"), check_page::lines(ui, id, width)),
        PageKind::Event(nth) => (event_page::title(app, *nth), event_page::lines(app, ui, *nth, width)),
        PageKind::Comparison(a, b) => (format!("#{a} (-) and #{b} (+)"), comparison::lines(app, ui, width)),
        PageKind::Totals => {
            let of = if app.filter.is_empty() { "everything recorded" } else { &app.filter };
            (format!("summary of {of}"), totals::lines(app, ui, width))
        }
        PageKind::Log => ("what gatetap had to say".to_owned(), log::lines(app, ui, width)),
    };
    let title = fit(&format!("─ {title} "), width).into_owned();
    let rest = "─".repeat(width.saturating_sub(super::cells::width_of(&title)));
    let rule = Line::from_iter([ui.span(Role::Strong, title), ui.span(Role::Quiet, rest)]);
    draw_line(frame, Rect { height: area.height.min(1), ..area }, &rule);
    let area = Rect { y: area.y + area.height.min(1), height: area.height.saturating_sub(1), ..area };
    ui.measures.page_rows = area.height.into();
    ui.measures.page_lines = lines.len();
    let rows = usize::from(area.height);
    let top = page.scroll.top(rows, lines.len());
    ui.top = top;
    if let Some(seek) = &page.seek {
        let from = page.found.filter(|found| (top..top + rows).contains(found)).unwrap_or(top);
        ui.measures.is_sought = true;
        ui.measures.sought = pane::line_with(&lines, &page.find, from, *seek == Seek::Next);
    }
    let find = page.find.to_lowercase();
    for (place, line) in area.rows().zip(lines.iter().skip(top)) {
        draw_line(frame, place, line);
        if !find.is_empty() {
            pane::show_found(ui, frame, place, line, &find);
        }
    }
}
