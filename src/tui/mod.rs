//! The live view: a recording in the terminal, also while it is being written.
//!
//! | part | what it is |
//! |---|---|
//! | [`state`] | what is shown; changed only by [`state::update`], which is pure |
//! | [`view`] | draws the state; knows no file and no time |
//! | [`keymap`] | every key, in one table |
//! | [`theme`] | colours by role |
//! | [`loader`] | a thread that owns the reader and reads what is in sight |
//! | [`deeds`] | a thread for what changes the recording or asks a gateway |
//! | [`programs`] | the editor and the pager, which get the terminal lent |
//! | [`kept`] | the file of what was chosen in the view |
//! | [`totals`] | what many exchanges amount to |
//!
//! [`run`] is the loop between them and the only place that touches the terminal.
//!
//! # Invariants
//!
//! * The thread that draws never reads the recording, nor writes into it.
//! * Memory does not grow with the recording: a window of [`state::WINDOW`] rows and one exchange are held.
//! * Recorded text reaches the screen only through [`crate::exchange::text::printable`].
//! * The terminal is given back on every way out.

mod bell;
mod clipboard;
mod conversation;
mod copy;
pub mod deeds;
pub mod draft;
mod json_text;
pub mod kept;
pub mod keymap;
pub mod loader;
pub mod prepare;
pub mod programs;
mod questions;
mod signals;
pub mod state;
mod terminal;
pub mod theme;
pub mod totals;
pub mod view;

use crate::exchange::time::{Clock, Micros};
use crate::fault::Armed;
use bell::{Bell, Outbox};
use crossterm::event::{Event, MouseButton, MouseEventKind};
use deeds::{Doer, Environment, Sending};
use jiff::tz::TimeZone;
use kept::Kept;
use keymap::Key;
pub use signals::Signals;
use state::{App, Cmd, Deed, Interest, Mouse, Msg, Words, update};
use std::fmt;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel, sync_channel};
use std::task::Context;
use std::time::Duration;
use theme::Theme;
use view::Ui;

/// The least time between two frames, 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// The longest sleep of a screen on which nothing moves. Keys, signals and what was read end it; trouble and
/// faults armed from elsewhere wait for its end.
const RESTING: Duration = Duration::from_secs(1);

/// How often time passes on a screen that has something open.
const TICK: Micros = Micros(100_000);

/// How many answers of the loader may wait.
const WAITING: usize = 4;

/// What to show, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The recording. It need not be there yet.
    pub recording: PathBuf,
    /// The title, the warnings and the first screen.
    pub words: Words,
    /// Whether to stay on the newest exchange.
    pub follow: bool,
    /// Told by a signal handler.
    pub signals: Arc<Signals>,
    /// Asked now and then.
    pub trouble: Trouble,
    /// The faults of the running proxy; `None` where no request passes.
    pub armed: Option<Arc<Armed>>,
    /// What sends requests again; `None` where nothing may be sent.
    pub sending: Option<Sending>,
    /// Where keys are looked up.
    pub environment: Environment,
    /// Where time comes from.
    pub clock: Clock,
    /// The zone that times are shown in.
    pub zone: TimeZone,
    /// The colours, unless others were chosen before.
    pub theme: Theme,
    /// Where it is kept what was chosen in the view.
    pub kept: Option<PathBuf>,
}

/// Tells what is wrong at present with what is being watched: a sentence, or nothing.
#[derive(Clone)]
pub struct Trouble(pub Arc<dyn Fn() -> Option<String> + Send + Sync>);

/// Why the view could not be shown, or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Standard output goes somewhere else.
    #[error("the live view needs a terminal; `--headless` does without")]
    NotATerminal,
    /// The terminal refused, or is gone.
    #[error("the terminal failed")]
    Terminal(#[from] io::Error),
    /// The thread that reads the recording ended before its time.
    #[error("reading the recording ended unexpectedly")]
    LoaderEnded,
}

impl Default for Trouble {
    /// Nothing is ever wrong.
    fn default() -> Self {
        Self(Arc::new(|| None))
    }
}

impl fmt::Debug for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trouble")
    }
}

/// Shows the recording until the person leaves or [`Signals::stop`] is called. Blocks the calling thread.
///
/// # Errors
/// [`Error::NotATerminal`] before anything is touched; after that the terminal has been given back
/// whatever is returned. A recording that cannot be read is no error: the view says so, and tries again.
pub fn run(settings: Settings) -> Result<(), Error> {
    if !io::stdout().is_terminal() {
        return Err(Error::NotATerminal);
    }
    let (interest_sender, interests) = channel();
    let (msg_sender, msgs) = sync_channel(WAITING);
    let bell = Bell::here();
    settings.signals.ring(bell.clone());
    let outbox = Outbox::new(msg_sender, bell.clone());
    let (path, clock) = (settings.recording.clone(), settings.clock.clone());
    let (deed_sender, deeds) = channel();
    let doer = Doer::new(settings.recording.clone(), settings.sending.clone(), settings.environment);
    let done = outbox.clone();
    let named = |name: &str| std::thread::Builder::new().name(name.to_owned());
    let loader = named("gatetap-loader").spawn(move || loader::run(&path, &clock, &interests, &outbox))?;
    let deeds = named("gatetap-deeds").spawn(move || deeds::run(&doer, &deeds, &done))?;
    let shown = Show { settings, interests: interest_sender, deeds: deed_sender, msgs }.run(&bell);
    // Without their channels, which went with the show, they end.
    drop((loader.join(), deeds.join()));
    shown
}

/// Gives the terminal back, whatever the view is doing.
pub fn give_terminal_back() {
    terminal::give_back();
}

/// The loop, and what it talks to.
struct Show {
    settings: Settings,
    interests: Sender<Interest>,
    deeds: Sender<Deed>,
    msgs: Receiver<Msg>,
}

impl Show {
    fn run(self, bell: &Bell) -> Result<(), Error> {
        let waker = bell.waker();
        let mut wakes = Context::from_waker(&waker);
        let mut screen = terminal::Screen::take()?;
        let clock = &self.settings.clock;
        let signals = &self.settings.signals;
        let mut kept = self.settings.kept.as_deref().map(Kept::read).unwrap_or_default();
        let mut ui = Ui::new(kept.theme_after(self.settings.theme), self.settings.zone.clone());
        let mut app = App::new(self.settings.words.clone(), self.settings.follow, clock.now().wall);
        app.columns = kept.columns();
        let mut drawn: Option<(u64, Micros)> = None;
        let mut ticked = clock.mono();
        let mut msg = Some(Msg::Resize);
        let mut panics = 0;
        while !signals.has_to_stop() {
            while let Some(happened) = msg.take() {
                match update(&mut app, happened) {
                    Some(Cmd::Quit) => return Ok(()),
                    Some(Cmd::Remember) => {
                        let before = kept.theme.clone();
                        kept = kept.updated(&app, &ui);
                        let theme = kept.theme.as_ref().filter(|theme| before.as_ref() != Some(theme));
                        let said = theme.map(|theme| Msg::Done(format!("colours: {theme}")));
                        let outcome = self.settings.kept.as_ref().map_or(Ok(()), |path| kept.write(path));
                        let failed = outcome.err().map(|error| Msg::Done(format!("not remembered: {error}")));
                        msg = failed.or(said);
                    }
                    Some(order) => msg = self.obey(order, &mut screen)?,
                    None => msg = received(&self.msgs)?,
                }
            }
            for panic in screen.panics(panics) {
                panics += 1;
                let warning = format!("A part of gatetap failed: {panic}");
                self.step(&mut app, Msg::Warning(warning));
            }
            let is_suspended = signals.is_suspended();
            if is_suspended || signals.is_resumed() {
                screen.lend(|| {
                    if is_suspended {
                        signals::stop_here(signals);
                    }
                })?;
                msg = Some(Msg::Resize);
                continue;
            }
            let now = clock.mono();
            let tick = if app.is_playing() { FRAME.into() } else { TICK };
            if now.since(ticked) >= tick {
                ticked = now;
                let faults = self.settings.armed.as_ref().map(|armed| armed.list(now));
                for news in [Msg::Trouble((self.settings.trouble.0)()), Msg::Faults(faults)] {
                    self.step(&mut app, news);
                }
                msg = Some(Msg::Tick(clock.now().wall));
                continue;
            }
            let is_dirty = drawn.is_none_or(|(revision, _)| revision != app.revision());
            let passed = drawn.map_or(Duration::MAX, |(_, at)| now.since(at).into());
            if is_dirty && passed >= FRAME {
                drawn = Some((app.revision(), now));
                screen.draw(|frame| view::view(&app, &mut ui, frame))?;
                msg = Some(Msg::Measured(ui.measures()));
                continue;
            }
            let event = screen.event(&mut wakes)?;
            let is_pressed = event.is_some();
            msg = match event.as_ref().and_then(pressed) {
                Some(pressed) => Some(pressed),
                None => received(&self.msgs)?,
            };
            if msg.is_some() || is_pressed {
                continue;
            }
            let sleep = if is_dirty {
                FRAME.saturating_sub(passed)
            } else if app.is_playing() {
                FRAME
            } else if app.is_live() {
                Duration::from(tick).saturating_sub(now.since(ticked).into())
            } else {
                RESTING
            };
            // Whoever has news for this thread unparks it, also before it parks.
            std::thread::park_timeout(sleep);
        }
        Ok(())
    }

    /// Takes in what asks for nothing but other things to be read.
    fn step(&self, app: &mut App, msg: Msg) {
        if let Some(Cmd::Watch(interest)) = update(app, msg) {
            self.watch(interest);
        }
    }

    fn watch(&self, interest: Interest) {
        // A loader that has ended is noticed where its messages are received.
        drop(self.interests.send(interest));
    }

    /// Does what is asked; gives what came of it, else the next message of the loader.
    fn obey(&self, order: Cmd, screen: &mut terminal::Screen) -> Result<Option<Msg>, Error> {
        let now = self.settings.clock.mono();
        let signals = &self.settings.signals;
        match order {
            Cmd::Watch(interest) => self.watch(interest),
            Cmd::Do(deed) => drop(self.deeds.send(deed)),
            Cmd::Copy(name, text) => return Ok(Some(Msg::Done(clipboard::copy(screen, name, &text)))),
            Cmd::Edit(id, draft) => {
                let edited = screen.lend(|| programs::edit(&draft, signals))?;
                return Ok(Some(Msg::Edited(id, draft, edited)));
            }
            Cmd::Page(paged) => {
                let shown = screen.lend(|| programs::page(&paged, signals))?;
                return Ok(Some(shown.map_or_else(Msg::Done, |()| Msg::Resize)));
            }
            Cmd::Suspend => signals::suspend_job(),
            Cmd::Arm(rules) => return Ok(self.change_faults(|armed| armed.arm(rules, now))),
            Cmd::Disarm(rule) => {
                return Ok(self.change_faults(|armed| {
                    armed.disarm(&rule);
                }));
            }
            Cmd::Rearm(rule, rules) => {
                return Ok(self.change_faults(|armed| {
                    armed.disarm(&rule);
                    armed.arm(rules, now);
                }));
            }
            Cmd::Remember | Cmd::Quit => {}
        }
        received(&self.msgs)
    }

    fn change_faults(&self, change: impl FnOnce(&Armed)) -> Option<Msg> {
        let armed = self.settings.armed.as_ref()?;
        change(armed);
        Some(Msg::Faults(Some(armed.list(self.settings.clock.mono()))))
    }
}

/// The next message of the loader, if there is one.
fn received(msgs: &Receiver<Msg>) -> Result<Option<Msg>, Error> {
    match msgs.try_recv() {
        Ok(msg) => Ok(Some(msg)),
        Err(TryRecvError::Empty) => Ok(None),
        Err(TryRecvError::Disconnected) => Err(Error::LoaderEnded),
    }
}

/// What an event of the terminal means here, if anything.
fn pressed(event: &Event) -> Option<Msg> {
    match event {
        Event::Key(key) => Key::from_event(*key).map(Msg::Key),
        Event::Resize(..) => Some(Msg::Resize),
        Event::Paste(text) => Some(Msg::Paste(text.clone())),
        Event::Mouse(mouse) => {
            let (x, y) = (mouse.column, mouse.row);
            match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Some(Msg::Mouse(Mouse::Click(x, y))),
                MouseEventKind::ScrollUp => Some(Msg::Mouse(Mouse::WheelUp(x, y))),
                MouseEventKind::ScrollDown => Some(Msg::Mouse(Mouse::WheelDown(x, y))),
                _ => None,
            }
        }
        _ => None,
    }
}
