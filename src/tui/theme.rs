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
    /// What was searched for.
    Found,
    /// A name in a JSON object or of a header.
    Name,
    /// A text value.
    Text,
    /// A number or a literal.
    Number,
}

/// Which colours there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// The sixteen colours of the terminal's own palette.
    Terminal,
    /// For a dark screen, whatever its palette. Needs 256 colours.
    Dark,
    /// For a light screen, whatever its palette. Needs 256 colours.
    Light,
    /// Nothing dim, and as few colours as will do.
    Contrast,
    /// None.
    Plain,
}

impl Theme {
    /// Each of them.
    pub const ALL: [Self; 5] = [Self::Terminal, Self::Dark, Self::Light, Self::Contrast, Self::Plain];

    /// As `NO_COLOR` says: set to anything but nothing, it turns colours off (no-color.org).
    pub fn from_environment() -> Self {
        let has_colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        if has_colour { Self::Terminal } else { Self::Plain }
    }

    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Contrast => "contrast",
            Self::Plain => "plain",
        }
    }

    /// The theme that comes `steps` after this one.
    #[must_use]
    pub fn after(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|theme| *theme == self).unwrap_or_default();
        Self::ALL.get((at + steps) % Self::ALL.len()).copied().unwrap_or(self)
    }

    /// The style of a role.
    pub fn style(self, role: Role) -> Style {
        let style = Style::new().add_modifier(self.modifier(role));
        match (self.colour(role), role) {
            // One bar: what a row's cells tell by colour, their words tell too.
            (_, Role::Selected) if self != Self::Plain => Style::new()
                .fg(Color::Reset)
                .bg(Color::Reset)
                .remove_modifier(Modifier::BOLD | Modifier::DIM)
                .add_modifier(Modifier::REVERSED),
            (Some(colour), _) => style.fg(colour),
            (None, _) => style,
        }
    }

    fn modifier(self, role: Role) -> Modifier {
        match role {
            // Dim rather than grey: in some palettes grey is the background.
            Role::Quiet if matches!(self, Self::Terminal | Self::Plain) => Modifier::DIM,
            Role::Strong | Role::Accent | Role::Bad => Modifier::BOLD,
            Role::Warn | Role::Live if self == Self::Contrast => Modifier::BOLD,
            Role::Found => Modifier::REVERSED,
            Role::Selected => Modifier::REVERSED,
            _ => Modifier::empty(),
        }
    }

    fn colour(self, role: Role) -> Option<Color> {
        let [accent, good, live, warn, bad, name, text, number, quiet] = match self {
            Self::Plain => return None,
            Self::Contrast => {
                return match role {
                    Role::Bad => Some(Color::LightRed),
                    Role::Warn => Some(Color::LightYellow),
                    Role::Good => Some(Color::LightGreen),
                    _ => None,
                };
            }
            Self::Terminal => [
                Color::Cyan,
                Color::Green,
                Color::Cyan,
                Color::Yellow,
                Color::Red,
                Color::Blue,
                Color::Green,
                Color::Magenta,
                Color::Reset,
            ],
            Self::Dark => indexed([80, 114, 80, 179, 210, 111, 151, 182, 245]),
            Self::Light => indexed([24, 28, 24, 94, 124, 25, 22, 90, 242]),
        };
        Some(match role {
            Role::Accent => accent,
            Role::Good => good,
            Role::Live => live,
            Role::Warn => warn,
            Role::Bad => bad,
            Role::Name => name,
            Role::Text => text,
            Role::Number => number,
            Role::Quiet => match quiet {
                Color::Reset => return None,
                quiet => quiet,
            },
            Role::Plain | Role::Strong | Role::Selected | Role::Found => return None,
        })
    }
}

/// Nine colours of the palette of 256.
fn indexed(colours: [u8; 9]) -> [Color; 9] {
    colours.map(Color::Indexed)
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
