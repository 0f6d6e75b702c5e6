//! `gatetap completions`, asked as shells ask, and `gatetap man`.

use crate::captures::record;
use crate::support::binary::{Home, Launch};

/// What fish is offered for the last of these words.
fn offered(home: &Home, words: &[&str]) -> Vec<String> {
    let mut args = vec!["--", "gatetap"];
    args.extend(words);
    let exit = Launch::gatetap(&args).home(home).env("GATETAP_COMPLETE", "fish").run_to_end();
    assert_eq!(exit.code, Some(0), "{exit}");
    exit.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn a_shell_is_offered_commands_exchanges_and_filters() {
    let home = Home::new();
    record(&home, &["chat-stream", "error-401"]);
    let commands = offered(&home, &["s"]);
    assert!(commands.iter().any(|one| one.starts_with("show\t")), "{commands:?}");
    let exchanges = offered(&home, &["show", ""]);
    assert!(
        exchanges[..3].iter().zip(["last\t", "2\tPOST ", "1\tPOST "]).all(|(a, b)| a.starts_with(b)),
        "{exchanges:?}"
    );
    let verdicts = offered(&home, &["ls", "verdict:co"]);
    assert!(verdicts.iter().any(|one| one.starts_with("verdict:complete")), "{verdicts:?}");
}

#[test]
fn without_a_recording_there_are_still_commands() {
    let home = Home::new();
    assert_eq!(offered(&home, &["show", "la"]), ["last\tthe newest"]);
    assert!(offered(&home, &["ls", "verd"]).is_empty());
}

#[test]
fn every_shell_has_a_script_that_asks_the_program() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let exit = Launch::gatetap(&["completions", shell]).run_to_end();
        assert_eq!(exit.code, Some(0), "{exit}");
        assert!(
            exit.stdout.contains("GATETAP_COMPLETE") && exit.stdout.contains("gatetap"),
            "{shell}: {exit}"
        );
    }
    assert_eq!(Launch::gatetap(&["completions", "tcsh"]).run_to_end().code, Some(2));
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let home = Home::new();
    let exit = Launch::gatetap(&["man", "--output", "pages"]).home(&home).run_to_end();
    assert_eq!(exit.code, Some(0), "{exit}");
    for (page, words) in
        [("gatetap", "gatetap \\- See what"), ("gatetap-ls", "gatetap\\-ls \\- List exchanges")]
    {
        let text = std::fs::read_to_string(home.join(format!("pages/{page}.1"))).unwrap();
        assert!(text.contains(words), "{page}: {text}");
    }
    let unknown = Launch::gatetap(&["man", "lss"]).run_to_end();
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.stderr.contains("did you mean `ls`?"), "{unknown}");
}
