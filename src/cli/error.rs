//! How an error is shown, and how it makes gatetap exit.

use super::exit::Exit;
use super::style::{Style, paint};
use super::world::Output;
use crate::exchange::text::printable;
use crate::{config, sim, store, tls};
use std::fmt;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

/// An error with what the command line adds to it: hints, and an exit code of its own.
#[derive(Debug)]
pub(super) struct Failure {
    error: anyhow::Error,
    hints: Vec<String>,
    exit: Option<Exit>,
}

/// Adds what to do about it to an error.
pub(super) trait Hint<T> {
    /// Adds a line that says what to do.
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T>;
}

impl<T, E: Into<anyhow::Error>> Hint<T> for Result<T, E> {
    fn hint(self, hint: impl Into<String>) -> anyhow::Result<T> {
        self.map_err(|error| with_hint(error, hint))
    }
}

/// An error with what to do about it.
pub(super) fn with_hint(error: impl Into<anyhow::Error>, hint: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Failure { error: error.into(), hints: vec![hint.into()], exit: None })
}

/// A mistake of the person who typed: one sentence and what to do about it.
pub(super) fn wrong_usage(sentence: impl Into<String>, hint: impl Into<String>) -> anyhow::Error {
    anyhow::Error::new(Failure {
        error: anyhow::Error::msg(sentence.into()),
        hints: vec![hint.into()],
        exit: Some(Exit::Usage),
    })
}

/// An error with what to do about it, and with the code to exit with.
pub(super) fn with_exit(
    error: impl Into<anyhow::Error>,
    hint: impl Into<String>,
    exit: Exit,
) -> anyhow::Error {
    anyhow::Error::new(Failure { error: error.into(), hints: vec![hint.into()], exit: Some(exit) })
}

/// What to do where an address could not be had.
pub(super) fn listen_hint(why: ErrorKind, address: IpAddr) -> Option<String> {
    match why {
        ErrorKind::AddrInUse => {
            let any = SocketAddr::new(address, 0);
            Some(format!("is another gatetap running? `--listen {any}` picks a free port"))
        }
        ErrorKind::PermissionDenied => {
            Some("ports below 1024 need privileges: choose a higher one".to_owned())
        }
        ErrorKind::AddrNotAvailable => {
            Some("listen on an address of this machine, such as 127.0.0.1".to_owned())
        }
        _ => None,
    }
}

/// Prints `error`, its causes one a line, then its hints.
pub(super) fn print(error: &anyhow::Error, stderr: &mut Output<'_>) {
    let mut text = paint(stderr.colour(), Style::Bad, "error:").into_owned();
    for (depth, cause) in error.chain().enumerate() {
        let lead = if depth == 0 { " " } else { "\n  caused by: " };
        text.push_str(lead);
        text.push_str(&lines(&cause.to_string()));
    }
    let hints = hints_of(error);
    if !hints.is_empty() {
        text.push('\n');
    }
    for hint in hints {
        text.push('\n');
        text.push_str(&paint(stderr.colour(), Style::Strong, "hint:"));
        text.push(' ');
        text.push_str(&lines(&hint));
    }
    text.push('\n');
    // Where stderr is gone there is nobody left to tell.
    drop(stderr.print(format_args!("{text}")));
}

/// The exit code that `error` asks for.
pub(super) fn exit_of(error: &anyhow::Error) -> Exit {
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            return failure.exit.unwrap_or_else(|| exit_of(&failure.error));
        }
        if cause.is::<config::Error>() || cause.is::<sim::ScenarioError>() {
            return Exit::Usage;
        }
        if let Some(store::Error::Missing { .. } | store::Error::Foreign { .. }) = cause.downcast_ref() {
            return Exit::Usage;
        }
    }
    Exit::CannotStart
}

fn hints_of(error: &anyhow::Error) -> Vec<String> {
    let mut hints = Vec::new();
    for cause in error.chain() {
        if let Some(failure) = cause.downcast_ref::<Failure>() {
            hints.extend(failure.hints.iter().cloned());
            // The chain goes on below what the failure wraps, not through it.
            hints.extend(hints_of(&failure.error));
            break;
        }
        if let Some(error) = cause.downcast_ref::<store::Error>() {
            hints.push(error.hint().to_owned());
        }
        if let Some(error) = cause.downcast_ref::<tls::Error>() {
            hints.extend(error.hint());
        }
        if let Some(error) = cause.downcast_ref::<sim::ScenarioError>() {
            hints.extend(error.hint().map(str::to_owned));
        }
        if let Some(error) = cause.downcast_ref::<config::Error>() {
            hints.extend(error.hint().map(str::to_owned));
        }
    }
    hints
}

/// A text from elsewhere, safe on a terminal; a second line of it is indented under the first.
fn lines(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n    ")
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}
