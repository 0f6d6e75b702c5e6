//! `gatetap prune`: take old exchanges out of a recording.

use super::error::wrong_usage;
use super::exit::Exit;
use super::filter::{self, FilterArgs};
use super::progress::Bar;
use super::recording::RecordingArgs;
use super::world::Env;
use crate::config::{self, Age, Size};
use crate::exchange::text::counted;
use crate::exchange::time::WallTime;
use crate::store::{Progress, PrunePlan, Pruner, Retention, Spare};
use indicatif::HumanBytes;
use jiff::Timestamp;
use serde::Serialize;
use std::io::Write;

/// Take old exchanges out of a recording and give their space back
///
/// Takes out what exceeds any of the limits; with a filter as well, only of what the filter asks for. A filter alone
/// takes out everything that it asks for. With neither, the limits of `gatetap.toml` count. Exchanges that are still
/// open stay.
#[derive(Debug, clap::Args)]
#[command(after_long_help = filter::HELP)]
pub(super) struct PruneArgs {
    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    recording: RecordingArgs,

    /// Only exchanges begun within this time may stay, as in `30d`
    #[arg(long, value_name = "AGE")]
    max_age: Option<Age>,

    /// The recording may be at most this large, as in `2GB`
    #[arg(long, value_name = "SIZE")]
    max_size: Option<Size>,

    /// This many exchanges may stay, the newest
    #[arg(long, value_name = "N")]
    max_count: Option<u64>,

    /// Only say what would go
    #[arg(long)]
    dry_run: bool,

    /// One JSON object
    #[arg(long)]
    json: bool,
}

/// What was done, or would be.
#[derive(Debug, Serialize)]
struct PruneLine {
    dry_run: bool,
    exchanges: u64,
    of: u64,
    first_started_at: Option<String>,
    last_started_at: Option<String>,
    body_bytes: u64,
    file_bytes_before: u64,
    /// Null where nothing was done.
    file_bytes_after: Option<u64>,
}

impl PruneArgs {
    /// Prunes.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let filter = self.filter.parse()?;
        let mut retention = Retention {
            age: self.max_age.map(|age| age.0),
            size: self.max_size.map(|size| size.0),
            count: self.max_count,
        };
        if retention.is_none() && filter.is_everything() {
            retention = config::retention(&env.directories)?;
            if retention.is_none() {
                return Err(wrong_usage(
                    "nothing says what may stay",
                    "give --max-age, --max-size, --max-count or a filter, or `[retention]` in gatetap.toml",
                ));
            }
        }
        let path = self.recording.path(env)?;
        let pruner = Pruner::open(&path)?;
        let plan = pruner.plan(&retention, &filter, Spare::Open, env.clock.now().wall)?;
        let mut line = PruneLine::new(self.dry_run, &plan);
        if !self.dry_run && !plan.ids.is_empty() {
            let bar = Bar::new(env.stderr.is_terminal());
            let now = env.clock.now().wall;
            let pruned =
                pruner.run(&retention, &filter, Spare::Open, now, |progress| show(&bar, progress))?;
            bar.clear();
            line.exchanges = pruned.exchanges;
            line.file_bytes_after = Some(pruned.bytes_after);
        }
        if self.json {
            serde_json::to_writer(&mut env.stdout, &line)?;
            env.stdout.write_all(b"\n")?;
        } else {
            writeln!(env.stdout, "{}", line.sentence(&plan, env))?;
        }
        Ok(Exit::Fine)
    }
}

impl PruneLine {
    fn new(dry_run: bool, plan: &PrunePlan) -> Self {
        let moment = |at: WallTime| Timestamp::from_microsecond(at.0).ok().map(|at| at.to_string());
        Self {
            dry_run,
            exchanges: plan.ids.len() as u64,
            of: plan.of,
            first_started_at: plan.span.and_then(|(first, _)| moment(first)),
            last_started_at: plan.span.and_then(|(_, last)| moment(last)),
            body_bytes: plan.body_bytes,
            file_bytes_before: plan.file_bytes,
            file_bytes_after: None,
        }
    }

    fn sentence(&self, plan: &PrunePlan, env: &Env<'_>) -> String {
        let Some((first, last)) = plan.span else {
            return format!("nothing to prune: all {} may stay", counted(self.of, "exchange"));
        };
        let moment = |at: WallTime| {
            Timestamp::from_microsecond(at.0).map_or_else(
                |_| "-".to_owned(),
                |at| at.to_zoned(env.time_zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
            )
        };
        let what = format!(
            "{} of {}, begun {} to {}, {} of bodies",
            self.exchanges,
            counted(self.of, "exchange"),
            moment(first),
            moment(last),
            HumanBytes(self.body_bytes),
        );
        match self.file_bytes_after {
            None => format!("would prune {what}"),
            Some(after) => {
                format!(
                    "pruned {what}; the recording took {} and takes {}",
                    HumanBytes(self.file_bytes_before),
                    HumanBytes(after)
                )
            }
        }
    }
}

fn show(bar: &Bar, progress: Progress) -> bool {
    match progress {
        Progress::Exchanges(gone, of) => bar.show("pruning", gone, of),
        Progress::Space(given, of) => bar.show("giving space back", given, of),
    }
    true
}
