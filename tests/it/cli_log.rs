//! The log: what a run says of itself, where, and what it never says.

use crate::cli_recording::gatetap;
use crate::e2e_support::{ASK, KEY, ended};
use crate::support::binary::{Exit, Home, Launch};
use crate::support::client::{Client, post};
use crate::support::wait;
use gatetap::config::LOG_TARGETS;
use std::os::unix::fs::PermissionsExt as _;

/// A run in front of the simulator that answers one call, with a secret in its query.
fn run(home: &Home, flags: &[&str], env: &[(&str, &str)]) -> Exit {
    let usual = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", "sim"];
    let args = [&usual[..], &["--speed", "max", "--fault", "429,nth=9"], flags].concat();
    let launch =
        env.iter().fold(Launch::gatetap(&args).home(home), |launch, (name, value)| launch.env(name, *value));
    let proxy = launch.serve();
    wait(async {
        let key = format!("authorization: Bearer {KEY}");
        let ask = post("/v1/chat/completions?token=hush", &[&key], ASK);
        let (head, _) = Client::exchange(proxy.addr(), ask).await;
        assert_eq!(head.status(), 200);
    });
    ended(home, 1);
    proxy.terminate();
    let exit = proxy.wait_exit();
    assert_eq!(exit.code, Some(0), "{exit}");
    exit
}

/// The lines that the logger has written.
fn logged(text: &str) -> Vec<String> {
    let is_logged = |line: &&str| LOG_TARGETS.iter().any(|target| line.contains(&format!(" {target}: ")));
    text.lines().filter(is_logged).map(str::to_owned).collect()
}

#[test]
fn help_example_and_schema_name_all_that_logs() {
    let help = Launch::gatetap(&["run", "--help"]).run_to_end().stdout;
    let said = |text: &str| {
        let words = text.split_whitespace().filter(|word| *word != "#").collect::<Vec<_>>().join(" ");
        words.contains(&LOG_TARGETS.join(", "))
    };
    assert!(said(&help), "{help}");
    assert!(said(gatetap::config::EXAMPLE));
    assert!(said(include_str!("../../fixtures/docs/gatetap.schema.json")));
}

#[test]
fn nothing_is_logged_unless_that_was_asked_for() {
    assert_eq!(logged(&run(&Home::new(), &[], &[]).stderr), Vec::<String>::new());
    assert_eq!(logged(&run(&Home::new(), &["--log", "off"], &[]).stderr), Vec::<String>::new());
}

#[test]
fn each_level_and_filter_says_what_it_names() {
    for (flags, env, expected, not) in [
        (&["-v"][..], &[][..], &["listener", "exchange", "faults"][..], &["connection"][..]),
        (&["-vv"], &[], &["listener", "exchange", "connection"], &[]),
        (&[], &[("GATETAP_LOG", "debug")], &["exchange", "connection"], &[]),
        (&["--log", "warn"], &[], &[], &["listener", "exchange", "faults", "connection"]),
        (&["--log", "warn,exchange=info"], &[], &["exchange"], &["listener", "faults"]),
    ] {
        let exit = run(&Home::new(), flags, env);
        let lines = logged(&exit.stderr);
        let has = |target: &str| lines.iter().any(|line| line.contains(&format!(" {target}: ")));
        assert!(expected.iter().all(|target| has(target)), "{flags:?}: {lines:?}");
        assert!(!not.iter().any(|target| has(target)), "{flags:?}: {lines:?}");
        assert!(!exit.stderr.contains("hush") && !exit.stderr.contains(KEY), "{exit}");
        assert_eq!(exit.stdout.lines().count(), 1, "{exit}");
    }
}

#[test]
fn an_exchange_is_told_with_its_status_its_time_and_its_verdict() {
    let exit = run(&Home::new(), &["--log", "exchange=info"], &[]);
    let lines = logged(&exit.stderr);
    assert_eq!(lines.len(), 1, "{exit}");
    let says = lines[0].split_once(" INFO  exchange: ").unwrap().1;
    assert!(says.starts_with("#1 POST /v1/chat/completions from sim, 200 in "), "{says}");
    assert!(says.ends_with(": complete"), "{says}");
}

#[test]
fn a_file_gets_the_log_and_nobody_else_can_read_it() {
    let home = Home::new();
    let path = home.join("gatetap.log");
    let exit = run(&home, &["-v"], &[("GATETAP_LOG_FILE", path.to_str().unwrap())]);
    assert_eq!(logged(&exit.stderr), Vec::<String>::new());
    let first = std::fs::read_to_string(&path).unwrap();
    assert!(logged(&first).len() >= 3, "{first}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    // Another run adds to it.
    run(&home, &["--log-file", path.to_str().unwrap()], &[]);
    assert!(std::fs::read_to_string(&path).unwrap().starts_with(&first));
}

#[test]
fn the_journal_gets_priorities_and_no_times() {
    let exit = run(&Home::new(), &["-v"], &[("JOURNAL_STREAM", "8:1")]);
    assert!(exit.stderr.lines().any(|line| line.starts_with("<6>exchange: #1 POST ")), "{exit}");
}

#[test]
fn what_means_nothing_is_answered_with_the_nearest() {
    for (filter, says) in [
        ("inof", "did you mean `info`?"),
        ("exchanges=info", "did you mean `exchange`?"),
        ("exchange=loud", "there is no level `loud`"),
        ("", "there is no level ``"),
    ] {
        let exit = gatetap(&Home::new(), &["--log", filter]);
        assert_eq!((exit.code, exit.stdout.as_str()), (Some(2), ""), "{filter}: {exit}");
        assert!(exit.stderr.contains(says), "{filter}: {exit}");
    }
    let both = gatetap(&Home::new(), &["-v", "--log-file", "no/such/folder/log", "--headless"]);
    assert_eq!(both.code, Some(3), "{both}");
    assert!(both.stderr.starts_with("error: cannot write `no/such/folder/log`"), "{both}");
}

#[test]
fn the_settings_file_asks_for_a_log_and_flags_win_over_it() {
    let home = Home::new();
    let path = home.join("kept.log");
    std::fs::create_dir_all(home.join("config/gatetap")).unwrap();
    std::fs::write(home.join("config/gatetap/gatetap.toml"), format!("log_file = {path:?}\n")).unwrap();
    let read = || std::fs::read_to_string(&path).unwrap();
    // A file alone gets what `-v` gets.
    let exit = run(&home, &[], &[]);
    assert_eq!(logged(&exit.stderr), Vec::<String>::new());
    let first = read();
    assert!(first.contains(" exchange: ") && !first.contains(" connection: "), "{first}");
    std::fs::remove_file(&path).unwrap();
    run(&home, &["-vv"], &[]);
    assert!(read().contains(" connection: "), "{}", read());
}
