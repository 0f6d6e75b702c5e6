//! The programs that a person has chosen for texts: an editor and a pager. They get the whole terminal.

use super::prepare::{hex_lines, plain_lines};
use super::signals::{Signals, stop_here};
use super::state::{Form, Paged};
use crate::exchange::body::Side;
use crate::exchange::text::printable;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How often it is looked whether the program has ended.
const LOOK: Duration = Duration::from_millis(20);

/// So many bytes are made to text at a time.
const PART: usize = 16 * 4096;

/// A file that goes when it is not needed any more.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.0));
    }
}

/// Has `text` edited; gives what it is then, or a sentence that says why there is nothing.
pub(super) fn edit(text: &str, signals: &Signals) -> Result<String, String> {
    let (name, program) = chosen(&["VISUAL", "EDITOR"], if cfg!(windows) { "notepad" } else { "vi" });
    let file = scratch(text).map_err(|error| format!("there is no place for the text: {error}"))?;
    let started = command(&program, Some(&file.0)).spawn();
    let ended = started.and_then(|mut child| wait(&mut child, signals));
    match ended {
        Ok(Some(status)) if status.success() => {
            std::fs::read_to_string(&file.0).map_err(|error| format!("the text cannot be read: {error}"))
        }
        Ok(Some(status)) => Err(failed(name, &program, status)),
        Ok(None) => Err("gatetap was told to end".to_owned()),
        Err(error) => Err(format!("`{program}` cannot be run: {error}; ${name} names another")),
    }
}

/// Shows a body; gives a sentence where that failed.
pub(super) fn page(paged: &Paged, signals: &Signals) -> Result<(), String> {
    let (name, program) = chosen(&["PAGER"], if cfg!(windows) { "more" } else { "less" });
    let started = command(&program, None).stdin(Stdio::piped()).spawn();
    let ended = started.and_then(|mut child| {
        let input = child.stdin.take();
        std::thread::scope(|scope| {
            // Who leaves before the end does not want the rest.
            scope.spawn(|| input.map(|mut input| write_body(paged, &mut input)));
            wait(&mut child, signals)
        })
    });
    match ended {
        Ok(Some(status)) if !status.success() => Err(failed(name, &program, status)),
        Ok(_) => Ok(()),
        Err(error) => Err(format!("`{program}` cannot be run: {error}; ${name} names another")),
    }
}

/// Writes a body for people: text with everything in it that drives a terminal made visible, other bytes as
/// numbers. JSON is indented where the form asks for it.
///
/// # Errors
/// Those of `out`.
pub fn write_body(paged: &Paged, out: &mut dyn Write) -> io::Result<()> {
    let body = if paged.side == Side::Request { &paged.detail.request } else { &paged.detail.response };
    let bytes = if paged.form == Form::Bytes { &body.raw } else { &body.decoded };
    let text = (paged.form != Form::Bytes).then(|| super::prepare::text_of(bytes)).flatten();
    let Some(text) = text else {
        for (part, chunk) in bytes.chunks(PART).enumerate() {
            for line in hex_lines(chunk, part * PART) {
                writeln!(out, "{line}")?;
            }
        }
        return Ok(());
    };
    let indented = if paged.form == Form::Pretty { super::json_text::indent(&text) } else { None };
    for line in indented.unwrap_or_else(|| plain_lines(&text)) {
        writeln!(out, "{}", printable(&line))?;
    }
    Ok(())
}

/// The first variable that names a program, and the program.
fn chosen(variables: &[&'static str], usual: &str) -> (&'static str, String) {
    let mut set = variables.iter().filter_map(|name| {
        let value = std::env::var(name).ok()?;
        (!value.trim().is_empty()).then_some((*name, value))
    });
    let unset = variables.last().copied().unwrap_or_default();
    set.next().unwrap_or_else(|| (unset, usual.to_owned()))
}

/// The command of a line that may hold arguments and quotes, as a shell reads it.
fn command(line: &str, file: Option<&Path>) -> Command {
    if cfg!(windows) {
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).args(file);
        return command;
    }
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{line} \"$@\"")).arg(line).args(file);
    command
}

/// Waits for the end of the program; `None` where gatetap was told to end first.
fn wait(child: &mut Child, signals: &Signals) -> io::Result<Option<ExitStatus>> {
    signals.lend(true);
    let ended = loop {
        match child.try_wait() {
            Ok(None) => {}
            ended => break ended,
        }
        if signals.has_to_stop() {
            drop(child.kill());
            drop(child.wait());
            break Ok(None);
        }
        // Ctrl-Z in the program stops the whole job.
        if signals.is_suspended() {
            stop_here(signals);
        }
        std::thread::sleep(LOOK);
    };
    signals.lend(false);
    ended
}

fn failed(name: &str, program: &str, status: ExitStatus) -> String {
    match status.code() {
        Some(127) => format!("there is no `{program}`; ${name} names another"),
        _ => format!("`{program}` ended with {status}; nothing was done"),
    }
}

/// A file that only this person may read.
fn scratch(text: &str) -> io::Result<Scratch> {
    let name = format!("gatetap-{}-{:08x}.http", std::process::id(), fastrand::u32(..));
    let path = std::env::temp_dir().join(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&path)?;
    let scratch = Scratch(path);
    file.write_all(text.as_bytes())?;
    Ok(scratch)
}
