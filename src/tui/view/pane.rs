//! The pane that shows one exchange: its rule, its tabs, and the tab in front.

use super::cells::{draw_line, fit_middle, one_line, push_fit, width_of};
use super::{Ui, events, findings, message, overview};
use crate::tui::state::{App, Detail, Pane, Tab};
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::sync::Arc;

/// The lines of a tab, kept while nothing they depend on changes.
#[derive(Debug)]
pub(super) struct Cached {
    detail: Arc<Detail>,
    tab: Tab,
    width: u16,
    lines: Vec<Line<'static>>,
}

pub(super) fn draw(app: &App, ui: &mut Ui, frame: &mut Frame<'_>, area: Rect, list: Rect) {
    let (Some(pane), false) = (&app.pane, area.is_empty()) else {
        ui.cache = None;
        return;
    };
    let is_beside = area.x > list.x;
    let area = if is_beside { draw_edge(ui, frame, area) } else { area };
    let mut places = area.rows();
    if let Some(place) = places.next() {
        draw_rule(app, ui, frame, place);
    }
    if let Some(place) = places.next() {
        draw_tabs(app, ui, pane, frame, place);
    }
    let content = Rect {
        y: area.y.saturating_add(2).min(area.bottom()),
        height: area.height.saturating_sub(2),
        ..area
    };
    draw_content(app, ui, pane, frame, content);
}

fn draw_edge(ui: &Ui, frame: &mut Frame<'_>, area: Rect) -> Rect {
    for place in area.rows() {
        draw_line(frame, Rect { width: 1, ..place }, &ui.span(Role::Quiet, "│").into());
    }
    Rect { x: area.x.saturating_add(1), width: area.width.saturating_sub(1), ..area }
}

fn draw_rule(app: &App, ui: &Ui, frame: &mut Frame<'_>, place: Rect) {
    let mut line = Line::from(ui.span(Role::Quiet, "─ "));
    let title = app
        .list
        .selected_row()
        .map(|row| format!("#{} {} {}", row.id, row.method, row.path))
        .unwrap_or_default();
    let room = usize::from(place.width).saturating_sub(3);
    let title = one_line(&title);
    let title = fit_middle(&title, room);
    let rest = usize::from(place.width).saturating_sub(width_of(&title) + 3);
    line.push_span(ui.span(Role::Strong, title.into_owned()));
    line.push_span(ui.span(Role::Quiet, format!(" {}", "─".repeat(rest))));
    draw_line(frame, place, &line);
}

fn draw_tabs(app: &App, ui: &Ui, pane: &Pane, frame: &mut Frame<'_>, place: Rect) {
    let mut line = Line::raw(" ");
    for (number, tab) in (1..).zip(Tab::ALL) {
        let count = match (tab, app.shown()) {
            (Tab::Events, Some(detail)) => detail.events.len(),
            (Tab::Findings, Some(detail)) => detail.whole.findings.len(),
            _ => 0,
        };
        let count = if count > 0 { format!(" ({count})") } else { String::new() };
        let is_front = tab == pane.tab;
        let (before, after) = if is_front { ("[", "]") } else { (" ", " ") };
        let role = if is_front { Role::Strong } else { Role::Quiet };
        let text = format!("{before}{number} {}{count}{after}", tab.as_str());
        line.push_span(ui.span(role, text));
    }
    if line.width() > place.width.into() {
        let number = pane.tab as usize + 1;
        line = Line::raw(" ");
        let text = format!("[{number}/{} {}]", Tab::ALL.len(), pane.tab.as_str());
        push_fit(&mut line, ui.theme.style(Role::Strong), &text, usize::from(place.width).saturating_sub(1));
    }
    draw_line(frame, place, &line);
}

fn draw_content(app: &App, ui: &mut Ui, pane: &Pane, frame: &mut Frame<'_>, area: Rect) {
    ui.measures.pane_rows = area.height.into();
    let Some(detail) = app.shown() else {
        return;
    };
    let cache = match ui.cache.take() {
        Some(cached) if cached.is_for(detail, pane.tab, area.width) => cached,
        _ => Cached {
            detail: Arc::clone(detail),
            tab: pane.tab,
            width: area.width,
            lines: lines(app, ui, detail, pane.tab, area.width),
        },
    };
    ui.measures.pane_lines = cache.lines.len();
    let top = pane.scroll().top(ui.measures.pane_rows, cache.lines.len());
    for (place, line) in area.rows().zip(cache.lines.iter().skip(top)) {
        draw_line(frame, place, line);
    }
    // The overview of an exchange that goes on changes with time alone.
    let grows = pane.tab == Tab::Overview && detail.whole.summary.duration.is_none();
    ui.cache = (!grows).then_some(cache);
}

fn lines(app: &App, ui: &Ui, detail: &Detail, tab: Tab, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width);
    match tab {
        Tab::Overview => overview::lines(app, ui, detail, width),
        Tab::Request => message::request(ui, detail, width),
        Tab::Response => message::response(ui, detail, width),
        Tab::Events => events::lines(ui, detail, width),
        Tab::Findings => findings::lines(ui, detail, width),
    }
}

impl Cached {
    fn is_for(&self, detail: &Arc<Detail>, tab: Tab, width: u16) -> bool {
        Arc::ptr_eq(&self.detail, detail) && self.tab == tab && self.width == width
    }
}

/// A line that says why a tab is empty.
pub(super) fn nothing(ui: &Ui, why: &'static str) -> Vec<Line<'static>> {
    vec![Line::from_iter([Span::raw(" "), ui.span(Role::Quiet, why)])]
}
