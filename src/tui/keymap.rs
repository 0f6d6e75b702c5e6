//! The keys: one table that the update, the footer and the help read. No other file names a key.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use std::fmt;

/// A key as gatetap tells keys apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the key of its name")]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    Home,
    End,
}

/// Where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Context {
    /// In the list of exchanges.
    List,
    /// In the pane that shows one exchange.
    Pane,
    /// In the help.
    Help,
    /// Wherever the context itself binds nothing else.
    Anywhere,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Moves or scrolls.
    Move(Motion),
    /// Shows the exchange before or after this one in the pane.
    Neighbour(Motion),
    /// Starts or stops to follow the newest exchange.
    ToggleFollow,
    /// Opens the pane.
    Open,
    /// Shows the tab of that number, counted from 1; opens the pane.
    ShowTab(u8),
    /// Shows the tab after this one.
    NextTab,
    /// Shows the tab before this one.
    PreviousTab,
    /// Gives the pane the whole screen, or takes it back.
    ToggleZoom,
    /// Shows or hides the help.
    ToggleHelp,
    /// Leaves what is open; at the top, the program.
    Back,
    /// Leaves the program.
    Quit,
}

/// How far, and in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the motion of its name")]
pub enum Motion {
    Down,
    Up,
    HalfPageDown,
    HalfPageUp,
    PageDown,
    PageUp,
    First,
    Last,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The keys, the one to show first.
    pub keys: &'static [Key],
    /// Where they work.
    pub context: Context,
    /// What they do.
    pub action: Action,
    /// The word in the footer; `None` keeps it out of there.
    pub hint: Option<&'static str>,
    /// The line in the help; `None` where the line before speaks for this one too.
    pub help: Option<&'static str>,
}

const fn bind(
    context: Context,
    keys: &'static [Key],
    action: Action,
    hint: Option<&'static str>,
    help: Option<&'static str>,
) -> Binding {
    Binding { keys, context, action, hint, help }
}

use Context::{Anywhere, Help, List, Pane};
use Key::{BackTab, Char, Ctrl, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab, Up};

/// Every key. `/` is kept free for the filter.
pub static BINDINGS: &[Binding] = &[
    bind(List, &[Enter, Right, Char('l')], Action::Open, Some("open"), Some("open the exchange")),
    bind(
        List,
        &[Char('F')],
        Action::ToggleFollow,
        Some("follow"),
        Some("follow the newest; moving stops it"),
    ),
    bind(List, &[Char('1')], Action::ShowTab(1), None, Some("open at a tab")),
    bind(List, &[Char('2')], Action::ShowTab(2), None, None),
    bind(List, &[Char('3')], Action::ShowTab(3), None, None),
    bind(List, &[Char('4')], Action::ShowTab(4), None, None),
    bind(List, &[Char('5')], Action::ShowTab(5), None, None),
    bind(List, &[Char('q'), Esc], Action::Back, Some("quit"), Some("quit")),
    bind(Pane, &[Char('1')], Action::ShowTab(1), None, Some("show a tab")),
    bind(Pane, &[Char('2')], Action::ShowTab(2), None, None),
    bind(Pane, &[Char('3')], Action::ShowTab(3), None, None),
    bind(Pane, &[Char('4')], Action::ShowTab(4), None, None),
    bind(Pane, &[Char('5')], Action::ShowTab(5), None, None),
    bind(Pane, &[Tab, Right, Char('l')], Action::NextTab, Some("next tab"), Some("next tab")),
    bind(Pane, &[BackTab, Left, Char('h')], Action::PreviousTab, None, Some("previous tab")),
    bind(Pane, &[Char('J')], Action::Neighbour(Motion::Down), Some("next"), Some("next exchange")),
    bind(Pane, &[Char('K')], Action::Neighbour(Motion::Up), Some("previous"), Some("previous exchange")),
    bind(Pane, &[Char('z')], Action::ToggleZoom, Some("zoom"), Some("whole screen, and back")),
    bind(Pane, &[Char('F')], Action::ToggleFollow, None, Some("follow the newest exchange")),
    bind(Pane, &[Char('q'), Esc], Action::Back, Some("back"), Some("back to the list")),
    bind(Help, &[Char('j'), Down], Action::Move(Motion::Down), Some("scroll"), None),
    bind(Help, &[Char('q'), Esc, Char('?')], Action::Back, Some("back"), None),
    bind(Anywhere, &[Char('j'), Down], Action::Move(Motion::Down), None, Some("down")),
    bind(Anywhere, &[Char('k'), Up], Action::Move(Motion::Up), None, Some("up")),
    bind(Anywhere, &[Ctrl('d')], Action::Move(Motion::HalfPageDown), None, Some("half a page down")),
    bind(Anywhere, &[Ctrl('u')], Action::Move(Motion::HalfPageUp), None, Some("half a page up")),
    bind(Anywhere, &[PageDown, Ctrl('f')], Action::Move(Motion::PageDown), None, Some("a page down")),
    bind(Anywhere, &[PageUp, Ctrl('b')], Action::Move(Motion::PageUp), None, Some("a page up")),
    bind(Anywhere, &[Char('g'), Home], Action::Move(Motion::First), None, Some("to the first")),
    bind(Anywhere, &[Char('G'), End], Action::Move(Motion::Last), None, Some("to the last, and follow")),
    bind(Anywhere, &[Char('?')], Action::ToggleHelp, Some("help"), Some("this help")),
    bind(Anywhere, &[Char('Q'), Ctrl('c')], Action::Quit, None, Some("quit at once")),
];

/// What `key` does in `context`.
pub fn action(context: Context, key: Key) -> Option<Action> {
    let bound = |wanted: Context| {
        BINDINGS.iter().find(|binding| binding.context == wanted && binding.keys.contains(&key))
    };
    bound(context).or_else(|| bound(Anywhere)).map(|binding| binding.action)
}

/// The hints of the footer for `context`, the most useful first: key and word.
pub fn hints(context: Context) -> impl Iterator<Item = (Key, &'static str)> {
    BINDINGS
        .iter()
        .filter(move |binding| binding.context == context || (binding.context == Anywhere && context != Help))
        .filter_map(|binding| Some((*binding.keys.first()?, binding.hint?)))
}

impl Key {
    /// The key of a terminal's event; `None` for one that is being let go, and for keys nobody binds.
    pub fn from_event(event: KeyEvent) -> Option<Self> {
        // Some terminals report a key twice, when it goes down and when it comes up.
        if event.kind == KeyEventKind::Release {
            return None;
        }
        if event.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SUPER) {
            return None;
        }
        Some(match event.code {
            KeyCode::Char(c) if event.modifiers.contains(KeyModifiers::CONTROL) => {
                Self::Ctrl(c.to_ascii_lowercase())
            }
            KeyCode::Char(c) => Self::Char(c),
            KeyCode::Enter => Self::Enter,
            KeyCode::Esc => Self::Esc,
            KeyCode::Tab => Self::Tab,
            KeyCode::BackTab => Self::BackTab,
            KeyCode::Up => Self::Up,
            KeyCode::Down => Self::Down,
            KeyCode::Left => Self::Left,
            KeyCode::Right => Self::Right,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::PageDown => Self::PageDown,
            KeyCode::Home => Self::Home,
            KeyCode::End => Self::End,
            _ => return None,
        })
    }
}

impl fmt::Display for Key {
    /// As the footer and the help write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Char(c) => write!(f, "{c}"),
            Self::Ctrl(c) => write!(f, "ctrl-{c}"),
            Self::Enter => f.write_str("enter"),
            Self::Esc => f.write_str("esc"),
            Self::Tab => f.write_str("tab"),
            Self::BackTab => f.write_str("shift-tab"),
            Self::Up => f.write_str("↑"),
            Self::Down => f.write_str("↓"),
            Self::Left => f.write_str("←"),
            Self::Right => f.write_str("→"),
            Self::PageUp => f.write_str("pgup"),
            Self::PageDown => f.write_str("pgdn"),
            Self::Home => f.write_str("home"),
            Self::End => f.write_str("end"),
        }
    }
}
