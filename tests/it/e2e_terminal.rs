//! The real program in a real terminal: it draws, and gives the terminal back.

use crate::e2e_support::{ended, recording, serve};
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
        Self::run_with(home, args, &[])
    }

    /// The same, with more in its environment.
    fn run_with(home: &Home, args: &[&str], environment: &[(&str, &str)]) -> Self {
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
        let mut launch = Launch::program("setsid", &words).home(home).env("TERM", "xterm-256color");
        for (name, value) in environment {
            launch = launch.env(name, value);
        }
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
        self.wait_until(part, |text| text.contains(part))
    }

    #[track_caller]
    fn wait_until(&mut self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let text = self.text();
            if is_there(&text) {
                return text;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && started.elapsed() < patience(), "no {what:?} ({ended:?}) on:\n{text}");
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

/// A demo on whose screen an ended stream is selected, and nothing moves.
fn on_a_stream(home: &Home, environment: &[(&str, &str)]) -> Terminal {
    let mut terminal = Terminal::run_with(home, &["demo"], environment);
    terminal.wait_for("complete");
    terminal.press("/is:streaming verdict:complete\r");
    terminal.wait_until("a match that is selected", |text| {
        text.contains(" match") && !text.contains("nothing matches") && text.contains('▌')
    });
    terminal.press("Fp");
    terminal.wait_for("PAUSED");
    terminal
}

#[test]
fn a_request_is_sent_again_through_the_running_proxy() {
    let mut terminal = on_a_stream(&Home::new(), &[]);
    terminal.press("pr");
    terminal.wait_for("again?");
    terminal.press("y");
    terminal.wait_for("D compares them");
    terminal.press("D");
    terminal.wait_for("request headers");
    terminal.press("Q");
    terminal.assert_given_back();
}

#[test]
fn a_request_of_a_recording_is_sent_again_by_a_gatetap_of_its_own() {
    let home = Home::new();
    let gatetap = serve(&home, "sim");
    wait(Client::exchange(gatetap.addr(), get("/v1/models", &["authorization: Bearer sk-sim-e2e"])));
    ended(&home, 1);
    gatetap.terminate();
    gatetap.wait_exit();
    let mut terminal = Terminal::run(&home, &["tui"]);
    terminal.wait_for("complete");
    terminal.press("r");
    terminal.wait_for("send #1 again?");
    terminal.press("y");
    terminal.wait_for("#2; D compares them");
    terminal.press("q");
    terminal.assert_given_back();
    let again = &ended(&home, 2)[1];
    assert_eq!(
        (&again["replay_of"], &again["session"], &again["status"]),
        (&1.into(), &2.into(), &200.into())
    );
}

#[test]
fn an_editor_has_the_terminal_and_gives_it_back() {
    for (editor, answer) in [
        ("sed -i -e 's/^POST .*/&?edited=1/'", "?edited=1"),
        ("true", "was not changed"),
        ("false", "`false` ended with"),
        ("no-such-editor -w", "there is no `no-such-editor -w`; $VISUAL names another"),
    ] {
        let mut terminal = on_a_stream(&Home::new(), &[("VISUAL", editor), ("EDITOR", "nobody-asks")]);
        terminal.press("e");
        terminal.wait_for(answer);
        assert!(terminal.screen.lock().unwrap().screen().alternate_screen(), "{editor}");
        assert_ne!(modes(&terminal.side), terminal.modes, "keys are read one by one again");
        terminal.press("Q");
        terminal.assert_given_back();
    }
}

#[test]
fn a_pager_has_the_terminal_until_it_ends() {
    let home = Home::new();
    std::fs::write(home.join("pager"), "cat; echo the end of it; read line </dev/tty || exit 9; exit 3")
        .unwrap();
    let mut terminal = on_a_stream(&home, &[("PAGER", "sh pager")]);
    terminal.press("5");
    terminal.wait_for("HTTP/1.1 200");
    terminal.press("v");
    let paged = terminal.wait_for("the end of it");
    assert!(paged.contains("data: [DONE]"), "{paged}");
    assert!(!terminal.screen.lock().unwrap().screen().alternate_screen());
    terminal.press("\n");
    terminal.wait_for("ended with exit status: 3");
    assert!(terminal.screen.lock().unwrap().screen().alternate_screen());
    // A signal for gatetap alone ends what has the terminal, too.
    terminal.press("v");
    terminal.wait_for("the end of it");
    let pid = rustix::process::Pid::from_child(&terminal.child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    terminal.assert_given_back();
}

#[cfg(target_os = "linux")]
#[test]
fn it_goes_to_the_background_and_comes_back() {
    use rustix::process::{Pid, Signal, kill_process};
    let mut terminal = on_a_stream(&Home::new(), &[]);
    let pid = Pid::from_child(&terminal.child);
    let state = format!("/proc/{}/stat", pid.as_raw_nonzero());
    let is_stopped = || {
        let stat = std::fs::read_to_string(&state).unwrap();
        stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    };
    terminal.press("r");
    terminal.wait_for("again?");
    // As a key, and as a signal; in a dialog.
    for way in [true, false] {
        if way {
            terminal.press("\u{1a}");
        } else {
            kill_process(pid, Signal::TSTP).unwrap();
        }
        eventually("the process to stop", || is_stopped().then_some(()));
        assert_eq!(modes(&terminal.side), terminal.modes);
        eventually("the screen of before", || {
            let parser = terminal.screen.lock().unwrap();
            (!parser.screen().alternate_screen()).then_some(())
        });
        kill_process(pid, Signal::CONT).unwrap();
        terminal.wait_for("again?");
        assert_ne!(modes(&terminal.side), terminal.modes);
    }
    // Stopped without being asked, and somebody else wrote on the screen meanwhile.
    kill_process(pid, Signal::STOP).unwrap();
    eventually("the process to stop", || is_stopped().then_some(()));
    terminal.screen.lock().unwrap().process(b"\x1b[2J\x1b[?1049lsomebody else");
    kill_process(pid, Signal::CONT).unwrap();
    terminal.wait_for("again?");
    terminal.press("nQ");
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
