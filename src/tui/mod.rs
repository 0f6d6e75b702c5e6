//! The live view: a recording in the terminal, also while it is being written.
//!
//! | part | what it is |
//! |---|---|
//! | [`state`] | what is shown; changed only by [`state::update`], which is pure |
//! | [`view`] | draws the state; knows no file and no time |
//! | [`keymap`] | every key, in one table |
//! | [`theme`] | colours by role |
//! | [`loader`] | a thread that owns the reader and reads what is in sight |
//! | [`kept`] | the file of what was chosen in the view |
//! | [`totals`] | what many exchanges amount to |
//!
//! [`run`] is the loop between them and the only place that touches the terminal.
//!
//! # Invariants
//!
//! * Nothing here writes into the recording, and the thread that draws never reads it.
//! * Memory does not grow with the recording: a window of [`state::WINDOW`] rows and one exchange are held.
//! * Recorded text reaches the screen only through [`crate::exchange::text::printable`].
//! * The terminal is given back on every way out.

mod clipboard;
mod conversation;
mod copy;
mod json_text;
pub mod kept;
pub mod keymap;
pub mod loader;
pub mod prepare;
mod questions;
pub mod state;
mod terminal;
pub mod theme;
pub mod totals;
pub mod view;

use crate::exchange::time::{Clock, Micros};
use crate::fault::Armed;
use crossterm::event::{self, Event, MouseButton, MouseEventKind};
use jiff::tz::TimeZone;
use kept::Kept;
use keymap::Key;
use state::{App, Cmd, Interest, Mouse, Msg, Words, update};
use std::fmt;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel, sync_channel};
use std::time::Duration;
use theme::Theme;
use view::Ui;

/// The least time between two frames, 30 a second; also the longest sleep while something happens.
const FRAME: Duration = Duration::from_millis(33);

/// The longest sleep once nothing has happened for [`QUIET`], but for keys, which end it; and so how late
/// [`Settings::stop`] may be noticed.
const RESTING: Duration = Duration::from_millis(100);

/// So long after the last thing that happened the view comes to rest.
const QUIET: Micros = Micros(2_000_000);

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
    /// Set by a signal handler: the view ends within 100 milliseconds.
    pub stop: Arc<AtomicBool>,
    /// Asked now and then.
    pub trouble: Trouble,
    /// The faults of the running proxy; `None` where no request passes.
    pub armed: Option<Arc<Armed>>,
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

impl Settings {
    /// The usual settings for a recording: following, the system's clock and zone, colours as `NO_COLOR`
    /// says.
    pub fn new(recording: PathBuf) -> Self {
        Self {
            recording,
            words: Words::default(),
            follow: true,
            stop: Arc::default(),
            trouble: Trouble::default(),
            armed: None,
            clock: Clock::system(),
            zone: TimeZone::system(),
            theme: Theme::from_environment(),
            kept: None,
        }
    }
}

/// Shows the recording until the person leaves or [`Settings::stop`] is set. Blocks the calling thread.
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
    let (path, clock) = (settings.recording.clone(), settings.clock.clone());
    let loader = std::thread::Builder::new()
        .name("gatetap-loader".to_owned())
        .spawn(move || loader::run(&path, &clock, &interests, &msg_sender))?;
    let shown = show(settings, &interest_sender, &msgs);
    // Without them the loader ends. Whether it had ended before, `shown` knows.
    drop((interest_sender, msgs));
    drop(loader.join());
    shown
}

/// Gives the terminal back, whatever the view is doing.
pub fn give_terminal_back() {
    terminal::give_back();
}

fn show(settings: Settings, interests: &Sender<Interest>, msgs: &Receiver<Msg>) -> Result<(), Error> {
    let mut screen = terminal::Screen::take()?;
    let clock = settings.clock;
    let mut kept = settings.kept.as_deref().map(Kept::read).unwrap_or_default();
    let mut ui = Ui::new(kept.theme_after(settings.theme), settings.zone);
    let mut app = App::new(settings.words, settings.follow, clock.now().wall);
    app.columns = kept.columns();
    let step = |app: &mut App, msg| match update(app, msg) {
        None => ControlFlow::Continue(None),
        Some(Cmd::Quit) => ControlFlow::Break(()),
        Some(order @ (Cmd::Copy(..) | Cmd::Arm(_) | Cmd::Disarm(_) | Cmd::Remember)) => {
            ControlFlow::Continue(Some(order))
        }
        Some(Cmd::Watch(interest)) => {
            // A loader that has ended is noticed where its messages are received.
            drop(interests.send(interest));
            ControlFlow::Continue(None)
        }
    };
    let mut drawn: Option<(u64, Micros)> = None;
    let mut ticked = clock.mono();
    let mut msg = Some(Msg::Resize);
    let mut panics = 0;
    while !settings.stop.load(Ordering::Relaxed) {
        while let Some(happened) = msg.take() {
            match step(&mut app, happened) {
                ControlFlow::Break(()) => return Ok(()),
                ControlFlow::Continue(None) => msg = received(msgs)?,
                ControlFlow::Continue(Some(Cmd::Copy(name, text))) => {
                    msg = Some(Msg::Done(clipboard::copy(&mut screen, name, &text)));
                }
                ControlFlow::Continue(Some(Cmd::Remember)) => {
                    kept = kept.updated(&app, &ui);
                    let outcome = settings.kept.as_ref().map_or(Ok(()), |path| kept.write(path));
                    msg = outcome.err().map(|error| Msg::Done(format!("not remembered: {error}")));
                }
                ControlFlow::Continue(Some(order)) => {
                    if let Some(armed) = &settings.armed {
                        obey(armed, order, clock.mono());
                        msg = Some(Msg::Faults(Some(armed.list(clock.mono()))));
                    }
                }
            }
        }
        for panic in screen.panics(panics) {
            panics += 1;
            let warning = format!("A part of gatetap failed: {panic}");
            if step(&mut app, Msg::Warning(warning)).is_break() {
                return Ok(());
            }
        }
        let now = clock.mono();
        if now.since(ticked) >= TICK {
            ticked = now;
            let faults = settings.armed.as_ref().map(|armed| armed.list(now));
            for news in [Msg::Trouble((settings.trouble.0)()), Msg::Faults(faults)] {
                if step(&mut app, news).is_break() {
                    return Ok(());
                }
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
        let is_quiet = !app.is_live() && drawn.is_some_and(|(_, at)| now.since(at) >= QUIET);
        let sleep = match (is_dirty, is_quiet) {
            (true, _) => FRAME.saturating_sub(passed),
            (false, true) => RESTING,
            (false, false) => FRAME,
        };
        if event::poll(sleep)? {
            msg = pressed(&event::read()?);
        }
        if msg.is_none() {
            msg = received(msgs)?;
        }
    }
    Ok(())
}

/// Arms or disarms.
fn obey(armed: &Armed, order: Cmd, now: Micros) {
    match order {
        Cmd::Arm(rules) => armed.arm(rules, now),
        Cmd::Disarm(rule) => drop(armed.disarm(&rule)),
        Cmd::Copy(..) | Cmd::Watch(_) | Cmd::Remember | Cmd::Quit => {}
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
