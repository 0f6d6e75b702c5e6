//! Every `gatetap …` line that the README shows is run.

use crate::cli_recording::record;
use crate::support::binary::{Exit, Gatetap, Home, Launch};
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

const README: &str = include_str!("../../README.md");

const WORKFLOW: &str = include_str!("../../fixtures/docs/github-actions.yml");

const DOCKERFILE: &str = include_str!("../../fixtures/docs/Dockerfile");

/// The words with which a line speaks to a command, not to a proxy that stays.
const COMMANDS: [&str; 13] = [
    "demo",
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
        // Before it is installed, cargo runs it.
        let line = line.replace("cargo run --release -- ", "gatetap ");
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside && line.starts_with("gatetap") {
            let line =
                [" # ", " | ", " > "].iter().fold(line.as_str(), |line, end| line.split(end).next().unwrap());
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
        let is_healthy = command.starts_with("gatetap doctor --gateway sim");
        assert!(exit.code == Some(0) || exit.code == Some(1) && !is_healthy, "{command}: {exit}");
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

/// What a key of a line-by-line file says, in the order of its lines.
fn said<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.trim_start().strip_prefix(key)).map(str::trim)
}

#[test]
fn the_workflow_records_checks_and_leaves_what_it_uploads() {
    let home = home();
    let commands: Vec<&str> = said(WORKFLOW, "run: ").filter(|run| run.starts_with("gatetap ")).collect();
    assert_eq!(commands.len(), 2, "{commands:?}");
    for command in commands {
        let script = format!("cd \"$HOME\" && PATH=\"$HOME/bin:$PATH\" && {command}");
        let exit = Launch::program("sh", &["-c", &script]).home(&home).run_to_end();
        assert_eq!(exit.code, Some(0), "{command}: {exit}");
    }
    let (_, uploaded) = WORKFLOW.split_once("path: |").unwrap();
    let files: Vec<&str> = uploaded.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(files, ["traffic.db", "gatetap.xml"]);
    for file in files {
        assert!(fs::metadata(home.join(file)).unwrap().len() > 0, "{file}");
    }
}

#[test]
fn the_image_is_built_from_files_that_are_there_and_starts_what_it_says() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for line in said(DOCKERFILE, "COPY ").filter(|line| !line.starts_with("--from")) {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        words.pop();
        assert!(words.iter().all(|word| root.join(word).exists()), "{line}");
    }
    let variables = said(DOCKERFILE, "ENV ").flat_map(str::split_whitespace);
    let home = Home::new();
    let launch = Launch::gatetap(&["run"]).home(&home);
    let image = variables.fold(launch, |launch, pair| {
        let (name, value) = pair.split_once('=').unwrap();
        // Port 7117 and /data are the image's own.
        let value = match name {
            "GATETAP_DB" => home.join("recording.db").display().to_string(),
            _ => value.replace("7117", "0"),
        };
        launch.env(name, value)
    });
    let image = image.serve();
    assert!(image.url().starts_with("http://"), "{}", image.url());
    image.terminate();
    assert_eq!(image.wait_exit().code, Some(0));
}
