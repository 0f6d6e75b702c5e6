//! What is set of replays, here and as the upstream of `run` and `exec`; and what is said of them.

use crate::cli::exit::Exit;
use crate::cli::filter;
use crate::cli::world::Env;
use crate::config::{
    ErrorStatus, Match, Mode, Pointer, ReplayFilter, ReplaySettings, Settings, Strict, UpstreamGiven,
};
use crate::exchange::ExchangeId;
use crate::exchange::text::printable;
use crate::replay::{Options, Tally, Volatile};
use clap::builder::BoolishValueParser;
use std::fmt::Write as _;
use std::io::Write;

/// Where help lists the flags of replays.
const HEADING: &str = "Replay";

/// So many exchanges that nobody asked for are named.
const MOST_NAMED: usize = 10;

/// What is set of replays.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ReplayFlags {
    /// What a recorded request must agree in: strict, body, last-message, model-only or path [default: body]
    #[arg(long = "match", help_heading = HEADING, value_name = "HOW", env = "GATETAP_REPLAY_MATCH", hide_env_values = true)]
    matching: Option<Match>,

    /// A member that is left out before bodies are compared, beside user, metadata, seed and their like; may be repeated
    #[arg(long, help_heading = HEADING, value_name = "POINTER", env = "GATETAP_REPLAY_VOLATILE", hide_env_values = true,
        value_delimiter = ',')]
    volatile: Vec<Pointer>,

    /// Only these recorded exchanges answer, as in `model:gpt-* -is:error`
    #[arg(long, help_heading = HEADING, value_name = "FILTER", env = "GATETAP_REPLAY_FILTER", hide_env_values = true,
        allow_hyphen_values = true)]
    filter: Option<ReplayFilter>,

    /// Only those of this session answer: its number, or `last`
    #[arg(long, help_heading = HEADING, value_name = "SESSION", env = "GATETAP_REPLAY_SESSION", hide_env_values = true)]
    session: Option<String>,

    /// The status where nothing recorded fits [default: 502]
    #[arg(long, help_heading = HEADING, value_name = "STATUS", env = "GATETAP_REPLAY_ON_MISS", hide_env_values = true)]
    on_miss: Option<ErrorStatus>,

    /// Exit with 1 at the end if a request was missed; `--strict=unused` also if a recorded exchange was not used
    #[arg(long, help_heading = HEADING, value_name = "WHAT", env = "GATETAP_REPLAY_STRICT", hide_env_values = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "missed")]
    strict: Option<Strict>,

    /// Give answers new ids and times of creation, of the same length
    #[arg(long, help_heading = HEADING, value_name = "BOOL", env = "GATETAP_REPLAY_FRESH", hide_env_values = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = BoolishValueParser::new())]
    fresh: Option<bool>,

    /// What is recorded, as in VCR: none; once (everything, if nothing is recorded yet); new-episodes (what nothing recorded answers); all (everything, anew) [default: none]
    #[arg(long, help_heading = HEADING, value_name = "MODE", env = "GATETAP_REPLAY_MODE", hide_env_values = true)]
    mode: Option<Mode>,

    /// Where --mode sends what it records [default: the gateway of what is recorded, else nexorouter]
    #[arg(long, help_heading = HEADING, value_name = "UPSTREAM", env = "GATETAP_REPLAY_FORWARD", hide_env_values = true)]
    forward: Option<UpstreamGiven>,
}

impl ReplayFlags {
    /// The same, with another place where things are sent unless a flag says one.
    pub(in crate::cli) fn or_forward(mut self, to: Option<UpstreamGiven>) -> Self {
        self.forward = self.forward.or(to);
        self
    }

    /// Where things are sent that nothing recorded answers.
    pub(in crate::cli) fn forward(&self) -> Option<&UpstreamGiven> {
        self.forward.as_ref()
    }
}

impl From<ReplayFlags> for ReplaySettings {
    fn from(flags: ReplayFlags) -> Self {
        // Where to forward is settled with the names of the file at hand.
        let ReplayFlags { matching, volatile, filter, session, on_miss, strict, fresh, mode, forward: _ } =
            flags;
        Self { matching, volatile, filter, session, on_miss, strict, fresh, mode, forward: None }
    }
}

/// How recordings are replayed.
pub(in crate::cli) fn options(settings: &Settings, env: &Env<'_>) -> anyhow::Result<Options> {
    let usual = Options::default();
    let replay = &settings.replay;
    let mut volatile = Volatile::default();
    for pointer in &replay.volatile {
        volatile.add(pointer.0.as_str());
    }
    let fresh = replay.fresh.unwrap_or(usual.fresh);
    if fresh {
        // The app answers to an id that was renewed.
        volatile.add("/previous_response_id");
    }
    let chosen = replay.filter.as_ref().map(|filter| filter.0.clone()).unwrap_or_default();
    let session = replay.session.as_ref().map(|session| filter::parse(&[format!("session:{session}")]));
    Ok(Options {
        matching: replay.matching.map_or(usual.matching, |how| how.0),
        volatile,
        filter: chosen.and(session.transpose()?.unwrap_or_default()),
        speed: settings.sim.speed.map_or(usual.speed, |speed| speed.0),
        on_miss: replay.on_miss.map_or(usual.on_miss, |status| status.0),
        fresh,
        clock: env.clock.clone(),
        ..usual
    })
}

/// Says on stderr which requests nothing recorded could answer since this was called last.
pub(in crate::cli) fn tell_misses(replays: &[Tally], env: &mut Env<'_>) -> anyhow::Result<()> {
    for miss in replays.iter().flat_map(Tally::take_misses) {
        writeln!(env.stderr, "replay miss: {}", printable(&miss.message))?;
    }
    Ok(())
}

/// Says at the end what replays have done; and whether that is a failure.
pub(in crate::cli) fn close(
    replays: &[Tally],
    strict: Option<Strict>,
    env: &mut Env<'_>,
) -> anyhow::Result<Exit> {
    tell_misses(replays, env)?;
    let mut exit = Exit::Fine;
    for tally in replays {
        let summary = tally.summary();
        let (served, missed, unused) = (summary.served, summary.missed, &summary.unused);
        let mut sum =
            format!("{served} served, {missed} missed, {} never used{}", unused.len(), named(unused));
        if summary.forwarded > 0 {
            write!(sum, ", {} sent on and recorded", summary.forwarded)?;
        }
        if summary.hidden > 0 {
            write!(sum, ", {} left out: recorded with --redact-bodies", summary.hidden)?;
        }
        writeln!(env.stderr, "replay: {sum}")?;
        let failed = match strict {
            None => false,
            Some(Strict::Missed) => missed > 0,
            Some(Strict::Unused) => missed > 0 || !unused.is_empty(),
        };
        if failed {
            exit = Exit::Findings;
        }
    }
    Ok(exit)
}

/// The first few numbers, in brackets.
fn named(ids: &[ExchangeId]) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let mut names: Vec<String> = ids.iter().take(MOST_NAMED).map(|id| format!("#{id}")).collect();
    if ids.len() > MOST_NAMED {
        names.push("…".to_owned());
    }
    format!(" ({})", names.join(" "))
}
