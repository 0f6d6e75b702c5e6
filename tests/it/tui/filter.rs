//! The filter line, and what it leaves in the list.

use super::fixture::{Recording, START, sample, spoken, stream};
use super::harness::Harness;
use gatetap::exchange::time::Micros;
use gatetap::tui::state::{Msg, Wanted};

/// The exchanges in the list after these keys.
fn listed(harness: &Harness) -> Vec<i64> {
    harness.app.list.rows().iter().map(|row| row.id).collect()
}

#[test]
fn a_filter_leaves_what_it_asks_for() {
    for (keys, filter, ids) in [
        ("/is:error<enter>", "is:error", vec![3, 4, 5, 6, 8, 9]),
        ("fstatus:200 model:mistral*<enter>", "status:200 model:mistral*", vec![7]),
        ("/model:none<enter>", "model:none", vec![]),
        // The first preset, by completion; then none at all.
        ("f<tab><enter>", "is:error", vec![3, 4, 5, 6, 8, 9]),
        ("f<tab><tab><tab><enter>", "is:cancelled", vec![7]),
        (":went wrong<enter>", "is:error", vec![3, 4, 5, 6, 8, 9]),
        ("/is:open<enter><esc>", "", (1..=10).collect()),
        ("/is:open<enter>/<ctrl-u><enter>", "", (1..=10).collect()),
        // What is left is as it was.
        ("/is:open<esc>", "", (1..=10).collect()),
        ("/is:open<enter>/<bs>x<esc>", "is:open", vec![10]),
        // What came before.
        ("/is:open<enter>/<ctrl-u>status:404<enter>/<up><up><enter>", "is:open", vec![10]),
        // A candidate takes the place of the word.
        (
            "/verdict:cut-by-a<tab> model:mis<tab><enter>",
            "verdict:cut-by-app model:mistral/mistral-large-latest",
            vec![7],
        ),
    ] {
        let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
        harness.keys(keys);
        assert_eq!((harness.app.filter.as_str(), listed(&harness)), (filter, ids), "{keys}");
        assert!(harness.app.prompt.is_none() && !harness.quit, "{keys}");
    }
}

#[test]
fn a_filter_with_a_mistake_stays_open_and_changes_nothing() {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
    harness.keys("/status:4xx modl:x<enter>");
    assert_eq!((harness.app.filter.as_str(), listed(&harness).len()), ("", 10));
    let screen = harness.screen();
    assert!(screen.contains("column 12") && screen.contains("did you mean `model`?"), "{screen}");
    harness.keys("<left><left><left>e<enter>");
    assert_eq!(harness.app.filter, "status:4xx model:x");
}

#[test]
fn what_is_pasted_goes_into_the_line_and_nowhere_else() {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
    harness.send(Msg::Paste("q".to_owned()));
    assert!(!harness.quit);
    harness.keys("/");
    harness.send(Msg::Paste("is:error\u{1b}[2J\n".to_owned()));
    assert_eq!(harness.app.prompt.as_ref().map(|prompt| prompt.line.text()), Some("is:error[2J"));
}

#[test]
fn rows_come_and_go_as_they_begin_and_cease_to_match() {
    let recording = Recording::new();
    let mut open = stream("gpt-4o-mini", spoken(300, &["one"]));
    open.end = None;
    let first = recording.add(&open);
    recording.add(&sample("GET", "/v1/models"));
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("/is:error<enter>");
    assert!(listed(&harness).is_empty());
    let mut failed = sample("GET", "/v1/models");
    failed.status = Some(500);
    let last = recording.add(&failed);
    harness.look();
    assert_eq!(listed(&harness), [last]);
    // It ends badly after one that began later was read.
    recording.replace(first, &stream("gpt-4o-mini", spoken(300, &["one"])));
    harness.look();
    assert_eq!(listed(&harness), [first, last]);

    harness.keys("/<ctrl-u>is:open<enter>");
    assert!(listed(&harness).is_empty());
    let open_again = recording.add(&open);
    harness.look();
    assert_eq!(listed(&harness), [open_again]);
    recording.replace(open_again, &stream("gpt-4o-mini", spoken(300, &["one"])));
    harness.look();
    assert!(listed(&harness).is_empty());
}

#[test]
fn a_long_recording_is_read_in_part_through_a_filter_too() {
    let recording = Recording::new();
    recording.add_many(3000);
    let id = recording.add(&sample("POST", "/v1/chat/completions"));
    recording.add_many(3000);
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("/path:/v1/models*<enter>");
    assert_eq!(harness.app.list.rows().len(), 500);
    assert!(harness.screen().contains("6000 matches"), "{}", harness.screen());
    harness.keys("/<ctrl-u>path:/v1/chat*<enter>");
    assert_eq!(listed(&harness), [id]);
    harness.keys("<esc>:3<enter>");
    assert_eq!(harness.app.list.selected(), Some(3));
    harness.keys(":9999<enter>");
    assert!(harness.screen().contains("#9999 is not among these"), "{}", harness.screen());
    assert!(harness.interests.iter().any(|interest| interest.wanted == Wanted::UpTo(3)));
}

#[test]
fn a_screen_that_is_paused_stands_still() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("p");
    let before = harness.screen();
    recording.add(&sample("GET", "/v1/models"));
    harness.look();
    harness.tick(START.plus(Micros(90_000_000)));
    assert_eq!(harness.screen(), before);
    assert!(before.contains("PAUSED"), "{before}");
    harness.keys("p");
    assert_eq!(harness.app.list.selected(), Some(11));
}
