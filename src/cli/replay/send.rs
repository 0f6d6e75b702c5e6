//! `gatetap replay send`: recorded requests again, and what came of it this time.

use super::results::{Criterion, Results};
use crate::cli::error::{with_exit, wrong_usage};
use crate::cli::exit::Exit;
use crate::cli::recording::ExchangeNames;
use crate::cli::run::{live_settings, upstream};
use crate::cli::world::Env;
use crate::cli::{announce, filter, runtime};
use crate::config::{Given, Pointer, Rate, Settings, Upstream, UpstreamGiven};
use crate::exchange::body::Side;
use crate::exchange::text::counted;
use crate::exchange::time::Clock;
use crate::exchange::{ExchangeId, SessionId};
use crate::gateway::profile::Gateway;
use crate::live::Live;
use crate::live::ready::{self, Key, Ready, Unready};
use crate::replay::Changes;
use crate::store::{Page, Reader};
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::io::{BufRead as _, IsTerminal as _, Write};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// Send recorded requests again, record what comes of it, and compare
///
/// The key is not in the recording: it comes from the environment, by default from the variable that is usual
/// for the gateway. Each sending passes through gatetap into the same recording, linked to the exchange that it
/// repeats (`is:replayed`).
#[derive(Debug, clap::Args)]
pub(super) struct SendArgs {
    /// Which: numbers, `last`, a range such as 3-7, or a filter
    #[arg(value_name = "ID|FILTER", required = true, allow_negative_numbers = true)]
    which: Vec<String>,

    /// The recording [default: recording.db in your data directory]
    #[arg(long, value_name = "FILE", env = "GATETAP_DB", hide_env_values = true)]
    db: Option<PathBuf>,

    /// Where to send it: a gateway's name, a base URL, or sim [default: where it went]
    #[arg(long, value_name = "UPSTREAM")]
    to: Option<UpstreamGiven>,

    /// The variable that holds the key [default: the gateway's usual one, such as `OPENAI_API_KEY`]
    #[arg(long, value_name = "VAR")]
    key_env: Option<String>,

    /// Set a member of the body, as in `/temperature=0`; null takes it out; may be repeated
    #[arg(long, value_name = "POINTER=VALUE")]
    set: Vec<Member>,

    /// Ask for another model
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,

    /// Set a header, as in `X-Title: test`; without a value it is left out; may be repeated
    #[arg(long, value_name = "NAME: VALUE")]
    header: Vec<HeaderLine>,

    /// Ask for a stream
    #[arg(long, overrides_with = "no_stream")]
    stream: bool,

    /// Ask for a plain answer
    #[arg(long, overrides_with = "stream")]
    no_stream: bool,

    /// How many times each
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,

    /// How many at a time
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    concurrency: u32,

    /// At most this many a second
    #[arg(long, value_name = "NUMBER")]
    rate: Option<Rate>,

    /// Print what would be sent, the key masked, and send nothing
    #[arg(long)]
    dry_run: bool,

    /// Send more than one request without asking
    #[arg(long)]
    yes: bool,

    /// Exit with 1 where these differ: status, verdict, text, json (the text as JSON), tools
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    expect: Vec<Criterion>,

    /// One JSON object a sending
    #[arg(long)]
    json: bool,
}

/// A member of a body and its value.
#[derive(Debug, Clone)]
struct Member(String, Value);

/// A header and its value.
#[derive(Debug, Clone)]
struct HeaderLine(String, String);

impl FromStr for Member {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (pointer, value) =
            text.split_once('=').ok_or("expected a pointer and a value, as in `/temperature=0`")?;
        let pointer: Pointer = pointer.parse().map_err(|error: crate::config::BadValue| error.to_string())?;
        // What is no JSON is meant as text.
        Ok(Self(pointer.0, serde_json::from_str(value).unwrap_or_else(|_| Value::from(value))))
    }
}

impl FromStr for HeaderLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) =
            text.split_once(':').ok_or("expected a name and a value, as in `X-Title: test`")?;
        let value = value.trim();
        let name = http::HeaderName::from_str(name.trim()).map_err(|error| error.to_string())?;
        http::HeaderValue::from_str(value).map_err(|error| error.to_string())?;
        Ok(Self(name.to_string(), value.to_owned()))
    }
}

impl SendArgs {
    /// Sends, and compares.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let given = Given { db: self.db.clone(), upstream: self.to.clone(), ..Given::default() };
        let settings = Settings::resolve(given, &env.directories)?;
        let reader = Reader::open(&settings.db)?;
        let mut ready = Vec::new();
        for id in self.ids(&reader, env)? {
            ready.push(self.ready(&reader, id, &settings)?);
        }
        drop(reader);
        let recording = settings.db.clone();
        if ready.is_empty() {
            return Err(wrong_usage(
                "the filter finds no exchange",
                "`gatetap ls FILTER` shows what there is",
            ));
        }
        if self.dry_run {
            return self.show(&ready, env);
        }
        self.ask(&ready, env)?;
        let runtime = runtime::start()?;
        let mut results = Results::new(&self.expect);
        let mut groups: Vec<(Upstream, Vec<Ready>)> = Vec::new();
        for one in ready {
            match groups.iter_mut().find(|(to, _)| *to == one.to) {
                Some((_, group)) => group.push(one),
                None => groups.push((one.to.clone(), vec![one])),
            }
        }
        for (to, group) in groups {
            let settings = live_settings(&settings, env)?.for_sending(upstream(&to));
            let session = runtime.block_on(self.send(settings, group, &env.clock))?;
            results.read(&Reader::open(&recording)?, session)?;
        }
        if self.json {
            results.print_json(env)?;
        } else {
            results.print(env)?;
        }
        Ok(results.exit())
    }

    /// The exchanges that are meant: by their numbers, else by a filter.
    fn ids(&self, reader: &Reader, env: &Env<'_>) -> anyhow::Result<Vec<ExchangeId>> {
        let names: Result<Vec<ExchangeNames>, String> = self.which.iter().map(|word| word.parse()).collect();
        if let Ok(names) = names {
            let mut ids = Vec::new();
            for name in names {
                ids.extend(name.find(reader)?);
            }
            return Ok(ids);
        }
        let filter = filter::parse(&self.which)?;
        Ok(reader.select_ids(&filter, Page::default(), env.clock.now().wall)?)
    }

    fn ready(&self, reader: &Reader, id: ExchangeId, settings: &Settings) -> anyhow::Result<Ready> {
        let Some(whole) = reader.exchange(id)? else {
            bail!("exchange {id} has gone from `{}`", reader.path().display());
        };
        let body = reader.body(id, Side::Request)?;
        let to = match &self.to {
            Some(_) => settings.upstream.clone(),
            None => known(ready::origin(&whole).map_err(|unready| explain(&unready))?, settings),
        };
        let configured = match &to {
            Upstream::Gateway(gateway) => settings.configured(gateway),
            Upstream::Sim(_) | Upstream::Replay(_) => None,
        };
        let variable = self.key_env.as_deref().or_else(|| configured?.key_variable());
        let key = Key::look_up(&to, variable, |name| std::env::var(name).ok());
        if let Some(variable) = self.key_env.as_ref().filter(|_| !key.is_there()) {
            return Err(wrong_usage(
                format!("there is no key in `{variable}`"),
                format!("set it, as in `{variable}=… gatetap replay send …`"),
            ));
        }
        Ok(Ready::new(&whole.exchange, &body, &self.changes(), to, &key)
            .map_err(|unready| explain(&unready))?
            .straight())
    }

    fn changes(&self) -> Changes {
        let mut members: Vec<(String, Value)> =
            self.set.iter().map(|Member(place, value)| (place.clone(), value.clone())).collect();
        if let Some(model) = &self.model {
            members.push(("/model".to_owned(), Value::from(model.as_str())));
        }
        if self.stream || self.no_stream {
            members.push(("/stream".to_owned(), Value::from(self.stream)));
        }
        if self.no_stream {
            // Gateways refuse it beside a plain answer.
            members.push(("/stream_options".to_owned(), Value::Null));
        }
        let headers =
            self.header.iter().map(|HeaderLine(name, value)| (name.clone(), value.clone())).collect();
        Changes { members, headers }
    }

    fn show(&self, ready: &[Ready], env: &mut Env<'_>) -> anyhow::Result<Exit> {
        for one in ready {
            let host = match &one.to {
                Upstream::Gateway(gateway) => gateway.authority.clone(),
                local => local.to_string(),
            };
            env.stdout.write_all(&one.again.shown(&host))?;
            writeln!(env.stdout, "\n")?;
            writeln!(env.stderr, "#{} would go to {}", one.id, one.to)?;
        }
        writeln!(env.stderr, "{}", self.estimate(ready))?;
        Ok(Exit::Fine)
    }

    /// How much it would come to, in words.
    fn estimate(&self, ready: &[Ready]) -> String {
        let count = u64::from(self.count);
        let input: u64 = ready.iter().map(|one| one.again.estimated_tokens().0).sum();
        let most: Option<u64> = ready.iter().map(|one| one.again.estimated_tokens().1).sum();
        let requests = ready.len() as u64 * count;
        let answers = match most {
            Some(most) => format!("at most {} out", most * count),
            None => "and as many out as the answers have".to_owned(),
        };
        format!("{}, about {} in, {answers}", counted(requests, "request"), counted(input * count, "token"))
    }

    /// Asks before more than one request is paid for.
    fn ask(&self, ready: &[Ready], env: &mut Env<'_>) -> anyhow::Result<()> {
        if self.yes || ready.len() as u64 * u64::from(self.count) < 2 {
            return Ok(());
        }
        let estimate = self.estimate(ready);
        if !std::io::stdin().is_terminal() || !env.stderr.is_terminal() {
            return Err(wrong_usage(
                format!("that would be {estimate}"),
                "say --yes if that is meant, or --dry-run to see it",
            ));
        }
        write!(env.stderr, "{estimate}. Send? [y/N] ")?;
        env.stderr.flush()?;
        let mut answer = String::new();
        std::io::stdin().lock().read_line(&mut answer)?;
        if matches!(answer.trim(), "y" | "Y" | "yes") {
            return Ok(());
        }
        Err(with_exit(anyhow::Error::msg("nothing was sent"), "--dry-run shows what would be", Exit::Usage))
    }

    /// Sends them all through a gatetap of their own, and gives the session that has recorded it.
    async fn send(
        &self,
        settings: crate::live::Settings,
        group: Vec<Ready>,
        clock: &Clock,
    ) -> anyhow::Result<SessionId> {
        let live = Arc::new(Live::start(settings, clock.clone()).await.map_err(announce::explain)?);
        let session = live.session();
        let places = Arc::new(Semaphore::new(self.concurrency as usize));
        let start = Instant::now();
        let mut sendings = JoinSet::new();
        let turns = (0..self.count).flat_map(|_| &group).enumerate();
        for (number, one) in turns {
            if let Some(rate) = self.rate {
                let after = Duration::try_from_secs_f64(number as f64 / rate.0).unwrap_or_default();
                sleep_until(start + after).await;
            }
            let place = Arc::clone(&places).acquire_owned().await?;
            let (live, again, id) = (Arc::clone(&live), Arc::clone(&one.again), one.id);
            sendings.spawn(async move {
                let sent = live.send_again(id, &again).await;
                drop(place);
                sent
            });
        }
        let mut failure = None;
        while let Some(sent) = sendings.join_next().await {
            failure = sent?.err().or(failure);
        }
        let outcome = match Arc::into_inner(live) {
            Some(live) => live.stop().await,
            None => bail!("a sending has not ended"),
        };
        if let Some(error) = failure {
            return Err(error).context("cannot send through the local proxy");
        }
        if !outcome.is_whole() {
            bail!("the recording is not whole: {}", outcome.failure.unwrap_or_default());
        }
        Ok(session)
    }
}

fn explain(unready: &Unready) -> anyhow::Error {
    wrong_usage(unready.to_string(), unready.hint())
}

/// The gateway of the file that is found at the same place, if there is one: it has its key, and its headers.
fn known(to: Upstream, settings: &Settings) -> Upstream {
    let Upstream::Gateway(gateway) = &to else { return to };
    let mut known = settings.gateways.iter().map(|configured| &configured.gateway);
    let is_there =
        |known: &&Gateway| known.origin() == gateway.origin() && known.base_path == gateway.base_path;
    known.find(is_there).map_or_else(|| to.clone(), |known| Upstream::Gateway(known.clone()))
}
