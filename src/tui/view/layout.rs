//! Which part of the screen is where.

use crate::tui::state::App;
use ratatui::layout::{Constraint, Layout as Split, Rect};

/// From this width on the pane stands at the right of the list.
const WIDE: u16 = 150;

/// From this height on the pane stands below the list; with less it stands alone.
const HIGH: u16 = 20;

/// Below this height the pane needs most of it.
const ROOMY: u16 = 30;

/// Below this width the pane stands alone.
const NARROW: u16 = 60;

/// How many warnings are shown at most.
const WARNINGS: usize = 3;

/// The parts of the screen. A part that is not shown is empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) title: Rect,
    pub(super) warnings: Rect,
    /// The filter in force, or the line that is being typed.
    pub(super) bar: Rect,
    /// Everything between warnings and footer.
    pub(super) body: Rect,
    pub(super) list: Rect,
    pub(super) pane: Rect,
    pub(super) footer: Rect,
}

impl Layout {
    pub(super) fn of(app: &App, area: Rect) -> Self {
        let failed = usize::from(app.failure.is_some() && !app.list.rows().is_empty());
        let troubled = usize::from(app.trouble.is_some());
        let armed = usize::from(app.faults.as_ref().is_some_and(|faults| !faults.is_empty()));
        let warnings = (app.words.warnings.len() + armed + troubled + failed).min(WARNINGS) as u16;
        let has_bar = app.prompt.is_some() || !app.filter.is_empty();
        let [title, warnings, bar, body, footer] = Split::vertical([
            Constraint::Length(1),
            Constraint::Length(if area.height < 8 { 0 } else { warnings }),
            Constraint::Length(u16::from(has_bar && area.height >= 4)),
            Constraint::Min(1),
            Constraint::Length(1),
        ])
        .areas(area);
        let [list, pane] = Self::split(app, body);
        Self { title, warnings, bar, body, list, pane, footer }
    }

    fn split(app: &App, body: Rect) -> [Rect; 2] {
        let none = Rect { width: 0, height: 0, ..body };
        match &app.pane {
            None => [body, none],
            Some(pane) if pane.zoomed || body.width < NARROW => [none, body],
            Some(_) if body.width >= WIDE => {
                Split::horizontal([Constraint::Percentage(45), Constraint::Fill(1)]).areas(body)
            }
            Some(_) if body.height >= HIGH - 2 => {
                // No more of the list than it has rows, but for the head.
                let rows = u16::try_from(app.list.line_count()).unwrap_or(u16::MAX).saturating_add(1);
                let most = if body.height < ROOMY { body.height / 4 } else { body.height * 2 / 5 };
                let list = rows.clamp(2, most);
                Split::vertical([Constraint::Length(list), Constraint::Fill(1)]).areas(body)
            }
            Some(_) => [none, body],
        }
    }
}
