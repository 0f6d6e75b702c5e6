//! The real program in a real terminal: it draws, and gives the terminal back.

use crate::e2e_support::{recording, serve};
use crate::support::binary::{Home, Launch};
use crate::support::client::{Client, get};
use crate::support::{eventually, patience, wait};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const ROWS: u16 = 30;
const COLUMNS: u16 = 100;

/// A terminal with a program in it.
struct Terminal {
    child: Child,
    keys: File,
    side: OwnedFd,
    /// Lives as long as the program.
    _home: Home,
    modes: String,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    /// Runs gatetap on a terminal of its own.
    fn run(home: &Home, args: &[&str]) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let side = std::ffi::OsStr::from_bytes(name.as_bytes());
        let side = rustix::fs::open(side, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&side, Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let modes = modes(&side);

        // The terminal that the tests run in is none of the program's: it gets a session of its own.
        let words = [&["--ctty", env!("CARGO_BIN_EXE_gatetap")], args].concat();
        let launch = Launch::program("setsid", &words).home(home).env("TERM", "xterm-256color");
        let streams = [0; 3].map(|_| side.try_clone().unwrap());
        let [input, output, error] = streams;
        let child = launch.command().stdin(input).stdout(output).stderr(error).spawn().unwrap();

        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let (seen, mut from) = (Arc::clone(&screen), File::from(controller.try_clone().unwrap()));
        let reader = std::thread::Builder::new().name("screen".to_owned());
        let read = move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                seen.lock().unwrap().process(&buffer[..count]);
            }
        };
        reader.spawn(read).unwrap();
        Self { child, keys: File::from(controller), side, _home: home.clone(), modes, screen }
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    #[track_caller]
    fn wait_for(&mut self, part: &str) -> String {
        let started = Instant::now();
        loop {
            let text = self.text();
            if text.contains(part) {
                return text;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && started.elapsed() < patience(), "no {part:?} ({ended:?}) on:\n{text}");
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits for the program's end, which has to be a good one, and for the terminal to be as it was.
    #[track_caller]
    fn assert_given_back(mut self) -> String {
        let status = eventually("the program to end", || self.child.try_wait().unwrap());
        assert!(status.success(), "{status}: {}", self.text());
        assert_eq!(modes(&self.side), self.modes);
        eventually("the screen that was there before", || {
            let parser = self.screen.lock().unwrap();
            let screen = parser.screen();
            let is_as_before = !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None;
            is_as_before.then_some(())
        });
        self.text()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself; what matters is that it does not outlive the test.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn modes(terminal: &OwnedFd) -> String {
    format!("{:?}", tcgetattr(terminal).unwrap())
}

#[test]
fn the_demo_draws_and_q_gives_the_terminal_back() {
    let mut terminal = Terminal::run(&Home::new(), &["demo"]);
    let drawn = terminal.wait_for("complete");
    assert!(drawn.contains("/v1/models"), "{drawn}");
    assert!(terminal.screen.lock().unwrap().screen().alternate_screen());
    assert_ne!(modes(&terminal.side), terminal.modes, "keys are read one by one");
    terminal.press("q");
    let left = terminal.assert_given_back();
    assert!(left.contains("recorded ") && !left.contains("/v1/models"), "{left}");
}

#[test]
fn a_signal_gives_the_terminal_back() {
    let mut terminal = Terminal::run(&Home::new(), &["demo"]);
    terminal.wait_for("complete");
    let pid = rustix::process::Pid::from_child(&terminal.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    terminal.assert_given_back();
}

#[test]
fn a_recording_is_shown_while_another_process_writes_it() {
    let home = Home::new();
    let gatetap = serve(&home, "sim");
    let mut terminal = Terminal::run(&home, &["tui"]);
    terminal.wait_for("holds no exchange yet");
    let raw = get("/v1/models", &["authorization: Bearer sk-sim-e2e"]);
    wait(Client::exchange(gatetap.addr(), raw));
    let drawn = terminal.wait_for("complete");
    assert!(drawn.contains("/v1/models"), "{drawn}");
    terminal.press("q");
    terminal.assert_given_back();
}

#[test]
fn without_a_terminal_or_a_recording_it_says_so() {
    let home = Home::new();
    let said = || {
        let exit = Launch::gatetap(&["tui"]).home(&home).run_to_end();
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{exit}");
        exit.stderr
    };
    assert!(said().starts_with("error: there is no recording at `"), "{}", said());
    crate::cli_recording::record_nothing(&recording(&home));
    assert!(said().contains("needs a terminal") && said().contains("gatetap ls"), "{}", said());
}
