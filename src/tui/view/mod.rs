//! Drawing. One function a part of the screen; none of them changes the state.
//!
//! ```text
//!  gatetap  listening on http://127.0.0.1:7117 → nexorouter       12 exchanges, 1 open     title
//!  ! a warning                                                                             warnings
//!   time     method path                  model        status verdict     took             list
//!   12:00:01 POST   /v1/chat/completions  gpt-4o-mini     200 ✓ complete  1.20 s
//! ▌ 12:00:07 POST   /v1/chat/completions  gpt-4o-mini     200 ● open      0.31 s
//! ─ #2 POST /v1/chat/completions ─────────────────────────────────────────────────         pane, below,
//!  [1 overview]  2 request  3 response  4 events  5 findings                               at the right,
//!  verdict  ● open                                                                         or alone
//!  tab next tab  z zoom  q back  ? help                                          FOLLOWING footer
//! ```

mod cells;
mod check_page;
mod columns;
mod comparison;
mod conversation;
mod dialog;
mod event_page;
mod events;
mod findings;
mod header_notes;
mod help;
mod layout;
mod list;
mod log;
mod message;
mod overview;
mod page;
mod pane;
mod prompt;
mod totals;
mod welcome;
mod wire;

use super::keymap::{self, Action};
use super::state::{App, Column, Form, Measures, Tab};
use super::theme::{Role, Theme};
use crate::exchange::text::counted;
use crate::store::Order;
use cells::{draw_line, fit, one_line, push_fit, width_of};
use jiff::tz::TimeZone;
use layout::Layout;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use std::borrow::Cow;

/// What drawing knows beyond the state, and what it may forget at any time: how large things came out,
/// and the lines of the tab drawn last.
#[derive(Debug)]
pub struct Ui {
    theme: Theme,
    first_theme: Theme,
    zone: TimeZone,
    measures: Measures,
    /// The first line in sight of what can be scrolled.
    top: usize,
    cache: Option<pane::Cached>,
}

impl Ui {
    /// Nothing drawn yet.
    pub fn new(theme: Theme, zone: TimeZone) -> Self {
        Self { theme, first_theme: theme, zone, measures: Measures::default(), top: 0, cache: None }
    }

    /// The theme in force.
    pub fn theme(&self, app: &App) -> Theme {
        self.first_theme.after(app.theme)
    }

    /// How large things came out when they were last drawn.
    pub fn measures(&self) -> Measures {
        self.measures
    }

    fn span<'a>(&self, role: Role, text: impl Into<Cow<'a, str>>) -> Span<'a> {
        Span::styled(text, self.theme.style(role))
    }
}

/// Draws `app` on the whole of `frame`. Any size will do.
pub fn view(app: &App, ui: &mut Ui, frame: &mut Frame<'_>) {
    ui.measures = Measures::default();
    let theme = ui.theme(app);
    if theme != ui.theme {
        (ui.theme, ui.cache) = (theme, None);
    }
    let layout = Layout::of(app, frame.area());
    draw_title(app, ui, frame, layout.title);
    draw_warnings(app, ui, frame, layout.warnings);
    let is_empty = app.list.rows().is_empty();
    if is_empty && app.count.is_some_and(|count| count > 0) && app.failure.is_none() {
        welcome::draw_no_match(app, ui, frame, layout.list);
    } else if is_empty {
        welcome::draw(app, ui, frame, layout.list);
    } else {
        list::draw(app, ui, frame, layout.list);
        pane::draw(app, ui, frame, layout.pane, layout.list);
    }
    if !layout.bar.is_empty() {
        prompt::draw_bar(app, ui, frame, layout.bar);
    }
    if let Some(page) = &app.page {
        page::draw(app, ui, page, frame, layout.body);
    }
    if let Some(dialog) = &app.dialog {
        dialog::draw(app, ui, dialog, frame, layout.body);
    }
    if let Some(prompt) = &app.prompt {
        prompt::draw_choices(ui, prompt, frame, layout.body);
    }
    draw_footer(app, ui, frame, layout.footer);
}

fn draw_title(app: &App, ui: &Ui, frame: &mut Frame<'_>, area: Rect) {
    let mut line = Line::from(ui.span(Role::Accent, " gatetap  "));
    let room = usize::from(area.width).saturating_sub(line.width());
    let elsewhere = app.elsewhere.as_ref().map(|path| path.display().to_string());
    let title = one_line(elsewhere.as_deref().unwrap_or(&app.words.title));
    // The title says where to point an app: it goes before the counts.
    let counts = counts(app)
        .into_iter()
        .find(|counts| width_of(&title) + width_of(counts) + 2 <= room)
        .unwrap_or_default();
    let room = room.saturating_sub(width_of(&counts) + 1);
    push_fit(&mut line, ui.theme.style(Role::Plain), &title, room);
    line.push_span(ui.span(Role::Quiet, counts));
    draw_line(frame, area, &line);
}

/// How many exchanges there are and how many of them go on, the longest form first.
fn counts(app: &App) -> Vec<String> {
    let Some(count) = app.count else {
        return Vec::new();
    };
    let open = app.list.open().count();
    let exchanges = counted(count, "exchange");
    if open == 0 {
        vec![exchanges, count.to_string()]
    } else {
        vec![format!("{exchanges}, {open} open"), format!("{count}, {open} open")]
    }
}

fn draw_warnings(app: &App, ui: &Ui, frame: &mut Frame<'_>, area: Rect) {
    // What went wrong with the recording is told where the list would stand, if there is none.
    let failure =
        app.failure.as_ref().filter(|_| !app.list.rows().is_empty()).map(|failure| &failure.message);
    let armed = armed(app);
    let first = armed.iter().chain(failure).chain(&app.trouble);
    for (row, warning) in area.rows().zip(first.chain(&app.words.warnings)) {
        let text = format!(" ! {}", one_line(warning));
        let line = ui.span(Role::Warn, fit(&text, area.width.into()));
        draw_line(frame, row, &line.into());
    }
}

/// The faults that are armed: nobody may take what they do for the gateway's doing.
fn armed(app: &App) -> Option<String> {
    let faults = app.faults.as_ref().filter(|faults| !faults.is_empty())?;
    let told: Vec<String> = faults
        .iter()
        .map(|listed| {
            let left = listed.left.map(|left| format!(", {left} left")).unwrap_or_default();
            let met = match listed.matched {
                0 => "met by no request yet".to_owned(),
                matched => format!("met by {} of {}", listed.injected, counted(matched, "request")),
            };
            format!("{} ({met}{left})", listed.rule)
        })
        .collect();
    Some(format!("FAULTS ARMED: {}; press ! to disarm", told.join("; ")))
}

fn draw_footer(app: &App, ui: &Ui, frame: &mut Frame<'_>, area: Rect) {
    let modes = modes(app, ui);
    let mut room = usize::from(area.width).saturating_sub(width_of(&modes) + 2);
    let mut line = Line::raw(" ");
    if let Some(notice) = &app.notice {
        push_fit(&mut line, ui.theme.style(Role::Strong), notice, room);
        room = 0;
    }
    for (key, word) in hints(app) {
        let key = key.to_string();
        let width = width_of(&key) + 1 + width_of(word) + 2;
        if width > room {
            break;
        }
        room -= width;
        line.push_span(ui.span(Role::Accent, key));
        line.push_span(ui.span(Role::Quiet, format!(" {word}  ")));
    }
    line.push_span(Span::raw(" ".repeat(room)));
    line.push_span(ui.span(Role::Live, modes));
    draw_line(frame, area, &line);
}

/// The keys that do something now, the most useful first.
fn hints(app: &App) -> impl Iterator<Item = (keymap::Key, &'static str)> {
    let is_useful = |action: Action| match (&app.dialog, action) {
        (Some(dialog), Action::Agree) => dialog.is_question(),
        (Some(dialog), Action::EditRequest) => dialog.is_editable(),
        _ => true,
    };
    keymap::hints(app.context())
        .filter(move |(_, _, action)| is_useful(*action))
        .map(|(key, word, _)| (key, word))
}

/// The direction of an order, as a sign.
const fn direction(order: Order) -> &'static str {
    if order.descending { "▼" } else { "▲" }
}

/// What is in force, and which part of a longer text is in sight.
fn modes(app: &App, ui: &Ui) -> String {
    let measures = &ui.measures;
    let (top, rows, lines) = match (&app.page, &app.pane) {
        (Some(_), _) => (ui.top, measures.page_rows, measures.page_lines),
        (None, Some(_)) => (ui.top, measures.pane_rows, measures.pane_lines),
        (None, None) => (0, 0, 0),
    };
    let mut modes = Vec::new();
    if let Some(pane) = app.pane.as_ref().filter(|_| app.page.is_none())
        && matches!(pane.tab, Tab::Request | Tab::Response)
        && pane.form != Form::Pretty
    {
        modes.push(pane.form.as_str().to_owned());
    }
    if lines > rows && rows > 0 {
        let (first, last) = (top, (top + rows).min(lines).saturating_sub(1));
        let pane = app.pane.as_ref().filter(|_| app.page.is_none());
        let shown = pane.filter(|pane| pane.tab == Tab::Events).and_then(|_| app.shown());
        let number = |nth: usize| match shown {
            // As the list of events numbers them.
            Some(detail) => detail.events.get(nth).map_or(0, |row| row.number),
            None => nth + 1,
        };
        modes.push(format!("{}–{} of {}", number(first).max(1), number(last), number(lines - 1)));
    }
    if !app.marked.is_empty() {
        modes.push(format!("{} marked", app.marked.len()));
    }
    if let Some(order) = app.list.order() {
        let name = Column::of_order(order.by).map_or("", Column::name);
        modes.push(format!("{name} {}", direction(order)));
    }
    if app.paused {
        modes.push("PAUSED".to_owned());
    }
    if app.list.following() {
        modes.push("FOLLOWING".to_owned());
    }
    modes.join("  ")
}
