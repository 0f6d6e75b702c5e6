//! The command that is wrapped: started, told what this process is told, waited for.

use crate::cli::error::with_exit;
use crate::cli::exit::Exit;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::ExitStatus;
use tokio::process::{Child, Command};
use tokio::runtime::Runtime;

/// As shells have it: the command is not there.
const NOT_FOUND: u8 = 127;

/// As shells have it: the command is there and cannot be run.
const NOT_RUNNABLE: u8 = 126;

/// Runs the command with these variables, on this process's own streams, and gives its exit code.
///
/// # Errors
/// Where the command cannot be run.
pub(super) fn run(
    runtime: &Runtime,
    command: &[OsString],
    variables: &[(String, String)],
) -> anyhow::Result<u8> {
    let Some((program, args)) = command.split_first() else {
        return Ok(0);
    };
    runtime.block_on(async {
        let signals = Signals::watch()?;
        match Command::new(program).args(args).envs(variables.iter().cloned()).spawn() {
            Ok(child) => Ok(code(signals.wait(child).await?)),
            Err(error) => {
                let (code, hint) = match error.kind() {
                    ErrorKind::NotFound => (NOT_FOUND, "is it in PATH? what a shell knows needs `sh -c '…'`"),
                    _ => (NOT_RUNNABLE, "is it a program, and may you run it?"),
                };
                let error =
                    anyhow::Error::new(error).context(format!("cannot run `{}`", program.to_string_lossy()));
                Err(with_exit(error, hint, Exit::Child(code)))
            }
        }
    })
}

/// The exit code; as shells have it, 128 and the number of the signal that ended it.
fn code(status: ExitStatus) -> u8 {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or_else(|| signal.map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}

/// The signals that this process is sent while the command runs.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    quit: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: tokio::signal::unix::Signal,
    /// Ctrl-C goes to the whole foreground group, so the command has it already.
    at_terminal: bool,
}

#[cfg(unix)]
impl Signals {
    /// Watches from now on.
    fn watch() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            at_terminal: std::io::IsTerminal::is_terminal(&std::io::stdin()),
        })
    }

    /// Waits for the command, and hands on to it what this process is told meanwhile.
    async fn wait(mut self, mut child: Child) -> std::io::Result<ExitStatus> {
        use rustix::process::{Pid, Signal, kill_process};
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        loop {
            let told = tokio::select! {
                status = child.wait() => return status,
                _ = self.interrupt.recv() => Signal::INT,
                _ = self.quit.recv() => Signal::QUIT,
                _ = self.terminate.recv() => Signal::TERM,
                _ = self.hangup.recv() => Signal::HUP,
            };
            let has_it = self.at_terminal && matches!(told, Signal::INT | Signal::QUIT);
            if let Some(pid) = pid.filter(|_| !has_it) {
                // It may have ended just now; then its status comes next.
                let _ended = kill_process(pid, told);
            }
        }
    }
}

/// Ctrl-C reaches every process of a console by itself.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn watch() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn wait(self, mut child: Child) -> std::io::Result<ExitStatus> {
        loop {
            tokio::select! {
                status = child.wait() => return status,
                // The command decides what becomes of it.
                _ = tokio::signal::ctrl_c() => {}
            }
        }
    }
}
