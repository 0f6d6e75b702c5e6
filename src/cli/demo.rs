//! `gatetap demo`: the whole thing in ten seconds, without key or network.

use super::announce;
use super::error::wrong_usage;
use super::exit::Exit;
use super::keep::{KeepArgs, limits};
use super::live_view;
use super::runtime;
use super::scratch::Scratch;
use super::style::paint;
use super::world::Env;
use crate::config::Listen;
use crate::digest::summary::Summary;
use crate::exchange::end::Verdict;
use crate::exchange::text::printable;
use crate::live::sample::{ROUTES, Story};
use crate::live::{self, Live, Upstream};
use crate::proxy::OutgoingProxies;
use crate::store::{Page, Reader, Retention};
use crate::tls::{Files, Trust};
use crate::{replay, sim};
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// How long after one story the next begins.
const PACE: Duration = Duration::from_millis(250);

/// How long after one story the next begins in the live view, once each was told.
const LIVE_PACE: Duration = Duration::from_millis(1800);

/// How often the recording is asked for what has ended.
const LOOK: Duration = Duration::from_millis(40);

/// How long an exchange that has ended may take to be judged.
const PATIENCE: Duration = Duration::from_secs(5);

/// Show the whole thing against the simulator: no key, no network
#[derive(Debug, clap::Args)]
pub(super) struct DemoArgs {
    /// Where to listen: ADDRESS:PORT, or a PORT on both loopback addresses [default: a free port]
    #[arg(long, value_name = "ADDRESS", env = "GATETAP_LISTEN", hide_env_values = true)]
    listen: Option<Listen>,

    /// Keep the recording in this file [default: one that is removed at the end]
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,

    /// The seed of texts and times [default: 7]
    #[arg(long, value_name = "NUMBER", env = "GATETAP_SEED", hide_env_values = true)]
    seed: Option<u64>,

    /// No live view: print each exchange as it ends, then a summary
    #[arg(long)]
    headless: bool,

    #[command(flatten)]
    keep: KeepArgs,
}

impl DemoArgs {
    /// Runs the demo.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let addresses = self.listen.map(Listen::addresses).unwrap_or_default();
        if let Some(remote) = addresses.iter().find(|listen| !listen.address.ip().is_loopback()) {
            return Err(wrong_usage(
                format!("`{}` can be reached from beyond this machine", remote.address),
                "the demo listens on 127.0.0.1 or [::1] only",
            ));
        }
        let scratch = self.db.is_none().then(Scratch::new).transpose()?;
        let recording = match (&self.db, &scratch) {
            (Some(db), _) => db.clone(),
            (None, Some(scratch)) => scratch.recording(),
            (None, None) => PathBuf::new(),
        };
        let runtime = runtime::start()?;
        let settings = self.settings(&recording, env);
        let live =
            runtime.block_on(Live::start(settings.clone(), env.clock.clone())).map_err(announce::explain)?;
        let shown = if live_view::is_possible(env) && !self.headless {
            watch(&runtime, &live, &settings, env)
        } else {
            tell(&runtime, &live, env)
        };
        let outcome = runtime::stop(runtime, live);
        shown?;
        let outcome = outcome?;
        if let Some(db) = &self.db {
            writeln!(env.stderr, "the recording is kept: gatetap ls --db {}", db.display())?;
        }
        announce::close(&outcome, env)
    }

    fn settings(&self, recording: &Path, env: &Env<'_>) -> live::Settings {
        let free = Listen::Address(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listen = self.listen.unwrap_or(free).addresses();
        let simulator = sim::Options {
            seed: self.seed.unwrap_or(7),
            clock: env.clock.clone(),
            ..sim::Options::default()
        };
        live::Settings {
            listen: listen.into_iter().map(Into::into).collect(),
            upstream: Upstream::Simulator(sim::DEFAULT_PROFILE),
            routes: ROUTES.map(|name| (name.to_owned(), Upstream::Simulator(name))).into(),
            recording: recording.to_owned(),
            limits: limits(
                self.keep.max_body.map(|size| size.0),
                self.keep.redact_bodies.unwrap_or_default(),
            ),
            retention: Retention::default(),
            checks: crate::check::Settings::default(),
            trust: Trust::default(),
            own: Vec::new(),
            outgoing: OutgoingProxies::default(),
            tls: true,
            authority: env.directories.data.as_deref().map(Files::in_directory),
            intercept: Vec::new(),
            control_token: None,
            connect_timeout: Duration::from_secs(10),
            simulator,
            replay: replay::Options::default(),
            forward: None,
            route_forwards: BTreeMap::new(),
            tidying: None,
            upstream_name: None,
            faults: Vec::new(),
            command: "gatetap demo".to_owned(),
        }
    }
}

/// Keeps traffic coming below the live view.
fn watch(runtime: &Runtime, live: &Live, settings: &live::Settings, env: &Env<'_>) -> anyhow::Result<()> {
    let address = first_address(live)?;
    let traffic = runtime.spawn(async move {
        let mut stories = JoinSet::new();
        for story in Story::ALL {
            stories.spawn(story.tell(address, 0));
            tokio::time::sleep(PACE).await;
        }
        for round in 1.. {
            let story = Story::ALL.get(fastrand::usize(..Story::ALL.len())).copied().unwrap_or(Story::Stream);
            stories.spawn(story.tell(address, round));
            tokio::time::sleep(LIVE_PACE).await;
            while stories.try_join_next().is_some() {}
        }
    });
    let shown = live_view::run(
        runtime,
        live,
        settings,
        &["this is a demo: the gateway is a simulator".to_owned()],
        env,
    );
    traffic.abort();
    shown
}

/// Tells every story once, prints each exchange as it ends, then a summary.
fn tell(runtime: &Runtime, live: &Live, env: &mut Env<'_>) -> anyhow::Result<()> {
    let address = first_address(live)?;
    writeln!(env.stdout, "listening on {} in front of the simulator; sending sample traffic:", live.url())?;
    for story in Story::ALL {
        writeln!(env.stdout, "  {}", story.title())?;
    }
    writeln!(env.stdout)?;
    env.stdout.flush()?;
    let traffic = runtime.spawn(async move {
        let mut stories = JoinSet::new();
        for story in Story::ALL {
            stories.spawn(story.tell(address, 0));
            tokio::time::sleep(PACE).await;
        }
        while stories.join_next().await.is_some() {}
    });
    let mut told_to_stop = std::pin::pin!(runtime::told_to_stop(runtime));
    let reader = Reader::open(live.recording())?;
    let mut printed = Vec::new();
    while !traffic.is_finished() {
        print_ended(&reader, &mut printed, env)?;
        let told = runtime.block_on(async {
            tokio::select! {
                () = &mut told_to_stop => true,
                () = tokio::time::sleep(LOOK) => false,
            }
        });
        if told {
            traffic.abort();
            break;
        }
    }
    let mut looks = PATIENCE.as_millis() / LOOK.as_millis();
    while print_ended(&reader, &mut printed, env)? > 0 && looks > 0 {
        runtime.block_on(async { tokio::time::sleep(LOOK).await });
        looks -= 1;
    }
    summarize(&reader, env)
}

/// Prints the exchanges that have ended and were not printed; says how many are open.
fn print_ended(reader: &Reader, printed: &mut Vec<i64>, env: &mut Env<'_>) -> anyhow::Result<usize> {
    let mut open = 0;
    for summary in reader.summaries(Page::default())? {
        if summary.verdict == Verdict::Open {
            open += 1;
        } else if !printed.contains(&summary.id) {
            printed.push(summary.id);
            let evidence = reader.evidence(summary.id)?.unwrap_or_default();
            writeln!(env.stdout, "{}\n    {}", line(&summary), printable(&evidence))?;
            let whole = reader.exchange(summary.id)?;
            for finding in whole.iter().flat_map(|whole| &whole.findings) {
                let severity = paint(env.stdout.colour(), finding.severity.into(), finding.severity.as_str());
                let (check, message) = (printable(&finding.check), printable(&finding.message));
                writeln!(env.stdout, "    {severity}: {message} ({check})")?;
            }
            env.stdout.flush()?;
        }
    }
    Ok(open)
}

/// `#3 POST /v1/chat/completions deepseek-v4-flash 200 complete, first token 321 ms, 1.53 s, 24+60 tokens`
fn line(summary: &Summary) -> String {
    let digest = &summary.digest;
    let words = [
        Some(format!("#{} {} {}", summary.id, summary.method, summary.path)),
        digest.model.clone(),
        summary.status.map(|status| status.to_string()),
        Some(summary.verdict.to_string()),
        digest.error_code.as_ref().map(|code| format!("({code})")),
    ];
    let figures = [
        Some(words.into_iter().flatten().collect::<Vec<_>>().join(" ")),
        digest.first_token.map(|at| format!("first token {at}")),
        summary.duration.map(|duration| duration.to_string()),
        digest.usage.input.zip(digest.usage.output).map(|(input, output)| format!("{input}+{output} tokens")),
    ];
    printable(&figures.into_iter().flatten().collect::<Vec<_>>().join(", ")).into_owned()
}

fn summarize(reader: &Reader, env: &mut Env<'_>) -> anyhow::Result<()> {
    let summaries = reader.summaries(Page::default())?;
    let counts = Verdict::ALL.into_iter().filter_map(|verdict| {
        let count = summaries.iter().filter(|summary| summary.verdict == verdict).count();
        (count > 0).then(|| format!("{count} {verdict}"))
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    writeln!(env.stdout, "\n{} exchanges: {counts}", summaries.len())?;
    writeln!(
        env.stdout,
        "in a terminal, `gatetap demo` shows this live; `gatetap run` does it for your own app"
    )?;
    Ok(())
}

fn first_address(live: &Live) -> anyhow::Result<SocketAddr> {
    live.addresses().first().copied().ok_or_else(|| anyhow::anyhow!("there is no address to send traffic to"))
}
