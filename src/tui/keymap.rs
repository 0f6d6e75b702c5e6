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
    Backspace,
    Delete,
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
    /// In the pane's events.
    Events,
    /// While a stream is played.
    Playing,
    /// In a page over everything else: the help, a check's page, a comparison, the summary.
    Page,
    /// In a line that is being typed.
    Prompt,
    /// Where something is asked that is answered with yes or no.
    Asked,
    /// Where it is asked whether to send a request again.
    Sending,
    /// Wherever the context itself binds nothing else, but for a line that is being typed.
    Anywhere,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Moves or scrolls.
    Move(Motion),
    /// Shows the exchange before or after this one in the pane.
    Neighbour(Motion),
    /// Goes to the next or the previous place that matters: in the list an exchange that went wrong, in the
    /// pane what was searched for.
    Next(Motion),
    /// Starts or stops to follow the newest exchange.
    ToggleFollow,
    /// Stops the screen, or lets it go on. The recording goes on either way.
    TogglePause,
    /// Marks the exchange, or takes its mark away.
    ToggleMark,
    /// Opens the pane; in it, goes to what the line is about.
    Open,
    /// Shows the tab of that number, counted from 1; opens the pane.
    ShowTab(u8),
    /// Shows the tab after this one.
    NextTab,
    /// Shows the tab before this one.
    PreviousTab,
    /// Gives the pane the whole screen, or takes it back.
    ToggleZoom,
    /// Shows bodies in the next form.
    NextForm,
    /// Folds or unfolds long messages.
    ToggleFold,
    /// Opens the line for the filter.
    Filter,
    /// Puts a filter in force that is often wanted.
    Preset(Preset),
    /// Opens the line for what is searched in the tab.
    Find,
    /// Opens the list of commands.
    Commands,
    /// Opens the line for faults, with those that are armed.
    Faults,
    /// Opens the list of what can be copied.
    Copy,
    /// Compares the two marked exchanges, or the marked one and this.
    Compare,
    /// Shows or hides the summary.
    ToggleSummary,
    /// Opens the list of what the exchanges can be put in order by.
    Order,
    /// Turns that order round.
    Reverse,
    /// Folds or unfolds the attempts at one request.
    ToggleGroup,
    /// Folds or unfolds all of them.
    ToggleGroups,
    /// Opens the list of columns.
    Columns,
    /// Opens the list of sessions.
    Sessions,
    /// Shows or hides what gatetap itself had to say.
    ToggleLog,
    /// Shows the page of the check that found this.
    Explain,
    /// Asks whether to send the request again.
    SendAgain,
    /// Opens the request in an editor, to be sent again.
    EditRequest,
    /// Opens the line for a note.
    Note,
    /// Asks whether to take exchanges out of the recording.
    Delete,
    /// Opens the body in a pager.
    Pager,
    /// Plays the stream in its own time, or stops doing so.
    TogglePlay,
    /// Stops the playing for a while, or lets it go on.
    HoldPlay,
    /// Plays faster.
    Faster,
    /// Plays slower.
    Slower,
    /// Says yes.
    Agree,
    /// Stops the program until the shell lets it go on.
    Suspend,
    /// Shows or hides the help.
    ToggleHelp,
    /// Changes the colours.
    NextTheme,
    /// Puts a letter into the line.
    Type(char),
    /// Changes the line.
    Edit(Edit),
    /// Puts the next or the previous candidate into the line.
    Candidate(Motion),
    /// Puts a line that was there before into the line.
    History(Motion),
    /// Does what the line says.
    Accept,
    /// Leaves what is open; at the top, the filter, then the program.
    Back,
    /// Leaves what is open; at the top, the program.
    Leave,
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

/// A change of a line that is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each variant is the change of its name")]
pub enum Edit {
    Left,
    Right,
    Start,
    End,
    EraseBefore,
    EraseAfter,
    EraseWord,
    EraseAll,
}

/// A filter that is often wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "`about` says what each is")]
pub enum Preset {
    All,
    Errors,
    Slow,
    Cancelled,
    Findings,
}

impl Action {
    /// Whether it does something to the exchange that is selected, or to those that are marked.
    pub(super) const fn is_about_an_exchange(self) -> bool {
        matches!(
            self,
            Self::Copy
                | Self::ToggleMark
                | Self::Compare
                | Self::SendAgain
                | Self::EditRequest
                | Self::Note
                | Self::Delete
        )
    }
}

impl Preset {
    /// Every one of them that asks for something.
    pub const ALL: [Self; 4] = [Self::Errors, Self::Slow, Self::Cancelled, Self::Findings];

    /// The filter.
    pub const fn filter(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Errors => "is:error",
            Self::Slow => "ttft>2s OR duration>30s",
            Self::Cancelled => "is:cancelled",
            Self::Findings => "finding:*",
        }
    }

    /// What it asks for.
    pub const fn about(self) -> &'static str {
        match self {
            Self::All => "every exchange",
            Self::Errors => "what went wrong",
            Self::Slow => "what was slow",
            Self::Cancelled => "what the app broke off",
            Self::Findings => "what a check found something in",
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// The keys, the one to show first; none for what only the list of commands has.
    pub keys: &'static [Key],
    /// Where they work.
    pub context: Context,
    /// What they do.
    pub action: Action,
    /// The word in the footer; `None` keeps it out of there.
    pub hint: Option<&'static str>,
    /// The line in the help and in the list of commands; `None` where the line before speaks for this one
    /// too.
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

use Context::{Anywhere, Asked, Events, List, Page, Pane, Playing, Prompt, Sending};
use Key::{
    BackTab, Backspace, Char, Ctrl, Delete, Down, End, Enter, Esc, Home, Left, PageDown, PageUp, Right, Tab,
    Up,
};

/// Every key.
#[rustfmt::skip]
pub static BINDINGS: &[Binding] = &[
    bind(List, &[Enter, Right, Char('l')], Action::Open, Some("open"), Some("open the exchange")),
    bind(List, &[Char('/'), Char('f')], Action::Filter, Some("filter"), Some("filter the list")),
    bind(List, &[], Action::Preset(Preset::Errors), None, Some("show only what went wrong")),
    bind(List, &[], Action::Preset(Preset::Slow), None, Some("show only what was slow")),
    bind(List, &[], Action::Preset(Preset::Cancelled), None, Some("show only what the app broke off")),
    bind(List, &[], Action::Preset(Preset::Findings), None, Some("show only what a check found something in")),
    bind(List, &[], Action::Preset(Preset::All), None, Some("show all exchanges")),
    bind(List, &[Char('F')], Action::ToggleFollow, Some("follow"), Some("follow the newest; moving stops it")),
    bind(List, &[Char('n')], Action::Next(Motion::Down), None, Some("next that went wrong, or has a finding")),
    bind(List, &[Char('N')], Action::Next(Motion::Up), None, Some("previous of those")),
    bind(List, &[Char('o')], Action::Order, None, Some("put in order by a column; again turns it round")),
    bind(List, &[Char('O')], Action::Reverse, None, Some("turn the order round")),
    bind(List, &[Char('z')], Action::ToggleGroup, None, Some("fold the attempts at one request, or unfold them")),
    bind(List, &[Char('Z')], Action::ToggleGroups, None, Some("fold or unfold the attempts at every request")),
    bind(List, &[Char('C')], Action::Columns, None, Some("show or hide columns")),
    bind(List, &[Char('1')], Action::ShowTab(1), None, Some("open at a tab")),
    bind(List, &[Char('2')], Action::ShowTab(2), None, None),
    bind(List, &[Char('3')], Action::ShowTab(3), None, None),
    bind(List, &[Char('4')], Action::ShowTab(4), None, None),
    bind(List, &[Char('5')], Action::ShowTab(5), None, None),
    bind(List, &[Char('6')], Action::ShowTab(6), None, None),
    bind(List, &[Char('7')], Action::ShowTab(7), None, None),
    bind(List, &[Esc], Action::Back, None, Some("take the filter away")),
    bind(List, &[Char('q')], Action::Leave, Some("quit"), Some("quit; asks first where that cuts a stream")),
    bind(Pane, &[Char('1')], Action::ShowTab(1), None, Some("show a tab")),
    bind(Pane, &[Char('2')], Action::ShowTab(2), None, None),
    bind(Pane, &[Char('3')], Action::ShowTab(3), None, None),
    bind(Pane, &[Char('4')], Action::ShowTab(4), None, None),
    bind(Pane, &[Char('5')], Action::ShowTab(5), None, None),
    bind(Pane, &[Char('6')], Action::ShowTab(6), None, None),
    bind(Pane, &[Char('7')], Action::ShowTab(7), None, None),
    bind(Pane, &[Tab, Right, Char('l')], Action::NextTab, Some("next tab"), Some("next tab")),
    bind(Pane, &[BackTab, Left, Char('h')], Action::PreviousTab, None, Some("previous tab")),
    bind(Pane, &[Char('J')], Action::Neighbour(Motion::Down), Some("next"), Some("next exchange")),
    bind(Pane, &[Char('K')], Action::Neighbour(Motion::Up), None, Some("previous exchange")),
    bind(Pane, &[Enter], Action::Open, None, Some("the event whole; from a finding to its evidence")),
    bind(Pane, &[Char('z')], Action::ToggleZoom, None, Some("whole screen, and back")),
    bind(Pane, &[Char('/')], Action::Find, Some("search"), Some("search in the tab")),
    bind(Pane, &[Char('n')], Action::Next(Motion::Down), None, Some("next place that has it")),
    bind(Pane, &[Char('N')], Action::Next(Motion::Up), None, Some("previous place that has it")),
    bind(Pane, &[Char('b')], Action::NextForm, None, Some("bodies indented, as they are, or as bytes")),
    bind(Pane, &[Char('o')], Action::ToggleFold, None, Some("long messages folded, or whole")),
    bind(Pane, &[Char('x')], Action::Explain, None, Some("the page of the check that found this")),
    bind(Pane, &[Char('f')], Action::Filter, None, Some("filter the list")),
    bind(Pane, &[Char('F')], Action::ToggleFollow, None, Some("follow the newest exchange")),
    bind(Pane, &[Char('q'), Esc], Action::Back, Some("back"), Some("back to the list")),
    bind(Pane, &[Char('v')], Action::Pager, None, Some("the body in $PAGER")),
    bind(Events, &[Char('p')], Action::TogglePlay, Some("play"), Some("play the stream in its own time")),
    bind(Playing, &[Char(' ')], Action::HoldPlay, Some("hold"), Some("hold, and go on; at the end, again")),
    bind(Playing, &[Char('+'), Char('=')], Action::Faster, Some("faster"), Some("faster: up to ×16")),
    bind(Playing, &[Char('-')], Action::Slower, Some("slower"), Some("slower: down to ×¼")),
    bind(Playing, &[Char('j'), Down], Action::Move(Motion::Down), Some("step"), Some("hold, and show the next event")),
    bind(Playing, &[Char('k'), Up], Action::Move(Motion::Up), None, Some("hold, and take the last event back")),
    bind(Playing, &[Char('p'), Esc, Char('q')], Action::TogglePlay, Some("stop"), Some("show all of the stream again")),
    bind(Page, &[Char('j'), Down], Action::Move(Motion::Down), Some("scroll"), None),
    bind(Page, &[Char('/')], Action::Find, Some("search"), None),
    bind(Page, &[Char('n')], Action::Next(Motion::Down), None, None),
    bind(Page, &[Char('N')], Action::Next(Motion::Up), None, None),
    bind(Page, &[Char('q'), Esc, Char('?'), Char('s'), Char('E')], Action::Back, Some("back"), None),
    bind(Prompt, &[Enter], Action::Accept, Some("do it"), None),
    bind(Prompt, &[Tab], Action::Candidate(Motion::Down), Some("complete"), None),
    bind(Prompt, &[BackTab], Action::Candidate(Motion::Up), None, None),
    bind(Prompt, &[Up], Action::History(Motion::Up), Some("before"), None),
    bind(Prompt, &[Down], Action::History(Motion::Down), None, None),
    bind(Prompt, &[Esc, Ctrl('c'), Ctrl('g')], Action::Back, Some("back"), None),
    bind(Prompt, &[Left, Ctrl('b')], Action::Edit(Edit::Left), None, None),
    bind(Prompt, &[Right, Ctrl('f')], Action::Edit(Edit::Right), None, None),
    bind(Prompt, &[Home, Ctrl('a')], Action::Edit(Edit::Start), None, None),
    bind(Prompt, &[End, Ctrl('e')], Action::Edit(Edit::End), None, None),
    bind(Prompt, &[Backspace, Ctrl('h')], Action::Edit(Edit::EraseBefore), None, None),
    bind(Prompt, &[Delete, Ctrl('d')], Action::Edit(Edit::EraseAfter), None, None),
    bind(Prompt, &[Ctrl('w')], Action::Edit(Edit::EraseWord), None, None),
    bind(Prompt, &[Ctrl('u')], Action::Edit(Edit::EraseAll), None, None),
    bind(Prompt, &[Ctrl('z')], Action::Suspend, None, None),
    bind(Asked, &[Char('y')], Action::Agree, Some("yes"), None),
    bind(Asked, &[Char('n'), Esc, Char('q')], Action::Back, Some("no"), None),
    bind(Asked, &[Char('Q'), Ctrl('c')], Action::Quit, None, None),
    bind(Asked, &[Ctrl('z')], Action::Suspend, None, None),
    bind(Sending, &[Char('y')], Action::Agree, Some("send"), None),
    bind(Sending, &[Char('e')], Action::EditRequest, Some("edit"), None),
    bind(Anywhere, &[Char('j'), Down], Action::Move(Motion::Down), None, Some("down")),
    bind(Anywhere, &[Char('k'), Up], Action::Move(Motion::Up), None, Some("up")),
    bind(Anywhere, &[Ctrl('d')], Action::Move(Motion::HalfPageDown), None, Some("half a page down")),
    bind(Anywhere, &[Ctrl('u')], Action::Move(Motion::HalfPageUp), None, Some("half a page up")),
    bind(Anywhere, &[PageDown, Ctrl('f'), Char(' ')], Action::Move(Motion::PageDown), None, Some("a page down")),
    bind(Anywhere, &[PageUp, Ctrl('b')], Action::Move(Motion::PageUp), None, Some("a page up")),
    bind(Anywhere, &[Char('g'), Home], Action::Move(Motion::First), None, Some("to the first")),
    bind(Anywhere, &[Char('G'), End], Action::Move(Motion::Last), None, Some("to the last, and follow")),
    bind(Anywhere, &[Char('y')], Action::Copy, None, Some("copy: as curl, a body, JSON, the answer")),
    bind(Anywhere, &[Char('m')], Action::ToggleMark, None, Some("mark the exchange")),
    bind(Anywhere, &[Char('D')], Action::Compare, None, Some("compare two that are marked")),
    bind(Anywhere, &[Char('?')], Action::ToggleHelp, Some("help"), Some("this help")),
    bind(Anywhere, &[Char('s')], Action::ToggleSummary, Some("summary"), Some("the summary of what the filter shows")),
    bind(Anywhere, &[Char('S')], Action::Sessions, None, Some("choose a session, or another recording")),
    bind(Anywhere, &[Char('E')], Action::ToggleLog, None, Some("what gatetap itself had to say")),
    bind(Anywhere, &[Char('!')], Action::Faults, None, Some("arm or disarm a fault")),
    bind(Anywhere, &[Char('p')], Action::TogglePause, None, Some("pause the screen, not the recording")),
    bind(Anywhere, &[Char('T')], Action::NextTheme, None, Some("other colours")),
    bind(Anywhere, &[Char(':'), Ctrl('p')], Action::Commands, None, Some("every command; a number goes to that exchange")),
    bind(Anywhere, &[Ctrl('z')], Action::Suspend, None, Some("back to the shell for a while; `fg` returns")),
    bind(Anywhere, &[Char('r')], Action::SendAgain, Some("send again"), Some("send the request again; asks first")),
    bind(Anywhere, &[Char('e')], Action::EditRequest, None, Some("edit the request in $EDITOR, then send it")),
    bind(Anywhere, &[Char(';')], Action::Note, None, Some("write a note on it, or on all marked")),
    bind(Anywhere, &[Char('d')], Action::Delete, None, Some("delete it, or all marked; asks first")),
    bind(Anywhere, &[Char('Q'), Ctrl('c')], Action::Quit, None, Some("quit at once")),
];

impl Context {
    /// Where keys are looked for that this binds nothing to.
    const fn beyond(self) -> Option<Self> {
        match self {
            Playing => Some(Events),
            Events => Some(Pane),
            List | Pane | Page => Some(Anywhere),
            Sending => Some(Asked),
            Asked | Prompt | Anywhere => None,
        }
    }
}

/// What `key` does in `context`.
pub fn action(context: Context, key: Key) -> Option<Action> {
    match (bound(context, key), context, key) {
        (Some(binding), ..) => Some(binding.action),
        (None, Prompt, Char(letter)) => Some(Action::Type(letter)),
        (None, ..) => None,
    }
}

/// What to say of a key that does nothing in `context`; nothing where one answers a question or types.
pub fn elsewhere(context: Context, key: Key) -> Option<String> {
    if matches!(context, Prompt | Asked | Sending) {
        return None;
    }
    if context == Page {
        return Some(format!("{key} does nothing on this page; q closes it"));
    }
    let place = BINDINGS.iter().find(|binding| binding.keys.contains(&key)).map(|binding| binding.context);
    Some(match place {
        Some(List) => format!("{key} is for the list: q goes back"),
        Some(Pane) => format!("{key} is for an open exchange: enter opens one"),
        Some(Events | Playing) => format!("{key} is for the events of a stream: 3 shows them"),
        _ => format!("{key} does nothing here; ? lists the keys"),
    })
}

/// The nearest binding of `key`.
fn bound(context: Context, key: Key) -> Option<&'static Binding> {
    let places = std::iter::successors(Some(context), |context| context.beyond());
    let mut bindings =
        places.flat_map(|place| BINDINGS.iter().filter(move |binding| binding.context == place));
    bindings.find(|binding| binding.keys.contains(&key))
}

/// The bindings in force in `context`, nearest first, but for those that a nearer one hides.
fn in_force(context: Context) -> impl Iterator<Item = &'static Binding> {
    let places = std::iter::successors(Some(context), |context| context.beyond());
    let bindings = places.flat_map(|place| BINDINGS.iter().filter(move |binding| binding.context == place));
    bindings.filter(move |binding| {
        let first = binding.keys.first();
        first.is_none_or(|key| bound(context, *key).is_some_and(|nearest| std::ptr::eq(nearest, *binding)))
    })
}

/// The hints of the footer for `context`, the most useful first: key, word, and what it does.
pub fn hints(context: Context) -> impl Iterator<Item = (Key, &'static str, Action)> {
    in_force(context)
        .filter(move |binding| context != Page || binding.context == context)
        .filter_map(|binding| Some((*binding.keys.first()?, binding.hint?, binding.action)))
}

/// What can be done in `context`, by the line that says so in the help.
pub fn commands(context: Context) -> impl Iterator<Item = (&'static Binding, &'static str)> {
    in_force(context).filter_map(|binding| Some((binding, binding.help?)))
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
            KeyCode::Backspace => Self::Backspace,
            KeyCode::Delete => Self::Delete,
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
            Self::Char(' ') => f.write_str("space"),
            Self::Char(c) => write!(f, "{c}"),
            Self::Ctrl(c) => write!(f, "ctrl-{c}"),
            Self::Enter => f.write_str("enter"),
            Self::Esc => f.write_str("esc"),
            Self::Tab => f.write_str("tab"),
            Self::BackTab => f.write_str("shift-tab"),
            Self::Backspace => f.write_str("backspace"),
            Self::Delete => f.write_str("del"),
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
