//! What the screen says of what it does, of what it does not do, and of where one is.

use super::fixture::{Recording, START, Sample, sample, spoken, stream};
use super::harness::Harness;
use gatetap::exchange::finding::{Finding, Severity};
use gatetap::exchange::time::Micros;

fn footer(harness: &Harness) -> String {
    harness.screen().lines().last().unwrap_or_default().trim().to_owned()
}

#[test]
fn a_key_that_does_nothing_says_so() {
    let recording = Recording::of_samples();
    for (keys, said) in [
        ("u", "u does nothing here; ? lists the keys"),
        ("b", "b is for an open exchange: enter opens one"),
        ("-", "- is for the events of a stream: 3 shows them"),
        ("<enter>O", "O is for the list: q goes back"),
        ("<enter>u", "u does nothing here; ? lists the keys"),
        ("<enter>b", "that is for the tab 4 request or 5 response"),
        ("4o", "that is for the tab 2 conversation"),
        ("?u", "u does nothing on this page; q closes it"),
        ("?m", "m is for an exchange; q closes this page"),
        ("sd", "d is for an exchange; q closes this page"),
        ("<esc>", "q quits"),
    ] {
        let mut harness = Harness::new(&recording, (120, 30));
        harness.keys(keys);
        assert!(footer(&harness).starts_with(said), "{keys}: {}", footer(&harness));
        assert!(!harness.quit && harness.app.marked.is_empty() && harness.app.dialog.is_none(), "{keys}");
    }
    let mut harness = Harness::new(&recording, (120, 30));
    harness.keys("3");
    let before = harness.screen();
    harness.keys("/u<esc>");
    assert_eq!(harness.screen(), before, "what is typed into a line is no key");
}

#[test]
fn pages_are_searched_like_tabs() {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 16));
    harness.keys("?/NOTE<enter>");
    let first = harness.screen();
    assert!(first.contains("write a note on it"), "{first}");
    harness.keys("n");
    let second = harness.screen();
    assert!(second != first && second.contains("note:flaky"), "{second}");
    harness.keys("N");
    assert!(harness.screen().contains("write a note on it"));
    harness.keys("/no such words<enter>");
    assert!(footer(&harness).starts_with("`no such words` is not here"), "{}", footer(&harness));
    harness.keys("q?n");
    assert!(footer(&harness).starts_with("press / to search here"), "{}", footer(&harness));
}

#[test]
fn the_footer_tells_which_events_are_in_sight() {
    let words = vec!["word"; 60];
    let recording = Recording::new();
    recording.add(&stream("gpt-4o-mini", spoken(300, &words)));
    let mut harness = Harness::new(&recording, (80, 24));
    for keys in ["3", "g", "jjjjjjjjjjjjjjjjjjjjjjjjj", "kkk", "G", "<pgup>"] {
        harness.keys(keys);
        let screen = harness.screen();
        let numbers: Vec<usize> = screen
            .lines()
            .filter(|line| line.contains("chatcmpl-1"))
            .filter_map(|line| line.split_whitespace().next()?.parse().ok())
            .collect();
        let (first, last) = (numbers.first().unwrap(), numbers.last().unwrap());
        assert!(footer(&harness).ends_with(&format!("{first}–{last} of 60")), "{keys}: {screen}");
    }
}

#[test]
fn the_longest_gap_is_named_as_the_list_names_events() {
    let mut chunks = vec![(100, ": wait\n\n".to_owned()), (200, ": wait\n\n".to_owned())];
    chunks.extend(spoken(300, &["one", "two"]));
    chunks.extend(spoken(1_500, &["three"]));
    let recording = Recording::new();
    recording.add(&stream("gpt-4o-mini", chunks));
    let mut harness = Harness::new(&recording, (100, 30));
    harness.keys("3");
    let screen = harness.screen();
    assert!(screen.contains("3 events in 3 reads  longest gap 1.16 s after event 2, "), "{screen}");
    let row = screen.lines().find(|line| line.contains("+1.16 s")).unwrap();
    assert!(row.trim_start().starts_with("3 "), "{row}");
}

#[test]
fn the_worst_finding_stands_first() {
    let finding = |check: &str, severity| Finding {
        check: check.to_owned(),
        severity,
        message: "Something is wrong.".to_owned(),
        evidence: "a fact".to_owned(),
        fix: "Change it.".to_owned(),
        places: Vec::new(),
    };
    let findings = vec![
        finding("stream-usage-empty-choices", Severity::Info),
        finding("resp-truncated-length", Severity::Warning),
        finding("auth-no-bearer", Severity::Error),
        finding("rate-models-polling", Severity::Info),
    ];
    let recording = Recording::new();
    recording.add(&Sample { findings, ..sample("GET", "/v1/models") });
    let mut harness = Harness::new(&recording, (100, 40));
    harness.keys("6");
    let screen = harness.screen();
    let at = |check: &str| screen.find(&format!("  {check}")).unwrap();
    assert!(at("auth-no-bearer") < at("resp-truncated-length"));
    assert!(at("resp-truncated-length") < at("stream-usage-empty-choices"));
    assert!(at("stream-usage-empty-choices") < at("rate-models-polling"));
    harness.keys("x");
    assert!(harness.screen().contains("check auth-no-bearer"), "x explains the one that is marked");
}

#[test]
fn a_time_of_another_day_has_its_day() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (120, 30));
    assert!(harness.screen().contains(" 09:14:05 "), "{}", harness.screen());
    harness.tick(START.plus(Micros(2 * 86_400_000_000)));
    for keys in ["", "s"] {
        harness.keys(keys);
        let screen = harness.screen();
        assert!(screen.contains("03-02 09:14") && !screen.contains(" 09:14:05 "), "{screen}");
    }
}
