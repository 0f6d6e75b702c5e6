//! Every `gatetap …` line that the README shows is run.

use crate::cli_recording::record;
use crate::support::binary::{Exit, Gatetap, Home, Launch};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

const README: &str = include_str!("../../README.md");

/// The words with which a line speaks to a command, not to a proxy that stays.
const COMMANDS: [&str; 12] = [
    "ls",
    "show",
    "search",
    "check",
    "explain",
    "doctor",
    "exec",
    "faults",
    "export",
    "import",
    "diff",
    "replay send",
];

/// The commands of the README's shell blocks, without comments and without what they are piped into.
fn shown() -> Vec<String> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in README.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside && line.starts_with("gatetap") {
            let line = [" # ", " | ", " > "].iter().fold(line, |line, end| line.split(end).next().unwrap());
            // Sending again speaks to a gateway; what it would send can be shown without.
            if line.starts_with("gatetap replay send") && !line.contains("--dry-run") {
                continue;
            }
            let line = line.replace("/tmp/", "./");
            found.extend(line.split("; ").map(|command| command.trim().to_owned()));
        }
    }
    found
}

/// A home with a recording, and with a `bin` that holds gatetap and stands in for what a person has.
fn home() -> Home {
    let home = Home::new();
    record(&home);
    fs::create_dir(home.join("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_gatetap"), home.join("bin/gatetap")).unwrap();
    fs::create_dir(home.join("tests")).unwrap();
    fs::copy(home.join("data/gatetap/recording.db"), home.join("tests/cassette.db")).unwrap();
    for name in ["python", "npm", "pytest"] {
        let path = home.join("bin").join(name);
        fs::write(&path, "#!/bin/sh\nexit 0\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    home
}

fn launch(home: &Home, command: &str) -> Launch {
    let script = format!("cd \"$HOME\" && PATH=\"$HOME/bin:$PATH\" && exec {command}");
    Launch::program("sh", &["-c", &script]).home(home)
}

fn is_proxy(command: &str) -> bool {
    !COMMANDS.iter().any(|word| command.starts_with(&format!("gatetap {word}")))
}

#[test]
fn the_commands_that_end_do_what_they_say() {
    let home = home();
    let proxy: Gatetap =
        Launch::gatetap(&["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", "sim"]).serve();
    let mut ran = 0;
    for command in shown().into_iter().filter(|command| !is_proxy(command)) {
        let exit: Exit = launch(&home, &command)
            .env("GATETAP_URL", proxy.url())
            .env("NEXOROUTER_API_KEY", "sk-fake-0000000000000000")
            .run_to_end();
        // 1 is a finding; what is not understood is 2.
        assert!(matches!(exit.code, Some(0 | 1)), "{command}: {exit}");
        ran += 1;
    }
    assert!(ran > 15, "{ran} commands");
}

#[test]
fn the_commands_that_stay_start() {
    let home = home();
    let mut ran = 0;
    for command in shown().into_iter().filter(|command| is_proxy(command)) {
        let proxy = launch(&home, &command)
            .env("GATETAP_HEADLESS", "true")
            .env("GATETAP_LISTEN", "127.0.0.1:0")
            .env("GATETAP_DB", home.join("stays.db"))
            .serve();
        proxy.terminate();
        assert_eq!(proxy.wait_exit().code, Some(0), "{command}");
        ran += 1;
    }
    assert!(ran >= 5, "{ran} commands");
}
