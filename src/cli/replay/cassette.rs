//! The recording that is replayed: any file that can be read as one, what `--mode` makes of it, and what becomes of it
//! at the end.

use super::flags::options;
use super::origin::origin;
use super::results::UNREACHABLE;
use crate::check::{self, Engine};
use crate::cli::env::Env;
use crate::cli::error::wrong_usage;
use crate::cli::export::counted;
use crate::cli::import::{self, Kind};
use crate::cli::run::upstream;
use crate::config::{self, Mode, Settings, Upstream};
use crate::exchange::time::WallTime;
use crate::exchange::{ExchangeId, SessionId};
use crate::export::har::Lacking;
use crate::live;
use crate::replay::{self, Chooser, Miss};
use crate::store::filter::{Filter, SessionName, Term};
use crate::store::{Page, Pruner, Reader};
use anyhow::Context as _;
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What was made of the settings so that a replay can start. What it holds goes when it is dropped.
#[derive(Debug, Default)]
pub(in crate::cli) struct Prepared {
    /// Where requests go that nothing recorded answers.
    forward: Option<Upstream>,
    /// What the upstream is called, where it is a recording that was made of a file.
    upstream_name: Option<String>,
    /// The recording that is tidied at the end.
    cassette: Option<Cassette>,
    /// Recordings made of other files.
    scratch: Vec<Scratch>,
}

/// A recording that is replayed, or was to be, and recorded into.
#[derive(Debug)]
struct Cassette {
    recording: PathBuf,
    /// What is recorded takes the place of what was recorded before.
    replaces: bool,
    options: replay::Options,
}

/// A recording in a directory that only the user may read; it goes when this is dropped.
#[derive(Debug)]
struct Scratch(PathBuf);

/// Makes recordings of files that are none, and settles what the mode says of the upstream and the recording. Says on
/// stderr what it has done.
pub(in crate::cli) fn prepare(settings: &mut Settings, env: &mut Env<'_>) -> anyhow::Result<Prepared> {
    let mut prepared = Prepared::default();
    if let Upstream::Replay(file) = settings.upstream.clone() {
        let mode = settings.replay.mode.unwrap_or(Mode::None);
        prepared.settle(mode, &file, settings, env)?;
    }
    refuse_itself(settings)?;
    let upstream_name = settings.upstream.to_string();
    let routes = settings.routes.iter_mut().map(|route| &mut route.to);
    for upstream in std::iter::once(&mut settings.upstream).chain(routes) {
        if let Upstream::Replay(file) = upstream
            && let Some(scratch) = scratch_of(file, env)?
        {
            file.clone_from(&scratch.recording());
            prepared.scratch.push(scratch);
        }
    }
    prepared.upstream_name = (!prepared.scratch.is_empty()).then_some(upstream_name);
    Ok(prepared)
}

impl Prepared {
    fn settle(
        &mut self,
        mode: Mode,
        file: &Path,
        settings: &mut Settings,
        env: &mut Env<'_>,
    ) -> anyhow::Result<()> {
        let kind = if mode != Mode::None && !file.exists() { None } else { Some(import::kind(file)?) };
        let recorded = match kind {
            None => None,
            Some(Kind::Recording) => {
                Some(Reader::open(file)?).filter(|reader| reader.count().is_ok_and(|count| count > 0))
            }
            Some(_) if matches!(mode, Mode::None | Mode::Once) || settings.db_is_given => None,
            Some(_) => {
                return Err(wrong_usage(
                    format!("`{}` is no recording: nothing can be recorded into it", file.display()),
                    "name a recording with --db FILE, or make it one first: gatetap import FILE --db RECORDING",
                ));
            }
        };
        let has_any = recorded.is_some() || kind.is_some_and(|kind| kind != Kind::Recording);
        if mode == Mode::Once && has_any {
            let name = mode.as_str();
            writeln!(
                env.stderr,
                "mode {name}: `{}` is recorded already, so nothing is sent on",
                file.display()
            )?;
        }
        if mode == Mode::None || mode == Mode::Once && has_any {
            return Ok(());
        }
        let forward = match (&settings.replay.forward, &recorded) {
            (Some(Upstream::Replay(_)), _) => {
                return Err(wrong_usage(
                    "what is recorded anew cannot come from a recording",
                    "name a gateway with --forward UPSTREAM",
                ));
            }
            (Some(forward), _) => forward.clone(),
            (None, Some(reader)) => newest_origin(reader)?.unwrap_or(Upstream::DEFAULT.parse()?),
            (None, None) => Upstream::DEFAULT.parse()?,
        };
        if !settings.db_is_given {
            file.clone_into(&mut settings.db);
            settings.db_is_given = true;
        }
        let (db, name) = (settings.db.display(), mode.as_str());
        if mode == Mode::NewEpisodes && has_any {
            writeln!(
                env.stderr,
                "mode {name}: what `{}` does not have goes to {forward}, and into `{db}`",
                file.display()
            )?;
            self.forward = Some(forward);
        } else {
            writeln!(env.stderr, "mode {name}: everything goes to {forward}, and into `{db}`")?;
            settings.upstream = forward;
        }
        if kind.is_none() || same_file(file, &settings.db) {
            self.cassette = Some(Cassette {
                recording: settings.db.clone(),
                replaces: mode == Mode::All,
                options: options(settings, env)?,
            });
        }
        Ok(())
    }

    /// Tells a gatetap that is about to start.
    pub(in crate::cli) fn settle_live(&self, live: &mut live::Settings) {
        live.forward = self.forward.as_ref().map(upstream);
        live.upstream_name.clone_from(&self.upstream_name);
    }

    /// Takes out of the cassette what this session should not leave in it, and what it has recorded anew.
    pub(in crate::cli) fn close(self, session: SessionId, env: &mut Env<'_>) -> anyhow::Result<()> {
        let Some(Cassette { recording, replaces, options }) = self.cassette else { return Ok(()) };
        let reader = Reader::open(&recording)?;
        let filter = Filter::from(Term::Session(SessionName::Number(session)));
        let (mut new, mut gone) = (BTreeSet::new(), Vec::new());
        for summary in reader.select(&filter, Page::default(), WallTime(0))? {
            let own = summary.own_error.as_deref();
            if Chooser::is_replay(&summary.gateway)
                || own.is_some_and(|own| own == Miss::TOKEN || UNREACHABLE.contains(&own))
            {
                gone.push(summary.id);
            } else if own.is_none() {
                new.insert(summary.id);
            }
        }
        drop(reader);
        let replaced = if replaces {
            let options =
                replay::Options { recording: recording.clone(), filter: Filter::default(), ..options };
            replay::replaced(options, &new)?
        } else {
            Vec::new()
        };
        let older = if replaced.is_empty() {
            String::new()
        } else {
            format!(", in place of {} older", replaced.len())
        };
        remove(&recording, &[gone, replaced].concat())?;
        let count = counted(new.len() as u64);
        writeln!(env.stderr, "kept in `{}`: {count}{older}", recording.display())?;
        Ok(())
    }
}

fn remove(recording: &Path, ids: &[ExchangeId]) -> anyhow::Result<()> {
    if !ids.is_empty() {
        Pruner::open(recording)?.remove(ids)?;
    }
    Ok(())
}

/// Where the newest exchange went of which that can be told.
fn newest_origin(reader: &Reader) -> anyhow::Result<Option<Upstream>> {
    /// So many are asked.
    const ASKED: u32 = 50;
    let newest = reader.summaries(Page { limit: Some(ASKED), ..Page::default() })?;
    for summary in newest.iter().rev() {
        if let Some(whole) = reader.exchange(summary.id)?
            && let Some(origin) = origin(&whole)
        {
            return Ok(Some(origin));
        }
    }
    Ok(None)
}

/// Refuses to record into a recording that is replayed, unless somebody has asked for it.
fn refuse_itself(settings: &Settings) -> anyhow::Result<()> {
    if settings.db_is_given {
        return Ok(());
    }
    let upstreams = std::iter::once(&settings.upstream).chain(settings.routes.iter().map(|route| &route.to));
    for upstream in upstreams {
        let Upstream::Replay(recording) = upstream else { continue };
        if same_file(recording, &settings.db) {
            return Err(wrong_usage(
                format!("`{}` would be replayed and recorded into at once", recording.display()),
                "name another recording with --db FILE, or this one if that is meant",
            ));
        }
    }
    Ok(())
}

fn same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// A recording made of a file that is none; `None` of one that is.
fn scratch_of(file: &Path, env: &mut Env<'_>) -> anyhow::Result<Option<Scratch>> {
    let kind = import::kind(file)?;
    if kind == Kind::Recording {
        return Ok(None);
    }
    let scratch = Scratch::new()?;
    // Nobody asks what checks find in it.
    let checks = check::Settings { ignore: vec![config::check_pattern("*")?], ..check::Settings::default() };
    let began = env.clock.now().wall;
    let (imported, lacking) = import::take_in(kind, file, &scratch.recording(), Engine::new(checks), began)?;
    let lacks = if lacking == Lacking::default() { "" } else { "; it lacks times and ends of chunks" };
    writeln!(env.stderr, "replaying {} of `{}`{lacks}", counted(imported.exchanges), file.display())?;
    Ok(Some(scratch))
}

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        let name = format!("gatetap-replay-{}-{:016x}", std::process::id(), fastrand::u64(..));
        let directory = std::env::temp_dir().join(name);
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&directory).with_context(|| format!("cannot make `{}`", directory.display()))?;
        Ok(Self(directory))
    }

    fn recording(&self) -> PathBuf {
        self.0.join("recording.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays lies where the system clears up.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
