//! The recording that is replayed: any file that can be read as one, what `--mode` makes of it, and what becomes of it
//! at the end.

use super::flags::options;
use super::results::UNREACHABLE;
use crate::check::{self, Engine};
use crate::cli::error::wrong_usage;
use crate::cli::import::{self, Kind, same_file};
use crate::cli::run::upstream;
use crate::cli::scratch::Scratch;
use crate::cli::world::Env;
use crate::config::{self, Mode, Settings, Upstream};
use crate::exchange::end::Verdict;
use crate::exchange::text::counted;
use crate::exchange::time::WallTime;
use crate::exchange::{ExchangeId, SessionId};
use crate::export::har::Lacking;
use crate::gateway::profile::split_route;
use crate::live::{self, Live, ready};
use crate::replay::{self, Chooser, Miss};
use crate::store::filter::{Filter, SessionName, Term};
use crate::store::{Editor, Page, Pruner, Reader, Tidying};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What was made of the settings so that a replay can start. What it holds goes when it is dropped.
#[derive(Debug, Default)]
pub(in crate::cli) struct Prepared {
    /// Where requests go that nothing recorded answers.
    forward: Option<Upstream>,
    /// The same for what goes to a route, by its name.
    route_forwards: Vec<(String, Upstream)>,
    /// What the upstream is called, where it is a recording that was made of a file.
    upstream_name: Option<String>,
    /// The recording that is tidied at the end.
    cassette: Option<Cassette>,
    /// Recordings made of other files, with those.
    scratch: Vec<(PathBuf, Scratch)>,
}

/// A recording that is replayed, or was to be, and recorded into.
#[derive(Debug)]
struct Cassette {
    recording: PathBuf,
    tidying: Tidying,
    options: replay::Options,
}

/// Makes recordings of files that are none, and settles what the mode says of the upstream and the recording. Says on
/// stderr what it has done.
pub(in crate::cli) fn prepare(settings: &mut Settings, env: &mut Env<'_>) -> anyhow::Result<Prepared> {
    let mut prepared = Prepared::default();
    refuse_other_cassettes(settings)?;
    sweep(settings, env)?;
    if let Upstream::Replay(file) = settings.upstream.clone() {
        let mode = settings.replay.mode.unwrap_or(Mode::None);
        prepared.settle(mode, &file, settings, env)?;
    } else if let Some(mode) = settings.replay.mode.filter(|mode| *mode != Mode::None) {
        let (mode, to) = (mode.as_str(), &settings.upstream);
        writeln!(env.stderr, "note: mode {mode} changes nothing: `{to}` is no recording, as replay:FILE is")?;
    }
    refuse_itself(settings)?;
    let upstream_name = settings.upstream.to_string();
    let routes = settings.routes.iter_mut().map(|route| &mut route.to);
    for upstream in std::iter::once(&mut settings.upstream).chain(routes) {
        if let Upstream::Replay(file) = upstream {
            prepared.make_recording(file, env)?;
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
            if settings.replay.mode.is_some() {
                answer_routes(file, settings);
            }
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
            self.route_forwards = answer_routes(file, settings);
        } else {
            writeln!(env.stderr, "mode {name}: everything goes to {forward}, and into `{db}`")?;
            settings.upstream = forward;
        }
        if kind.is_none() || same_file(file, &settings.db) {
            self.cassette = Some(Cassette {
                recording: settings.db.clone(),
                tidying: if mode == Mode::All { Tidying::Replaces } else { Tidying::Copies },
                options: options(settings, env)?,
            });
        }
        Ok(())
    }

    /// Makes a recording of a file that is none, and names that instead.
    fn make_recording(&mut self, file: &mut PathBuf, env: &mut Env<'_>) -> anyhow::Result<()> {
        if self.scratch.iter().all(|(known, _)| known != file)
            && let Some(scratch) = scratch_of(file, env)?
        {
            self.scratch.push((file.clone(), scratch));
        }
        if let Some((_, scratch)) = self.scratch.iter().find(|(known, _)| known == file) {
            *file = scratch.recording();
        }
        Ok(())
    }

    /// Tells a gatetap that is about to start.
    pub(in crate::cli) fn settle_live(&self, live: &mut live::Settings) {
        live.forward = self.forward.as_ref().map(upstream);
        let forwards = self.route_forwards.iter().map(|(name, to)| (name.clone(), upstream(to)));
        live.route_forwards = forwards.collect();
        live.upstream_name.clone_from(&self.upstream_name);
        live.tidying = self.cassette.as_ref().map(|cassette| cassette.tidying);
    }

    /// Takes out of the cassette what this session should not leave in it, and what it has recorded anew.
    pub(in crate::cli) fn close(self, session: SessionId, env: &mut Env<'_>) -> anyhow::Result<()> {
        let Some(Cassette { recording, tidying, options }) = self.cassette else { return Ok(()) };
        let Tidied { new, replaced, .. } = tidy(&recording, session, tidying, options)?;
        let older = if replaced == 0 { String::new() } else { format!(", in place of {replaced} older") };
        writeln!(env.stderr, "kept in `{}`: {}{older}", recording.display(), counted(new, "exchange"))?;
        Ok(())
    }
}

/// Lets the recording answer what goes to routes, too. Gives where they led.
fn answer_routes(file: &Path, settings: &mut Settings) -> Vec<(String, Upstream)> {
    let replay = || Upstream::Replay(file.to_owned());
    let routes = settings.routes.iter_mut();
    routes.map(|route| (route.name.clone(), std::mem::replace(&mut route.to, replay()))).collect()
}

/// What was made of a session in a cassette.
struct Tidied {
    /// So many exchanges are new.
    new: u64,
    /// So many had not to be there.
    gone: u64,
    /// So many older ones went, because new ones took their place.
    replaced: usize,
}

/// Takes out of a recording what a session should not leave in it, and what it has recorded anew.
fn tidy(
    recording: &Path,
    session: SessionId,
    tidying: Tidying,
    options: replay::Options,
) -> anyhow::Result<Tidied> {
    let reader = Reader::open(recording)?;
    let filter = Filter::from(Term::Session(SessionName::Number(session)));
    let (mut new, mut gone) = (BTreeSet::new(), Vec::new());
    for summary in reader.select(&filter, Page::default(), WallTime(0))? {
        let own = summary.own_error.as_deref();
        // What was cut because the session was killed is nothing that a gateway did.
        let is_none = Chooser::is_replay(&summary.gateway) || summary.verdict == Verdict::Lost;
        if is_none || own.is_some_and(|own| own == Miss::TOKEN || UNREACHABLE.contains(&own)) {
            gone.push(summary.id);
        } else if own.is_none() {
            new.insert(summary.id);
        }
    }
    drop(reader);
    let replaced = if tidying == Tidying::Replaces {
        let recording = recording.to_owned();
        replay::replaced(replay::Options { recording, filter: Filter::default(), ..options }, &new)?
    } else {
        Vec::new()
    };
    let tidied = Tidied { new: new.len() as u64, gone: gone.len() as u64, replaced: replaced.len() };
    remove(recording, &[gone, replaced].concat())?;
    Editor::open(recording)?.set_tidied(session)?;
    Ok(tidied)
}

/// Tidies what sessions have left that were killed in the recordings which are to be replayed.
fn sweep(settings: &Settings, env: &mut Env<'_>) -> anyhow::Result<()> {
    for file in replayed(settings) {
        let Ok(reader) = Reader::open(file) else { continue };
        for (session, tidying) in reader.untidied()? {
            let options = options(settings, env)?;
            let name = file.display();
            match tidy(file, session, tidying, options) {
                Ok(Tidied { gone, .. }) => {
                    let gone = counted(gone, "exchange");
                    writeln!(env.stderr, "tidied `{name}`: session {session} was killed; {gone} removed")?;
                }
                Err(error) => {
                    let what = "what it has replayed is in there twice";
                    writeln!(env.stderr, "note: session {session} of `{name}` was killed, {what}: {error}")?;
                }
            }
        }
    }
    Ok(())
}

/// The files that are replayed.
fn replayed(settings: &Settings) -> impl Iterator<Item = &Path> {
    let upstreams = std::iter::once(&settings.upstream).chain(settings.routes.iter().map(|route| &route.to));
    upstreams.filter_map(|upstream| match upstream {
        Upstream::Replay(file) => Some(file.as_path()),
        _ => None,
    })
}

/// Refuses a mode that would leave out the recording which a route leads to.
fn refuse_other_cassettes(settings: &Settings) -> anyhow::Result<()> {
    let Some(mode) = settings.replay.mode.filter(|mode| *mode != Mode::None) else { return Ok(()) };
    let other = settings.routes.iter().find(|route| matches!(route.to, Upstream::Replay(_)));
    let Some(route) = other else { return Ok(()) };
    let (name, to, mode) = (&route.name, &route.to, mode.as_str());
    Err(wrong_usage(
        format!("--mode {mode} records into one recording, and the route `{name}` leads to another: `{to}`"),
        "leave the route out, or the mode; or let a gatetap of its own serve that recording",
    ))
}

fn remove(recording: &Path, ids: &[ExchangeId]) -> anyhow::Result<()> {
    if !ids.is_empty() {
        Pruner::open(recording)?.remove(ids)?;
    }
    Ok(())
}

/// Where the newest plain path went of which that can be told.
fn newest_origin(reader: &Reader) -> anyhow::Result<Option<Upstream>> {
    /// So many are asked.
    const ASKED: u32 = 50;
    let newest = reader.summaries(Page { limit: Some(ASKED), ..Page::default() })?;
    // What took a route says where that leads.
    for summary in newest.iter().rev().filter(|summary| split_route(&summary.path).is_none()) {
        if let Some(whole) = reader.exchange(summary.id)?
            && let Ok(origin) = ready::origin(&whole)
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
    for recording in replayed(settings) {
        if same_file(recording, &settings.db) {
            return Err(wrong_usage(
                format!("`{}` would be replayed and recorded into at once", recording.display()),
                "name another recording with --db FILE, or this one if that is meant",
            ));
        }
    }
    Ok(())
}

/// Says what is replayed. Of a file that is no recording it was said when it was read.
pub(in crate::cli) fn tell_replayed(
    live: &Live,
    settings: &Settings,
    env: &mut Env<'_>,
) -> anyhow::Result<()> {
    for (recording, answers) in live.replayed() {
        if replayed(settings).any(|named| named == recording) {
            let answers = counted(answers, "exchange");
            writeln!(env.stderr, "replaying {answers} of `{}`", recording.display())?;
        }
    }
    Ok(())
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
    writeln!(
        env.stderr,
        "replaying {} of `{}`{lacks}",
        counted(imported.exchanges, "exchange"),
        file.display()
    )?;
    Ok(Some(scratch))
}
