//! The live view without terminal and threads: the loader answers at once.

use super::fixture::{Recording, START};
use gatetap::exchange::time::{Clock, Micros, WallTime};
use gatetap::fault::Armed;
use gatetap::store::Reader;
use gatetap::tui::deeds::{Doer, Environment, Sending};
use gatetap::tui::kept::Kept;
use gatetap::tui::keymap::Key;
use gatetap::tui::loader::Loader;
use gatetap::tui::programs::write_body;
use gatetap::tui::state::{App, Cmd, Failure, Interest, Msg, Words, update};
use gatetap::tui::theme::Theme;
use gatetap::tui::view::{Ui, view};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::CellWidth;
use ratatui::style::Modifier;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

pub(super) struct Harness {
    pub(super) app: App,
    pub(super) quit: bool,
    /// Every interest there was, in order.
    pub(super) interests: Vec<Interest>,
    /// What was copied last: its name and the text.
    pub(super) copied: Option<(&'static str, String)>,
    /// What stood in the pager last.
    pub(super) paged: Option<String>,
    /// How often the program was to stop.
    pub(super) suspended: usize,
    /// What the person makes of a draft in the editor.
    pub(super) editor: fn(&str) -> Result<String, String>,
    /// What was sent again, and what its first line and its body were.
    pub(super) sent: Arc<Mutex<Vec<String>>>,
    doer: Option<Doer>,
    /// What was to be remembered last.
    pub(super) kept: Kept,
    ui: Ui,
    loader: Option<Loader>,
    home: Option<PathBuf>,
    armed: Option<Armed>,
    terminal: Terminal<TestBackend>,
}

impl Harness {
    /// On a recording, seen one minute after it began.
    pub(super) fn new(recording: &Recording, size: (u16, u16)) -> Self {
        let mut harness = Self::without_loader(size);
        harness.doer = Some(Doer::new(recording.path(), Some(harness.sending(Ok(()))), key));
        harness.loader = Some(Loader::new(Reader::open(&recording.path()).unwrap(), clock()));
        harness.home = Some(recording.path());
        harness.send(Msg::Resize);
        harness
    }

    /// Sends nothing, and notes what it would.
    fn sending(&self, outcome: Result<(), &'static str>) -> Sending {
        let sent = Arc::clone(&self.sent);
        Sending(Arc::new(move |gateway, ready| {
            let bytes = ready.again.shown("gateway.example");
            sent.lock().unwrap().push(format!("{gateway} {}", String::from_utf8(bytes).unwrap()));
            outcome.map_err(str::to_owned)
        }))
    }

    /// From now on with a doer that cannot send, or has no key.
    pub(super) fn with_doer(
        mut self,
        recording: &Path,
        outcome: Option<Result<(), &'static str>>,
        key: Environment,
    ) -> Self {
        let sending = outcome.map(|outcome| self.sending(outcome));
        self.doer = Some(Doer::new(recording.to_owned(), sending, key));
        self
    }

    /// From now on without colours.
    pub(super) fn without_colour(mut self) -> Self {
        self.ui = Ui::new(Theme::Plain, TimeZone::UTC);
        self
    }

    /// From now on with a proxy whose faults can be armed.
    pub(super) fn with_faults(mut self) -> Self {
        self.armed = Some(Armed::new(1));
        self.tell_faults();
        self
    }

    /// Tells what is armed, as the loop does.
    pub(super) fn tell_faults(&mut self) {
        let armed = self.armed.as_ref().map(|armed| armed.list(Micros(0)));
        self.send(Msg::Faults(armed));
    }

    /// On nothing, and nothing is ever read.
    pub(super) fn without_loader(size: (u16, u16)) -> Self {
        let words = Words {
            title: "listening on http://127.0.0.1:7117 → nexorouter".to_owned(),
            warnings: Vec::new(),
            how_to: vec![
                "Nothing recorded yet. Point an app here:".to_owned(),
                String::new(),
                "  export OPENAI_BASE_URL=http://127.0.0.1:7117/v1".to_owned(),
                "  export ANTHROPIC_BASE_URL=http://127.0.0.1:7117".to_owned(),
                String::new(),
                "or let gatetap do it:  gatetap exec -- python app.py".to_owned(),
            ],
            gateway: "nexorouter".to_owned(),
        };
        let now = START.plus(Micros(60_000_000));
        Self {
            app: App::new(words, true, now),
            quit: false,
            interests: Vec::new(),
            copied: None,
            paged: None,
            suspended: 0,
            editor: |_| Err("`vi` ended with exit status: 1; nothing was done".to_owned()),
            sent: Arc::default(),
            doer: None,
            kept: Kept::default(),
            ui: Ui::new(Theme::Terminal, TimeZone::UTC),
            loader: None,
            home: None,
            armed: None,
            terminal: Terminal::new(TestBackend::new(size.0, size.1)).unwrap(),
        }
    }

    pub(super) fn send(&mut self, msg: Msg) {
        match update(&mut self.app, msg) {
            Some(Cmd::Quit) => self.quit = true,
            Some(Cmd::Watch(interest)) => {
                self.watch(interest);
            }
            Some(Cmd::Arm(rules)) => self.armed.as_ref().unwrap().arm(rules, Micros(0)),
            Some(Cmd::Disarm(rule)) => assert_eq!(self.armed.as_ref().unwrap().disarm(&rule), 1),
            Some(Cmd::Rearm(rule, rules)) => {
                let armed = self.armed.as_ref().unwrap();
                assert_eq!(armed.disarm(&rule), 1);
                armed.arm(rules, Micros(0));
            }
            Some(Cmd::Copy(name, text)) => self.copied = Some((name, text)),
            Some(Cmd::Do(deed)) => {
                let done = self.doer.as_ref().unwrap().carry_out(deed);
                self.send(done);
            }
            Some(Cmd::Edit(id, draft)) => {
                let edited = (self.editor)(&draft);
                self.send(Msg::Edited(id, draft, edited));
            }
            Some(Cmd::Page(paged)) => {
                let mut text = Vec::new();
                write_body(&paged, &mut text).unwrap();
                self.paged = Some(String::from_utf8(text).unwrap());
            }
            Some(Cmd::Suspend) => self.suspended += 1,
            Some(Cmd::Remember) => self.kept = std::mem::take(&mut self.kept).updated(&self.app, &self.ui),
            None => {}
        }
        self.draw();
        self.look();
    }

    /// The loader is told, or where another recording is wanted, one for that takes its place.
    fn watch(&mut self, interest: Interest) {
        let before = self.interests.last().and_then(|interest| interest.recording.clone());
        if interest.recording != before {
            let path = interest.recording.as_deref().or(self.home.as_deref());
            let reader = Reader::open(path.unwrap()).unwrap();
            self.loader = Some(Loader::new(reader, clock()));
        }
        self.interests.push(interest.clone());
        if let Some(loader) = &mut self.loader {
            loader.watch(interest);
        }
    }

    /// Lets the loader look for something new.
    pub(super) fn look(&mut self) {
        let found = self.loader.as_mut().map(Loader::look);
        match found {
            Some(Ok(Some(loaded))) => self.send(Msg::Loaded(Box::new(loaded))),
            Some(Err(error)) => self.send(Msg::Failed(Failure::of(&error))),
            _ => {}
        }
        while let Some(loader) = &mut self.loader {
            match loader.answer().unwrap() {
                Some(answer) => self.send(Msg::Answered(answer)),
                None if loader.is_busy() => {}
                None => break,
            }
        }
    }

    /// Presses keys: letters stand for themselves, `<enter>` and the like for the other keys.
    pub(super) fn keys(&mut self, script: &str) -> &mut Self {
        let mut rest = script;
        while let Some(c) = rest.chars().next() {
            let (key, after) = match rest.strip_prefix('<').and_then(|name| name.split_once('>')) {
                Some((name, after)) => (named(name), after),
                None => (Key::Char(c), rest.strip_prefix(c).unwrap()),
            };
            self.send(Msg::Key(key));
            rest = after;
        }
        self
    }

    pub(super) fn tick(&mut self, now: WallTime) {
        self.send(Msg::Tick(now));
    }

    pub(super) fn resize(&mut self, width: u16, height: u16) {
        self.terminal.backend_mut().resize(width, height);
        self.send(Msg::Resize);
    }

    /// The screen as text, without the white space at the ends of lines.
    pub(super) fn screen(&self) -> String {
        let buffer = self.buffer();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut x = 0;
            let mut line = String::new();
            while x < buffer.area.width {
                let cell = &buffer[(x, y)];
                line.push_str(cell.symbol());
                // What stands behind a wide letter is not seen.
                x += cell.cell_width().max(1);
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// The text of every line that has something reversed in it.
    pub(super) fn reversed(&self) -> String {
        let buffer = self.buffer();
        let is_reversed =
            |y: u16| (0..buffer.area.width).any(|x| buffer[(x, y)].modifier.contains(Modifier::REVERSED));
        let screen = self.screen();
        (0..)
            .zip(screen.lines())
            .filter(|(y, _)| is_reversed(*y))
            .map(|(_, line)| line)
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(super) fn buffer(&self) -> &ratatui::buffer::Buffer {
        self.terminal.backend().buffer()
    }

    fn draw(&mut self) {
        for _ in 0..4 {
            let revision = self.app.revision();
            self.terminal.draw(|frame| view(&self.app, &mut self.ui, frame)).unwrap();
            match update(&mut self.app, Msg::Measured(self.ui.measures())) {
                Some(Cmd::Watch(interest)) => self.watch(interest),
                other => assert_eq!(other, None),
            }
            if self.app.revision() == revision {
                return;
            }
        }
        panic!("drawing does not come to rest");
    }
}

/// An environment that has every key.
fn key(name: &str) -> Option<String> {
    name.ends_with("_API_KEY").then(|| "sk-not-a-key".to_owned())
}

/// One minute after a recording began.
fn clock() -> Clock {
    Clock::fixed(START.plus(Micros(60_000_000)))
}

fn named(name: &str) -> Key {
    match name {
        "enter" => Key::Enter,
        "bs" => Key::Backspace,
        "del" => Key::Delete,
        "esc" => Key::Esc,
        "tab" => Key::Tab,
        "backtab" => Key::BackTab,
        "up" => Key::Up,
        "down" => Key::Down,
        "left" => Key::Left,
        "right" => Key::Right,
        "pgup" => Key::PageUp,
        "pgdn" => Key::PageDown,
        "home" => Key::Home,
        "end" => Key::End,
        _ => {
            let letter = name.strip_prefix("ctrl-").and_then(|rest| rest.chars().next());
            Key::Ctrl(letter.unwrap())
        }
    }
}
