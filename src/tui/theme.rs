//! Colours by role. No role is told by colour alone: a verdict has its glyph and its word, the selected
//! row its mark, the active tab its brackets.

use crate::exchange::end::Verdict;
use crate::exchange::finding::Severity;
use ratatui::style::{Color, Modifier, Style};

/// What a piece of the screen is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Text.
    Plain,
    /// Labels, rules, what matters less.
    Quiet,
    /// Titles and the active tab.
    Strong,
    /// The name of the program and keys to press.
    Accent,
    /// It went well.
    Good,
    /// It is going on.
    Live,
    /// Look here.
    Warn,
    /// It went wrong.
    Bad,
    /// The selected row.
    Selected,
    /// A name in a JSON object or of a header.
    Name,
    /// A text value.
    Text,
    /// A number or a literal.
    Number,
}

/// Which colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    colour: bool,
}

impl Theme {
    /// With the sixteen colours of the terminal's own palette, or without any.
    pub const fn new(colour: bool) -> Self {
        Self { colour }
    }

    /// As `NO_COLOR` says: set to anything but nothing, it turns colours off (no-color.org).
    pub fn from_environment() -> Self {
        Self::new(std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()))
    }

    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let modifier = match role {
            Role::Quiet => Modifier::DIM,
            Role::Strong | Role::Accent | Role::Bad => Modifier::BOLD,
            Role::Selected => Modifier::REVERSED,
            _ => Modifier::empty(),
        };
        if !self.colour {
            return Style::new().add_modifier(modifier);
        }
        match role {
            Role::Plain => Style::new(),
            // Dim rather than grey: in some palettes grey is the background.
            Role::Quiet => Style::new().add_modifier(modifier),
            Role::Strong => Style::new().add_modifier(modifier),
            Role::Accent => Style::new().fg(Color::Cyan).add_modifier(modifier),
            Role::Good => Style::new().fg(Color::Green),
            Role::Live => Style::new().fg(Color::Cyan),
            Role::Warn => Style::new().fg(Color::Yellow),
            Role::Bad => Style::new().fg(Color::Red).add_modifier(modifier),
            // One bar: what a row's cells tell by colour, their words tell too.
            Role::Selected => Style::new()
                .fg(Color::Reset)
                .bg(Color::Reset)
                .remove_modifier(Modifier::BOLD | Modifier::DIM)
                .add_modifier(modifier),
            Role::Name => Style::new().fg(Color::Blue),
            Role::Text => Style::new().fg(Color::Green),
            Role::Number => Style::new().fg(Color::Magenta),
        }
    }
}

/// The glyph and the role of a verdict.
pub const fn verdict(verdict: Verdict) -> (&'static str, Role) {
    match verdict {
        Verdict::Open => ("●", Role::Live),
        Verdict::Complete => ("✓", Role::Good),
        Verdict::Refused => ("✗", Role::Bad),
        Verdict::ErrorInside => ("!", Role::Bad),
        Verdict::Incomplete => ("~", Role::Warn),
        Verdict::CutByGateway => ("⊣", Role::Bad),
        Verdict::CutByApp => ("⊢", Role::Warn),
        Verdict::Failed => ("✗", Role::Bad),
        Verdict::Lost => ("?", Role::Warn),
    }
}

/// The glyph and the role of a severity.
pub const fn severity(severity: Severity) -> (&'static str, Role) {
    match severity {
        Severity::Info => ("i", Role::Quiet),
        Severity::Warning => ("!", Role::Warn),
        Severity::Error => ("✗", Role::Bad),
    }
}
