//! The terminal: taken over as a whole, and given back however this ends.

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event, EventStream,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use futures_util::StreamExt as _;
use ratatui::Frame;
use ratatui::backend::CrosstermBackend;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, BufWriter, Stdout, Write as _};
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

type Hook = dyn Fn(&PanicHookInfo<'_>) + Sync + Send;

/// The whole terminal. Dropping it gives the terminal back; so does a panic of the thread that took it,
/// before it prints.
///
/// What another thread says in its panic would be lost on the screen and spoil it: it is kept, told by
/// [`Screen::panics`], and printed once the terminal has been given back.
pub(super) struct Screen {
    terminal: ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    /// None while the terminal is lent: nobody else may read its keys then.
    events: Option<EventStream>,
    hook_before: Arc<Hook>,
    panics: Arc<Mutex<Vec<String>>>,
}

/// A frame is a few kilobytes; one that fits is one write.
const FRAME_BUFFER: usize = 64 * 1024;

impl Screen {
    /// Takes the terminal over.
    pub(super) fn take() -> io::Result<Self> {
        let hook_before: Arc<Hook> = std::panic::take_hook().into();
        let panics = Arc::default();
        std::panic::set_hook(hook(Arc::clone(&hook_before), Arc::clone(&panics)));
        match take_over() {
            Ok(terminal) => Ok(Self { terminal, events: Some(EventStream::new()), hook_before, panics }),
            Err(error) => {
                give_back();
                hang_back(hook_before);
                Err(error)
            }
        }
    }

    /// What other threads said in their panics, from the one of number `first` on.
    pub(super) fn panics(&self, first: usize) -> Vec<String> {
        let panics = self.panics.lock().unwrap_or_else(PoisonError::into_inner);
        panics.get(first..).unwrap_or_default().to_vec()
    }

    /// Asks the terminal to put `text` where people paste from. Whether it does, it does not say.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Gives the terminal back while `use_it` has it, and takes it over anew. The next frame is drawn whole.
    ///
    /// # Errors
    /// Where the terminal cannot be had again.
    pub(super) fn lend<T>(&mut self, use_it: impl FnOnce() -> T) -> io::Result<T> {
        self.events = None;
        give_back();
        let used = use_it();
        self.terminal = take_over()?;
        self.events = Some(EventStream::new());
        Ok(used)
    }

    /// The next key, click or change of size that waits; where there is none, `context` is woken by the next.
    pub(super) fn event(&mut self, context: &mut Context<'_>) -> io::Result<Option<Event>> {
        match self.events.as_mut().map(|events| events.poll_next_unpin(context)) {
            Some(Poll::Ready(Some(event))) => event.map(Some),
            Some(Poll::Ready(None) | Poll::Pending) | None => Ok(None),
        }
    }

    /// Draws a frame, which the terminal shows all at once if it can.
    pub(super) fn draw(&mut self, view: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(view).map(drop);
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        drawn
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.events = None;
        give_back();
        hang_back(Arc::clone(&self.hook_before));
        for panic in self.panics(0) {
            // Where nothing can be printed any more there is nobody to tell.
            drop(writeln!(io::stderr(), "{panic}"));
        }
    }
}

/// Takes the terminal over. Asks it nothing: a bare pseudo terminal cannot answer.
fn take_over() -> io::Result<ratatui::Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    enable_raw_mode()?;
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        Clear(ClearType::All),
        EnableBracketedPaste,
        EnableMouseCapture,
        cursor::Hide
    )?;
    let out = BufWriter::with_capacity(FRAME_BUFFER, io::stdout());
    ratatui::Terminal::new(CrosstermBackend::new(out))
}

fn hook(before: Arc<Hook>, panics: Arc<Mutex<Vec<String>>>) -> Box<Hook> {
    let drawing = std::thread::current().id();
    Box::new(move |info| {
        let thread = std::thread::current();
        if thread.id() == drawing {
            give_back();
            return before(info);
        }
        let name = thread.name().unwrap_or("unnamed");
        let mut text = format!("thread `{name}` {info}");
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            text = format!("{text}\n{backtrace}");
        }
        panics.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    })
}

/// Gives the terminal back. Doing it twice does no harm; a terminal that is gone needs nothing.
pub(super) fn give_back() {
    drop(execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    ));
    drop(disable_raw_mode());
}

fn hang_back(hook: Arc<Hook>) {
    // A thread that panics may not change the hook; the one in force keeps working.
    if !std::thread::panicking() {
        std::panic::set_hook(Box::new(move |info| hook(info)));
    }
}
