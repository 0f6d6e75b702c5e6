//! The pane that shows one exchange: its rule, its tabs, and the tab in front.

use super::cells::{draw_line, fit_middle, one_line, push_fit, width_of};
use super::{Ui, conversation, events, findings, message, overview, wire};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::tui::json_text;
use crate::tui::state::{App, Detail, Form, Pane, Seek, Tab};
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::sync::Arc;

/// The lines of a tab, kept while nothing they depend on changes.
#[derive(Debug)]
pub(super) struct Cached {
    detail: Arc<Detail>,
    look: Look,
    content: Content,
}

/// What the lines of a tab depend on, beside the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Look {
    tab: Tab,
    width: u16,
    form: Form,
    unfolded: bool,
    finding: usize,
}

/// The lines of a tab, and where in them things stand.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) lines: Vec<Line<'static>>,
    /// The line of each header, by its name in lower case.
    pub(super) headers: Vec<(String, usize)>,
    /// The line of each line of the body.
    pub(super) body: Vec<usize>,
    /// The line of each finding.
    pub(super) findings: Vec<usize>,
}

pub(super) fn draw(app: &App, ui: &mut Ui, frame: &mut Frame<'_>, area: Rect, list: Rect) {
    let (Some(pane), false) = (&app.pane, area.is_empty()) else {
        ui.cache = None;
        return;
    };
    ui.measures.pane = area;
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

fn draw_tabs(app: &App, ui: &mut Ui, pane: &Pane, frame: &mut Frame<'_>, place: Rect) {
    let width = usize::from(place.width);
    let name = |tab: Tab, word: &str, counted: bool| {
        let count = match (tab, app.shown()) {
            (Tab::Events, Some(detail)) => detail.events.len() + detail.events_before,
            (Tab::Findings, Some(detail)) => detail.whole.findings.len(),
            _ => 0,
        };
        let count = if counted && count > 0 { format!(" ({count})") } else { String::new() };
        format!("{} {word}{count}", tab.number())
    };
    let full = |tab: Tab| name(tab, tab.as_str(), true);
    let short = |tab: Tab| name(tab, tab.short(), true);
    let uncounted = |tab: Tab| name(tab, tab.short(), false);
    let bare = |tab: Tab| if tab == pane.tab { short(tab) } else { tab.number().to_string() };
    let forms: [&dyn Fn(Tab) -> String; 4] = [&full, &short, &uncounted, &bare];
    let fits = |form: &&dyn Fn(Tab) -> String| {
        Tab::ALL.into_iter().map(|tab| form(tab).chars().count() + 2).sum::<usize>() < width
    };
    let form = forms.into_iter().find(fits).unwrap_or(&bare);
    let mut line = Line::raw(" ");
    for (tab, place_of) in Tab::ALL.into_iter().zip(&mut ui.measures.tabs) {
        let (before, after, role) =
            if tab == pane.tab { ("[", "]", Role::Strong) } else { (" ", " ", Role::Quiet) };
        let text = format!("{before}{}{after}", form(tab));
        let from = place.x + line.width() as u16;
        *place_of = (from, from + text.chars().count() as u16);
        line.push_span(Span::styled(text, ui.theme.style(role)));
    }
    if line.width() > width {
        let text = format!("[{}/{} {}]", pane.tab.number(), Tab::ALL.len(), pane.tab.as_str());
        line = Line::raw(" ");
        push_fit(&mut line, ui.theme.style(Role::Strong), &text, width.saturating_sub(1));
    }
    draw_line(frame, place, &line);
}

fn draw_content(app: &App, ui: &mut Ui, pane: &Pane, frame: &mut Frame<'_>, area: Rect) {
    ui.measures.pane_rows = area.height.into();
    ui.measures.content = area;
    let Some(detail) = app.shown() else {
        return;
    };
    if pane.tab == Tab::Events {
        ui.cache = None;
        events::draw(ui, pane, detail, frame, area);
        return;
    }
    let look = Look {
        tab: pane.tab,
        width: area.width,
        form: pane.form,
        unfolded: pane.unfolded,
        finding: pane.finding,
    };
    let cache = match ui.cache.take() {
        Some(cached) if Arc::ptr_eq(&cached.detail, detail) && cached.look == look => cached,
        _ => Cached { detail: Arc::clone(detail), look, content: content(app, ui, detail, look) },
    };
    let lines = &cache.content.lines;
    ui.measures.pane_lines = lines.len();
    let top = pane.scroll().top(ui.measures.pane_rows, lines.len());
    ui.top = top;
    if let Some(seek) = &pane.seek {
        ui.measures.is_sought = true;
        ui.measures.sought = sought(seek, pane, detail, &cache.content, (top, ui.measures.pane_rows));
    }
    let find = pane.find.to_lowercase();
    for (nth, (place, line)) in (top..).zip(area.rows().zip(lines.iter().skip(top))) {
        draw_line(frame, place, line);
        if pane.lit == Some(nth) {
            frame.buffer_mut().set_style(place, ui.theme.style(Role::Found));
        }
        if !find.is_empty() {
            show_found(ui, frame, place, line, &find);
        }
    }
    // The overview of an exchange that goes on changes with time alone.
    let grows = pane.tab == Tab::Overview && detail.whole.summary.duration.is_none();
    ui.cache = (!grows).then_some(cache);
}

/// The line that is asked for.
fn sought(
    seek: &Seek,
    pane: &Pane,
    detail: &Detail,
    content: &Content,
    (top, rows): (usize, usize),
) -> Option<usize> {
    match seek {
        Seek::Next | Seek::Previous => {
            // The last place found, where it is in sight still.
            let from = pane.found.filter(|found| (top..top + rows).contains(found)).unwrap_or(top);
            line_with(&content.lines, &pane.find, from, *seek == Seek::Next)
        }
        Seek::Finding(nth) => content.findings.get(*nth).copied(),
        Seek::Place(Place::Header(_, name)) => {
            content.headers.iter().find(|(known, _)| known == name).map(|(_, line)| *line)
        }
        Seek::Place(Place::Json(side, pointer)) => {
            let body = match side {
                Side::Request => &detail.request,
                Side::Response | Side::Origin => &detail.response,
            };
            let line = json_text::line_of(&body.lines, pointer)?;
            content.body.get(line).copied()
        }
        Seek::Place(Place::Bytes(_, span)) => {
            content.body.get(usize::try_from(span.offset / 16).unwrap_or(usize::MAX)).copied()
        }
        Seek::Place(Place::Target | Place::Event(_) | Place::Exchange(_)) => Some(0),
    }
}

/// The next line after `from`, or the one before, that has `find` in it; all the way round.
pub(super) fn line_with(lines: &[Line<'_>], find: &str, from: usize, forward: bool) -> Option<usize> {
    let find = find.to_lowercase();
    let has = |nth: &usize| lines.get(*nth).is_some_and(|line| text_of(line).contains(&find));
    let count = lines.len();
    if forward {
        (from + 1..count).chain(0..count.min(from + 1)).find(has)
    } else {
        (0..from).rev().chain((from..count).rev()).find(has)
    }
}

fn text_of(line: &Line<'_>) -> String {
    line.spans.iter().map(|span| span.content.to_lowercase()).collect()
}

/// Shows where in a line what is searched for stands.
pub(super) fn show_found(ui: &Ui, frame: &mut Frame<'_>, place: Rect, line: &Line<'_>, find: &str) {
    let text = text_of(line);
    let style = ui.theme.style(Role::Found);
    for (at, found) in text.match_indices(find) {
        let x = width_of(text.get(..at).unwrap_or_default());
        let width = u16::try_from(width_of(found)).unwrap_or(u16::MAX);
        let x = place.x.saturating_add(u16::try_from(x).unwrap_or(u16::MAX));
        let hit = Rect { x, width, ..place }.intersection(place);
        frame.buffer_mut().set_style(hit, style);
    }
}

fn content(app: &App, ui: &Ui, detail: &Detail, look: Look) -> Content {
    let width = usize::from(look.width);
    let lines = match look.tab {
        Tab::Overview => overview::lines(app, ui, detail, width),
        Tab::Conversation => conversation::lines(ui, detail, look.unfolded, width),
        Tab::Request => return message::request(ui, detail, look.form, width),
        Tab::Response => return message::response(ui, detail, look.form, width),
        Tab::Findings => {
            let (lines, findings) = findings::lines(ui, detail, look.finding, width);
            return Content { lines, findings, ..Content::default() };
        }
        Tab::Wire => wire::lines(ui, detail, width),
        Tab::Events => Vec::new(),
    };
    Content { lines, ..Content::default() }
}

/// A line that says why a tab is empty.
pub(super) fn nothing(ui: &Ui, why: &'static str) -> Vec<Line<'static>> {
    vec![Line::from_iter([Span::raw(" "), ui.span(Role::Quiet, why)])]
}
