//! Runs the real program, each time in a home of its own.
//!
//! ```ignore
//! let gatetap = Gatetap::run(&["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &gateway.url()]);
//! // … talk to gatetap.addr() …
//! gatetap.terminate();
//! let exit = gatetap.wait_exit();
//! assert_eq!(exit.code, Some(0), "{exit}");
//! ```
//!
//! The program sees nothing of the machine: of the environment only `PATH` and `TMPDIR` are passed on, so
//! that no `GATETAP_*`, proxy or gateway key variable of the developer changes a test; `HOME` and the XDG
//! directories lie in a temporary [`Home`]; time is UTC, without colors. Several runs share a recording
//! by sharing a home. Everything here blocks its thread, and has the deadline of
//! [`patience`](super::patience).

use std::ffi::OsString;
use std::fmt;
use std::io::{Read, Write as _};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use tempfile::TempDir;

use super::{eventually_in, patience};

/// The line that a headless gatetap prints when it is ready, up to the address.
const READY: &str = "listening on http://";

/// A home directory that is deleted when its last clone is dropped.
#[derive(Debug, Clone)]
pub struct Home {
    dir: Arc<TempDir>,
}

/// A run to be started.
#[derive(Debug)]
pub struct Launch {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    stdin: Vec<u8>,
    home: Home,
}

/// A run that goes on. It is killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    stdout: Collector,
    stderr: Collector,
    home: Home,
}

/// A running proxy that has said where it listens. It is killed when it is dropped.
#[derive(Debug)]
pub struct Gatetap {
    running: Running,
    addr: SocketAddr,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Exit {
    /// The exit code; `None` if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it, if one did.
    pub signal: Option<i32>,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
}

/// A pipe that is read to its end on a thread of its own.
#[derive(Debug)]
struct Collector {
    text: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

/// Runs gatetap with these arguments and variables in a fresh home, up to its end.
pub fn run_to_end(args: &[&str], env: &[(&str, &str)]) -> Exit {
    let launch = env.iter().fold(Launch::gatetap(args), |launch, (name, value)| launch.env(name, value));
    launch.run_to_end()
}

impl Home {
    /// An empty home.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("gatetap-test-").tempdir().unwrap();
        for name in ["config", "data", "state", "cache"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { dir: Arc::new(dir) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A path in it.
    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.path().join(name)
    }
}

impl Launch {
    /// gatetap with these arguments, in a fresh home.
    pub fn gatetap(args: &[&str]) -> Self {
        Self::program(env!("CARGO_BIN_EXE_gatetap"), args)
    }

    /// Any program, the same way.
    pub fn program(program: impl Into<OsString>, args: &[&str]) -> Self {
        Self {
            program: program.into(),
            args: args.iter().map(OsString::from).collect(),
            env: Vec::new(),
            stdin: Vec::new(),
            home: Home::new(),
        }
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    /// Runs in this home, which other runs may share.
    #[must_use]
    pub fn home(mut self, home: &Home) -> Self {
        self.home = home.clone();
        self
    }

    /// Gives it this on stdin, which is empty otherwise.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// The command with its environment, for a test that attaches it to something else than pipes.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear();
        for name in ["PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .env("XDG_DATA_HOME", self.home.join("data"))
            .env("XDG_STATE_HOME", self.home.join("state"))
            .env("XDG_CACHE_HOME", self.home.join("cache"))
            .env("LANG", "C.UTF-8")
            .env("NO_COLOR", "1")
            .env("TZ", "UTC")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path());
        command
    }

    /// Starts it.
    pub fn start(self) -> Running {
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = self.program.display();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
        let mut stdin = child.stdin.take().unwrap();
        let input = self.stdin;
        let feeder = Builder::new().name("stdin".to_owned());
        // A program may end without reading what it was given.
        feeder.spawn(move || drop(stdin.write_all(&input))).unwrap();
        Running {
            stdout: Collector::start("stdout", child.stdout.take().unwrap()),
            stderr: Collector::start("stderr", child.stderr.take().unwrap()),
            child,
            home: self.home,
        }
    }

    /// Starts it and waits for its end.
    pub fn run_to_end(self) -> Exit {
        self.start().wait_exit()
    }

    /// Starts it and waits until it says where it listens.
    #[track_caller]
    pub fn serve(self) -> Gatetap {
        let mut running = self.start();
        let line = running.wait_line(READY);
        let rest = line.split_once(READY).map(|(_, rest)| rest).unwrap_or_default();
        let addr = rest.split(['/', ' ']).next().unwrap_or_default();
        let addr = addr.parse().unwrap_or_else(|_| panic!("no address in {line:?}"));
        Gatetap { running, addr }
    }
}

impl Running {
    /// Waits until a line of stdout contains `part`, and gives the whole line.
    #[track_caller]
    pub fn wait_line(&mut self, part: &str) -> String {
        let started = Instant::now();
        let mut ended = None;
        let line = eventually_in(&format!("{part:?} on stdout"), patience() * 2, || {
            // Looked at in this order: what was written before the end is then already in the pipes.
            if ended.is_none() {
                ended = self.child.try_wait().unwrap();
            }
            let all_read = ended.is_some() && self.output_ended();
            let stdout = self.stdout.text();
            let mut lines = stdout.split_inclusive('\n').filter(|line| all_read || line.ends_with('\n'));
            match lines.find(|line| line.contains(part)) {
                Some(line) => Some(Ok(line.trim_end().to_owned())),
                None if all_read || started.elapsed() > patience() => Some(Err(ended)),
                None => None,
            }
        });
        line.unwrap_or_else(|ended| {
            let fate = ended.map_or_else(|| "still runs".to_owned(), |status| format!("ended ({status})"));
            let (stdout, stderr) = (self.stdout(), self.stderr());
            panic!("the program {fate} and has not printed {part:?}\nstdout:\n{stdout}\nstderr:\n{stderr}")
        })
    }

    /// What it wrote to stdout so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it wrote to stderr so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Its home.
    pub const fn home(&self) -> &Home {
        &self.home
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once, without a chance to clean up, and waits for that.
    pub fn kill_9(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end: SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Asks it to end as Ctrl-C does: SIGINT.
    pub fn interrupt(&self) {
        self.signal("INT");
    }

    /// Waits for its end, and for the end of its output: its own children have to have closed it too.
    #[track_caller]
    pub fn wait_exit(mut self) -> Exit {
        let started = Instant::now();
        let mut status = None;
        let ended = eventually_in("the program and its output to end", patience() * 2, || {
            if status.is_none() {
                status = self.child.try_wait().unwrap();
            }
            match status {
                Some(status) if self.output_ended() => Some(Ok(status)),
                _ if started.elapsed() > patience() => Some(Err(status)),
                _ => None,
            }
        });
        let (stdout, stderr) = (self.stdout(), self.stderr());
        match ended {
            Ok(status) => Exit::new(status, stdout, stderr),
            Err(None) => panic!("the program does not end\nstdout:\n{stdout}\nstderr:\n{stderr}"),
            Err(Some(status)) => panic!(
                "the program ended ({status}), but its output is held open\nstdout:\n{stdout}\nstderr:\n{stderr}"
            ),
        }
    }

    fn output_ended(&self) -> bool {
        self.stdout.thread.is_finished() && self.stderr.thread.is_finished()
    }

    fn signal(&self, name: &str) {
        let pid = self.pid().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status().unwrap();
        assert!(status.success(), "kill -s {name}: {status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; what matters is that it does not outlive the test.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Gatetap {
    /// Starts gatetap in a fresh home and waits until it says where it listens. The arguments have to
    /// make it headless, on a port of its own: `["run", "--headless", "--listen", "127.0.0.1:0", …]`.
    #[track_caller]
    pub fn run(args: &[&str]) -> Self {
        Launch::gatetap(args).serve()
    }

    /// Where it listens.
    pub const fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its URL, without a path and without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its home.
    pub const fn home(&self) -> &Home {
        self.running.home()
    }

    /// The run itself: its output so far, its process id.
    pub const fn running(&mut self) -> &mut Running {
        &mut self.running
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Ends it at once, without a chance to clean up, and waits for that.
    pub fn kill_9(&mut self) {
        self.running.kill_9();
    }

    /// Asks it to end: SIGTERM.
    pub fn terminate(&self) {
        self.running.terminate();
    }

    /// Asks it to end as Ctrl-C does: SIGINT.
    pub fn interrupt(&self) {
        self.running.interrupt();
    }

    /// Waits for its end.
    #[track_caller]
    pub fn wait_exit(self) -> Exit {
        self.running.wait_exit()
    }
}

impl Exit {
    fn new(status: ExitStatus, stdout: String, stderr: String) -> Self {
        Self { code: status.code(), signal: status.signal(), stdout, stderr }
    }

    /// The lines of stdout.
    pub fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, signal, stdout, stderr } = self;
        write!(f, "code {code:?}, signal {signal:?}\nstdout:\n{stdout}\nstderr:\n{stderr}")
    }
}

impl Collector {
    fn start(name: &str, mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let collected = Arc::clone(&text);
        let thread = Builder::new().name(name.to_owned()).spawn(move || {
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                collected.lock().unwrap().extend_from_slice(&buffer[..count]);
            }
        });
        Self { text, thread: thread.unwrap() }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }
}

mod tests {
    use super::*;
    use crate::support::panic_text;

    fn sh(script: &str) -> Launch {
        Launch::program("/bin/sh", &["-c", script])
    }

    #[test]
    fn a_server_is_there_when_it_has_said_where() {
        let server = sh("echo hello; echo listening on http://127.0.0.1:4321; exec sleep 600").serve();
        assert_eq!(server.addr(), "127.0.0.1:4321".parse().unwrap());
        assert_eq!(server.url(), "http://127.0.0.1:4321");
        assert!(server.home().path().is_dir());
        server.terminate();
        let exit = server.wait_exit();
        assert_eq!((exit.code, exit.signal), (None, Some(15)), "{exit}");
        assert_eq!(exit.lines(), ["hello", "listening on http://127.0.0.1:4321"]);
    }

    #[test]
    fn a_server_that_ends_early_is_quoted() {
        let text = panic_text(|| sh("echo no port; echo because >&2; exit 3").serve());
        for part in ["listening on http://", "exit status: 3", "no port", "because"] {
            assert!(text.contains(part), "{part:?} in {text}");
        }
        let text = panic_text(|| sh("printf 'listening on http://nowhere'").serve());
        assert!(text.contains("no address"), "{text}");
    }

    #[test]
    fn signals_reach_the_program() {
        let trap = "trap 'echo caught; exit 7' INT; echo ready; while :; do sleep 0.01; done";
        let mut running = sh(trap).start();
        running.wait_line("ready");
        assert_eq!((running.stdout().as_str(), running.stderr().as_str()), ("ready\n", ""));
        running.interrupt();
        let exit = running.wait_exit();
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(7), "ready\ncaught\n"));

        let mut server = sh("echo listening on http://127.0.0.1:1; exec sleep 600").serve();
        server.interrupt();
        server.kill_9();
        assert!(server.running().stdout().starts_with("listening"));
        assert!(matches!(server.wait_exit().signal, Some(2 | 9)));
    }

    #[test]
    fn a_dropped_run_does_not_live_on() {
        let server = sh("echo listening on http://127.0.0.1:1; exec sleep 600").serve();
        let pid = server.running.pid();
        drop(server);
        let alive = Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status();
        assert!(!alive.unwrap().success());
    }

    #[test]
    fn the_environment_is_closed_and_the_home_is_shared_on_request() {
        let home = Home::new();
        let exit = sh("env; cat; echo kept > \"$XDG_DATA_HOME/file\"; pwd")
            .env("GATETAP_LISTEN", "127.0.0.1:0")
            .stdin("from stdin\n")
            .home(&home)
            .run_to_end();
        assert_eq!(exit.code, Some(0), "{exit}");
        let names: Vec<_> = exit.lines().iter().filter_map(|line| line.split_once('=')).collect();
        let value = |name| names.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
        assert_eq!(value("HOME"), home.path().to_str());
        assert_eq!(value("GATETAP_LISTEN"), Some("127.0.0.1:0"));
        assert_eq!((value("TZ"), value("NO_COLOR"), value("CARGO")), (Some("UTC"), Some("1"), None));
        assert!(exit.stdout.contains("from stdin\n"), "{exit}");

        let again = sh("cat \"$XDG_DATA_HOME/file\"").home(&home).run_to_end();
        assert_eq!(again.stdout, "kept\n", "{again}");
    }

    #[test]
    fn the_real_program_runs() {
        let exit = run_to_end(&["--version"], &[("GATETAP_DB", "unused")]);
        assert_eq!(exit.code, Some(0), "{exit}");
        let text = panic_text(|| Gatetap::run(&["--version"]));
        assert!(text.contains("has not printed \"listening on http://\""), "{text}");
    }
}
