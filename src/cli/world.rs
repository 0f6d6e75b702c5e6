//! What a command knows of the world: injected, so that commands can be run inside a test.

use crate::config::Directories;
use crate::exchange::time::Clock;
use jiff::tz::TimeZone;
use std::fmt;
use std::io::{self, IsTerminal, Write};

/// Columns where nobody says how many there are: of talk and pages in a file or a pipe.
const WIDTH: usize = 120;

/// What a command knows of the world.
#[derive(Debug)]
pub struct Env<'a> {
    /// Where data goes.
    pub stdout: Output<'a>,
    /// Where talk goes.
    pub stderr: Output<'a>,
    /// Columns of the terminal, or of what stands in for one.
    pub width: usize,
    /// Where settings come from.
    pub directories: Directories,
    /// Both clocks.
    pub clock: Clock,
    /// The zone that times are shown in to people.
    pub time_zone: TimeZone,
}

/// One of the two streams a command writes to.
pub struct Output<'a> {
    to: Box<dyn Write + 'a>,
    is_terminal: bool,
    colour: bool,
    is_closed: bool,
}

impl Env<'_> {
    /// The process's own.
    ///
    /// # Errors
    /// Where the working directory is gone.
    pub fn of_process() -> io::Result<Self> {
        // https://no-color.org: set and not empty.
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let stdout_is_terminal = io::stdout().is_terminal();
        let stderr_is_terminal = io::stderr().is_terminal();
        let said = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let seen = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
        let seen = if stdout_is_terminal { seen() } else { None };
        Ok(Self {
            stdout: Output::new(io::BufWriter::new(io::stdout()), stdout_is_terminal)
                .with_colour(stdout_is_terminal && !no_colour),
            stderr: Output::new(io::stderr(), stderr_is_terminal)
                .with_colour(stderr_is_terminal && !no_colour),
            width: seen.or(said).filter(|width| *width > 0).unwrap_or(WIDTH),
            directories: Directories::of_system()?,
            clock: Clock::system(),
            time_zone: TimeZone::system(),
        })
    }
}

impl Env<'_> {
    /// Columns that a line of a table may take: what a program reads is not shortened.
    pub(super) fn room(&self) -> usize {
        if self.stdout.is_terminal() { self.width } else { usize::MAX }
    }
}

impl<'a> Output<'a> {
    /// A stream into `to`, without colour.
    pub fn new(to: impl Write + 'a, is_terminal: bool) -> Self {
        Self { to: Box::new(to), is_terminal, colour: false, is_closed: false }
    }

    /// The same stream, with or without colour.
    #[must_use]
    pub fn with_colour(mut self, colour: bool) -> Self {
        self.colour = colour;
        self
    }

    /// Whether a person looks at it.
    pub fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether it takes colours.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Whether its reader has gone.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Writes `text` as it is.
    pub fn print(&mut self, text: fmt::Arguments<'_>) -> io::Result<()> {
        self.write_fmt(text)
    }

    /// Hands on all that was written.
    pub fn finish(&mut self) -> io::Result<()> {
        self.flush()
    }

    fn note<T>(&mut self, outcome: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &outcome {
            self.is_closed |= error.kind() == io::ErrorKind::BrokenPipe;
        }
        outcome
    }
}

impl Write for Output<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let outcome = self.to.write(bytes);
        self.note(outcome)
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.to.flush();
        self.note(outcome)
    }
}

impl fmt::Debug for Output<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("is_terminal", &self.is_terminal)
            .field("colour", &self.colour)
            .finish_non_exhaustive()
    }
}
