//! What a running gatetap says of itself: where it listens, why it could not, and how the recording went.

use super::error::{with_exit, with_hint};
use super::exit::Exit;
use super::findings_talk::FindingsTalk;
use super::listen::listen_hint;
use super::replay;
use super::world::Env;
use crate::config::ListenAddress;
use crate::exchange::text::{counted, printable};
use crate::live::{self, Live};
use crate::record::Outcome;
use crate::replay::StartError;
use crate::store::holders;
use std::io::{self, Write};
use std::time::Duration;
use tokio::runtime::Runtime;

/// Starting takes longer than this only where something is in the way.
const LONG: Duration = Duration::from_secs(1);

/// How often a headless run looks at its recording.
const HEALTH_LOOK: Duration = Duration::from_millis(500);

impl From<ListenAddress> for live::Listen {
    fn from(listen: ListenAddress) -> Self {
        Self { address: listen.address, optional: !listen.required }
    }
}

/// Starts a gatetap. Where that takes long, it says who holds the recording.
///
/// # Errors
/// Where it cannot be started.
pub(super) fn start(runtime: &Runtime, settings: live::Settings, env: &mut Env<'_>) -> anyhow::Result<Live> {
    let recording = settings.recording.clone();
    let mut started = runtime.spawn(Live::start(settings, env.clock.clone()));
    let started = runtime.block_on(async {
        tokio::select! {
            started = &mut started => return Ok(started),
            () = tokio::time::sleep(LONG) => {}
        }
        for holder in holders(&recording) {
            writeln!(env.stderr, "waiting: {holder} has locked `{}`", recording.display())?;
        }
        Ok::<_, io::Error>(started.await)
    })?;
    started?.map_err(|error| explain(error, env))
}

/// Says where to point an app. The first line on stdout is what scripts wait for.
pub(super) fn listening(
    live: &Live,
    seed: u64,
    warnings: &[String],
    env: &mut Env<'_>,
) -> anyhow::Result<()> {
    writeln!(env.stdout, "listening on {}", live.url())?;
    env.stdout.flush()?;
    for address in live.addresses().iter().skip(1) {
        writeln!(env.stderr, "also listening on http://{address}")?;
    }
    writeln!(env.stderr, "upstream {} ({})", live.upstream().name, live.upstream().base_url())?;
    writeln!(env.stderr, "recording to {}", live.recording().display())?;
    if let Some(opened) = live.opened() {
        writeln!(env.stderr, "opening tunnels to {opened}, and to the gateways; see `gatetap ca`")?;
    }
    writeln!(env.stderr, "seed {seed}")?;
    for armed in live.armed().list(live.recorder().clock().mono()) {
        writeln!(env.stderr, "armed: {}", armed.rule)?;
    }
    for warning in warnings {
        writeln!(env.stderr, "warning: {warning}")?;
    }
    Ok(())
}

/// Waits for `told_to_stop`, and says on stderr what is found, when the recording gets into trouble and out of
/// it, when an app breaks off its TLS handshake, and when a replay has no answer.
pub(super) async fn watch(
    live: &Live,
    talk: &mut FindingsTalk,
    told_to_stop: impl Future<Output = ()>,
    env: &mut Env<'_>,
) -> anyhow::Result<()> {
    let (recorder, replays) = (live.recorder(), live.replays());
    let mut told_to_stop = std::pin::pin!(told_to_stop);
    let (mut known, mut told) = (None, None);
    loop {
        tokio::select! {
            () = &mut told_to_stop => return Ok(()),
            () = tokio::time::sleep(HEALTH_LOOK) => {}
        }
        replay::tell_misses(&replays, env)?;
        talk.go_on(env)?;
        let health = recorder.health();
        if health.no_tls != told {
            if let Some(reason) = &health.no_tls {
                writeln!(env.stderr, "warning: {}", printable(reason))?;
            }
            told.clone_from(&health.no_tls);
        }
        let trouble = health.trouble();
        if trouble != known {
            match &trouble {
                Some(trouble) => writeln!(env.stderr, "warning: {trouble}")?,
                None => writeln!(env.stderr, "the recording goes on, and nothing is missing")?,
            }
            known = trouble;
        }
    }
}

/// Says how the recording went.
pub(super) fn close(outcome: &Outcome, env: &mut Env<'_>) -> anyhow::Result<Exit> {
    writeln!(env.stderr, "recorded {}", counted(outcome.exchanges, "exchange"))?;
    if let Some(worst) = outcome.worst_added {
        let (p99, id) = (worst.p99, worst.exchange);
        writeln!(env.stderr, "99 % of chunks were passed on within {p99}, in the slowest stream (#{id})")?;
    }
    if outcome.retention.pruned > 0 {
        let pruned = outcome.retention.pruned;
        let verb = if pruned == 1 { "was" } else { "were" };
        writeln!(env.stderr, "{} {verb} pruned by [retention]", counted(pruned, "exchange"))?;
    }
    if let Some(failure) = &outcome.retention.failure {
        writeln!(env.stderr, "warning: pruning by [retention] failed: {failure}")?;
    }
    if outcome.is_whole() {
        return Ok(Exit::Fine);
    }
    let failure = outcome.failure.as_deref().unwrap_or("the recording could not be written");
    let missing = match outcome.lost_bytes {
        0 => String::new(),
        bytes => format!("; the bodies lack {}", counted(bytes, "byte")),
    };
    writeln!(env.stderr, "warning: the recording is not whole: {failure}{missing}")?;
    Ok(Exit::CannotStart)
}

/// Adds what to do about it to the reason why nothing could be started.
pub(super) fn explain(error: live::Error, env: &Env<'_>) -> anyhow::Error {
    if let live::Error::Replay(StartError::Redacted { .. }) = &error {
        return with_exit(error, "record it again without --redact-bodies", Exit::Usage);
    }
    if let live::Error::Replay(StartError::NoneChosen { .. }) = &error {
        return with_exit(
            error,
            "look at --session and --filter; `gatetap ls --db FILE` lists what there is",
            Exit::Usage,
        );
    }
    let hint = match &error {
        live::Error::Listen(bind) => listen_hint(bind.source.kind(), bind.address, env),
        _ => None,
    };
    match hint {
        Some(hint) => with_hint(error, hint),
        None => error.into(),
    }
}
