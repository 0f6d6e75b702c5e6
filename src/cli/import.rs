//! `gatetap import`: take in what was exported, or recorded by something else.

use super::error::{with_exit, wrong_usage};
use super::exit::Exit;
use super::export::read as read_exchange;
use super::recording::RecordingArgs;
use super::world::Env;
use crate::check::Engine;
use crate::config;
use crate::exchange::text::counted;
use crate::exchange::time::WallTime;
use crate::export::har::{self, Lacking};
use crate::export::{Piece, ReadError, capture, jsonl};
use crate::record::{Imported, Importer};
use crate::store::filter::Filter;
use crate::store::{Page, Reader};
use anyhow::Context;
use std::convert::Infallible;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// So much of a file tells what it is.
const BEGINNING: u64 = 4096;

const WHAT_IT_TAKES: &str =
    "name a file that `gatetap export jsonl -o FILE` wrote, a HAR, a capture, or a recording";

/// Take exchanges into a recording: JSON Lines of `gatetap export`, a HAR, a capture, or another recording
///
/// All of a file is taken in or nothing. Keys are masked as they are when traffic is recorded, verdicts are
/// derived anew, and the checks run. Into an empty recording exchanges come with their numbers.
#[derive(Debug, clap::Args)]
pub(super) struct ImportArgs {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    recording: RecordingArgs,
}

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of `gatetap export jsonl`.
    JsonLines,
    /// A HAR.
    Har,
    /// A capture, or several.
    Captures,
    /// A recording.
    Recording,
}

impl ImportArgs {
    /// Imports.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let target = self.recording.path(env)?;
        let engine = Engine::new(config::checks(config::ChecksGiven::default(), &env.directories)?);
        let kind = kind(&self.file)?;
        let (imported, lacking) = take_in(kind, &self.file, &target, engine, env.clock.now().wall)?;
        tell(&imported, &lacking, &self.file, &target, env)?;
        Ok(Exit::Fine)
    }
}

/// Takes all of a file into the recording at `target`. What says nothing of its time began `now`.
pub(super) fn take_in(
    kind: Kind,
    file: &Path,
    target: &Path,
    engine: Engine,
    now: WallTime,
) -> anyhow::Result<(Imported, Lacking)> {
    if kind == Kind::Recording {
        return Ok((merge(file, target, engine)?, Lacking::default()));
    }
    // First all of it is read, so that a mistake at its end leaves the recording untouched.
    let never = |_: Piece| Ok::<(), Infallible>(());
    pieces(kind, file, now, never).map_err(|error| malformed(error, file))?;
    let mut importer = Importer::begin(target, engine)?;
    let lacking =
        pieces(kind, file, now, |piece| importer.take(piece)).map_err(|error| malformed(error, file))?;
    Ok((importer.finish()?, lacking))
}

fn pieces<E>(
    kind: Kind,
    path: &Path,
    now: WallTime,
    sink: impl FnMut(Piece) -> Result<(), E>,
) -> Result<Lacking, ReadError<E>> {
    let input = BufReader::new(File::open(path).map_err(ReadError::Io)?);
    match kind {
        Kind::Har => har::read(input, sink),
        Kind::Captures => capture::read(input, now, sink).map(|()| Lacking::default()),
        _ => jsonl::read(input, sink).map(|()| Lacking::default()),
    }
}

fn malformed<E: Into<anyhow::Error>>(error: ReadError<E>, path: &Path) -> anyhow::Error {
    match error {
        ReadError::Io(source) => {
            anyhow::Error::new(source).context(format!("cannot read `{}`", path.display()))
        }
        ReadError::Malformed { line, column, message } => wrong_usage(
            format!("`{}`, line {line}, column {column}: {message}", path.display()),
            "nothing was imported",
        ),
        ReadError::Sink(error) => error.into(),
    }
}

/// Takes in all of another recording.
fn merge(path: &Path, target: &Path, engine: Engine) -> anyhow::Result<Imported> {
    let reader = Reader::open(path)?;
    if same_file(path, target) {
        return Err(wrong_usage("a recording cannot be imported into itself", "name another with --db FILE"));
    }
    let ids = reader.select_ids(&Filter::default(), Page::default(), WallTime(0))?;
    let mut importer = Importer::begin(target, engine)?;
    for session in reader.sessions()? {
        importer.take(Piece::Session(session))?;
    }
    for tunnel in reader.tunnels()? {
        importer.take(Piece::Tunnel(tunnel))?;
    }
    for id in ids {
        if let Some(one) = read_exchange(&reader, id)? {
            importer.take(Piece::Exchange(Box::new(one.into_read())))?;
        }
    }
    Ok(importer.finish()?)
}

/// Whether both are there, and one file.
pub(super) fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// What the beginning of a file says that it is.
pub(super) fn kind(path: &Path) -> anyhow::Result<Kind> {
    let mut beginning = Vec::new();
    let read = File::open(path).and_then(|file| file.take(BEGINNING).read_to_end(&mut beginning));
    if let Err(error) = read {
        let error = anyhow::Error::new(error).context(format!("cannot read `{}`", path.display()));
        return Err(with_exit(error, WHAT_IT_TAKES, Exit::Usage));
    }
    if beginning.starts_with(b"SQLite format 3\0") {
        return Ok(Kind::Recording);
    }
    let text = beginning.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&beginning);
    let mut text = text.trim_ascii_start();
    if text.starts_with(b"{") {
        text = text.get(1..).unwrap_or_default().trim_ascii_start();
        return Ok(if text.starts_with(b"\"gatetap\"") { Kind::JsonLines } else { Kind::Har });
    }
    if capture::begins(&beginning) {
        return Ok(Kind::Captures);
    }
    Err(wrong_usage(
        format!(
            "`{}` is neither JSON Lines of gatetap, nor a HAR, nor a recording, nor a capture",
            path.display()
        ),
        WHAT_IT_TAKES,
    ))
}

fn tell(
    imported: &Imported,
    lacking: &Lacking,
    file: &Path,
    target: &Path,
    env: &mut Env<'_>,
) -> anyhow::Result<()> {
    let numbers = match imported.span {
        Some((first, last)) if first == last => format!(" as {first}"),
        Some((first, last)) => format!(" as {first} to {last}"),
        None => String::new(),
    };
    let tunnels = match imported.tunnels {
        0 => String::new(),
        tunnels => format!(" and {}", counted(tunnels, "tunnel")),
    };
    writeln!(
        env.stderr,
        "imported {}{tunnels} of `{}` into `{}`{numbers}",
        counted(imported.exchanges, "exchange"),
        file.display(),
        target.display()
    )?;
    if imported.hidden > 0 {
        writeln!(env.stderr, "secrets were hidden in {}", counted(imported.hidden, "exchange"))?;
    }
    for (what, count) in &lacking.0 {
        writeln!(env.stderr, "missing, {}: {what}", counted(*count, "exchange"))?;
    }
    env.stderr.finish().context("cannot write to stderr")
}
