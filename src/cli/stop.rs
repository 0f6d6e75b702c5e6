//! `gatetap stop`: ends gatetaps that run on this machine.

use super::error::{with_exit, wrong_usage};
use super::exit::Exit;
use super::presence::{all, none};
use super::world::Env;
use std::io::Write;
use std::time::Duration;

/// How long a gatetap may take to end: it lets open exchanges go on for a moment.
const PATIENCE: Duration = Duration::from_secs(15);

/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// Stop a gatetap that runs here, as Ctrl-C does, and wait for its end
#[derive(Debug, clap::Args)]
pub(super) struct StopArgs {
    /// The process, where several run
    #[arg(value_name = "PID", conflicts_with = "all")]
    pid: Option<u32>,

    /// All of them
    #[arg(long)]
    all: bool,
}

impl StopArgs {
    /// Stops one, or all.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let mut found = all(env)?;
        if found.is_empty() {
            return Err(none());
        }
        if let Some(pid) = self.pid {
            found.retain(|one| one.pid == pid);
            if found.is_empty() {
                let says = format!("no gatetap runs here as process {pid}");
                return Err(wrong_usage(says, "`gatetap status` lists them"));
            }
        } else if found.len() > 1 && !self.all {
            let pids: Vec<String> = found.iter().map(|one| one.pid.to_string()).collect();
            let says = format!("{} gatetaps run here: {}", found.len(), pids.join(", "));
            return Err(wrong_usage(says, "name one by its process, or say --all"));
        }
        for one in &found {
            tell_to_stop(one.pid)?;
        }
        let deadline = env.clock.mono().0 + PATIENCE.as_micros() as u64;
        loop {
            let left: Vec<u32> = all(env)?.into_iter().map(|one| one.pid).collect();
            let waits = found.iter().find(|one| left.contains(&one.pid));
            let Some(waits) = waits else { break };
            if env.clock.mono().0 > deadline {
                let says = anyhow::anyhow!("process {} was told to stop and still runs", waits.pid);
                return Err(with_exit(says, "look at what it says, or end it yourself", Exit::CannotStart));
            }
            std::thread::sleep(LOOK);
        }
        for one in &found {
            writeln!(env.stderr, "stopped process {} ({})", one.pid, one.url)?;
        }
        Ok(Exit::Fine)
    }
}

#[cfg(unix)]
fn tell_to_stop(pid: u32) -> anyhow::Result<()> {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // One that has ended meanwhile is stopped.
    match pid.map(|pid| kill_process(pid, Signal::TERM)) {
        None | Some(Ok(()) | Err(rustix::io::Errno::SRCH)) => Ok(()),
        Some(Err(error)) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn tell_to_stop(pid: u32) -> anyhow::Result<()> {
    let says = anyhow::anyhow!("processes cannot be asked to end on this system");
    Err(with_exit(says, format!("press Ctrl-C in the window of process {pid}"), Exit::CannotStart))
}
