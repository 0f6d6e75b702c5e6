//! `gatetap show`: one exchange, whole.

mod events;
mod facts;
mod page;
mod pretty;
mod rhythm;
mod sdk;
mod switched;

use super::completions;
use super::error::{Hint, wrong_usage};
use super::exit::Exit;
use super::presence;
use super::recording::{ExchangeNames, RecordingArgs};
use super::world::Env;
use crate::digest::summary::Whole;
use crate::digest::{self, EventLine};
use crate::exchange::ExchangeId;
use crate::exchange::body::{Body, Side};
use crate::exchange::head::Headers;
use crate::exchange::origin::Origin;
use crate::exchange::text::counted;
use crate::export::json::{EventJson, WholeLine, hex};
use crate::store::Reader;
use crate::wire::coding::{self, Problem};
use anyhow::bail;
use clap::ValueEnum;
use clap_complete::engine::ArgValueCandidates;
use serde::Serialize;
use std::io::Write;

/// Show an exchange: who asked what, how it ended and why, heads, bodies, events
#[derive(Debug, clap::Args)]
pub(super) struct ShowArgs {
    /// Its number, `last`, `-N` for the Nth from the end, or a range such as `3-7`
    #[arg(value_name = "ID", required = true, allow_negative_numbers = true, add = ArgValueCandidates::new(completions::exchanges))]
    ids: Vec<ExchangeNames>,

    #[command(flatten)]
    recording: RecordingArgs,

    /// One JSON object a line
    #[arg(long)]
    json: bool,

    /// Only the events of the stream, one a line
    #[arg(long)]
    events: bool,

    /// Only the bytes of one body, as they passed
    #[arg(long, value_name = "SIDE", conflicts_with_all = ["json", "events"])]
    body: Option<BodySide>,

    /// With --body: after undoing its content codings
    #[arg(long, requires = "body")]
    decoded: bool,

    /// What that SDK would have made of the answer: what it gives the app, and how it ends
    #[arg(long = "as", value_name = "SDK", conflicts_with_all = ["events", "body"])]
    sdk: Option<sdk::SdkWord>,
}

/// Which body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum BodySide {
    Request,
    Response,
    // What the gateway had sent, where a fault altered it.
    Origin,
}

/// One exchange with its bodies.
#[derive(Debug)]
struct Shown {
    whole: Whole,
    request: Body,
    response: Body,
    origin: Option<OriginShown>,
}

/// What the gateway had sent, where a fault altered it.
#[derive(Debug)]
struct OriginShown {
    origin: Origin,
    headers: Headers,
    body: Body,
}

impl OriginShown {
    fn read(reader: &Reader, id: ExchangeId) -> anyhow::Result<Option<Self>> {
        let Some(origin) = reader.origin(id)? else { return Ok(None) };
        let headers = Headers::from_raw_head(&origin.head);
        Ok(Some(Self { origin, headers, body: reader.body(id, Side::Origin)? }))
    }
}

impl From<BodySide> for Side {
    fn from(side: BodySide) -> Self {
        match side {
            BodySide::Request => Self::Request,
            BodySide::Response => Self::Response,
            BodySide::Origin => Self::Origin,
        }
    }
}

impl ShowArgs {
    /// Shows.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let reader = self.recording.open(env)?;
        presence::tell_trouble(&reader, env)?;
        if let Some(side) = self.body {
            let [ExchangeNames::One(name)] = self.ids.as_slice() else {
                return Err(wrong_usage(
                    "--body writes the bytes of one exchange",
                    "name one exchange, or leave out --body",
                ));
            };
            let shown = Shown::read(&reader, name.find(&reader)?)?;
            return shown.write_body(side.into(), self.decoded, env);
        }
        // All are looked up before the first is printed.
        let ids: Vec<Vec<ExchangeId>> =
            self.ids.iter().map(|names| names.find(&reader)).collect::<Result<_, _>>()?;
        for (index, id) in ids.into_iter().flatten().enumerate() {
            let shown = Shown::read(&reader, id)?;
            if let Some(word) = self.sdk {
                let view = sdk::view(&shown, word.into());
                if self.json {
                    write_json(env, &sdk::ViewLine::new(&shown, &view))?;
                } else {
                    let gap = if index > 0 { "\n" } else { "" };
                    let page = sdk::page(&shown, &view, env.stdout.colour());
                    write!(env.stdout, "{gap}{page}")?;
                }
                continue;
            }
            match (self.json, self.events) {
                (true, true) => {
                    for event in &shown.events() {
                        write_json(env, &EventJson::new(event))?;
                    }
                }
                (true, false) => {
                    write_json(env, &WholeLine::new(&shown.whole, &shown.request, &shown.response))?;
                }
                (false, events_only) => {
                    if index > 0 {
                        writeln!(env.stdout)?;
                    }
                    let text = if events_only {
                        events::lines(&shown.events(), env)
                    } else {
                        page::page(&shown, reader.evidence(id)?, env)
                    };
                    write!(env.stdout, "{text}")?;
                    if events_only && text.is_empty() {
                        writeln!(env.stderr, "exchange {id} has no stream")?;
                    }
                }
            }
        }
        Ok(Exit::Fine)
    }
}

impl Shown {
    fn read(reader: &Reader, id: ExchangeId) -> anyhow::Result<Self> {
        let Some(whole) = reader.exchange(id)? else {
            bail!("exchange {id} has gone from `{}`", reader.path().display());
        };
        Ok(Self {
            whole,
            request: reader.body(id, Side::Request)?,
            response: reader.body(id, Side::Response)?,
            origin: OriginShown::read(reader, id)?,
        })
    }

    fn events(&self) -> Vec<EventLine> {
        let head = self.whole.exchange.response.as_ref();
        head.map_or_else(Vec::new, |head| digest::events(head, &self.response))
    }

    fn side(&self, side: Side) -> (Option<&Headers>, &Body) {
        if let (Side::Origin, Some(origin)) = (side, &self.origin) {
            return (Some(&origin.headers), &origin.body);
        }
        let exchange = &self.whole.exchange;
        match side {
            Side::Request => (Some(&exchange.request.headers), &self.request),
            Side::Response | Side::Origin => {
                (exchange.response.as_ref().map(|head| &head.headers), &self.response)
            }
        }
    }

    /// Which bytes of a body that has ended passed and are not in the recording, in words.
    fn missing(&self, side: Side) -> Option<String> {
        let exchange = &self.whole.exchange;
        let (_, body) = self.side(side);
        let seen = match side {
            Side::Origin => body.passed(),
            Side::Request | Side::Response => exchange.bytes_of(side),
        };
        let missing = seen.saturating_sub(body.bytes.len() as u64);
        match body.cut {
            Some(cut) => {
                let hash =
                    exchange.sha256_of(side).map(|hash| format!("; SHA-256 of the whole: {}", hex(hash)));
                Some(format!(
                    "{} are missing from offset {} on, {} of the end follow{}",
                    counted(missing, "byte"),
                    cut.at,
                    counted(cut.tail, "byte"),
                    hash.unwrap_or_default()
                ))
            }
            None if missing > 0 && exchange.end_of(side).is_some() => {
                Some(format!("{} of {seen} are missing", counted(missing, "byte")))
            }
            None => None,
        }
    }

    /// Writes the bytes of a body to stdout, and fails afterwards if they are not all of them.
    fn write_body(&self, side: Side, decoded: bool, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let (headers, body) = self.side(side);
        let mut problem = None;
        match headers {
            Some(headers) if decoded => {
                let decoded = coding::decode(headers, &body.bytes, usize::MAX);
                env.stdout.write_all(&decoded.bytes)?;
                problem = decoded.problem;
            }
            _ => env.stdout.write_all(&body.bytes)?,
        }
        env.stdout.finish()?;
        if let Some(problem) = problem {
            return Err(anyhow::Error::msg(problem_text(&problem)))
                .hint("without --decoded the bytes are written as they passed");
        }
        if let Some(missing) = self.missing(side) {
            bail!("the recording does not hold all of it: {missing}");
        }
        Ok(Exit::Fine)
    }
}

fn write_json(env: &mut Env<'_>, line: &impl Serialize) -> anyhow::Result<()> {
    serde_json::to_writer(&mut env.stdout, line)?;
    Ok(env.stdout.write_all(b"\n")?)
}

/// Why a body could not be decoded to its end.
fn problem_text(problem: &Problem) -> String {
    match problem {
        Problem::Corrupt { coding, at } => {
            format!("the body is not valid {} around byte {at}", coding.as_str())
        }
        Problem::Capped => "it is too long to decode as a whole".to_owned(),
    }
}
