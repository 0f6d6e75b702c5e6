//! Sessions, other recordings, and what gatetap itself had to say.

use super::fixture::{Recording, sample, samples};
use super::harness::Harness;
use gatetap::fault::spec;
use gatetap::tui::state::{Msg, Tone};

#[test]
fn a_session_is_chosen() {
    let recording = Recording::of_samples().in_another_session("gatetap exec -- pytest");
    recording.add_in(2, &sample("GET", "/v1/models"));
    let mut harness = Harness::new(&recording, (140, 24));
    harness.keys("S");
    let screen = harness.screen();
    assert!(screen.contains("session 2"), "{screen}");
    assert!(screen.contains("1 exchange; gatetap exec -- pytest → openrouter"), "{screen}");
    assert!(screen.contains("10 exchanges, 6 errors; gatetap → nexorouter"), "{screen}");
    harness.keys("pytest<enter>");
    assert_eq!(harness.app.filter, "session:2");
    assert_eq!(harness.app.list.rows().len(), 1);
    harness.keys("Sall<enter>");
    assert_eq!((harness.app.filter.as_str(), harness.app.list.rows().len()), ("", 11));
    harness.keys("S<esc>");
    assert!(harness.app.prompt.is_none() && !harness.quit);
}

#[test]
fn another_recording_is_opened_and_left_again() {
    let (recording, other) = (Recording::of_samples(), Recording::new());
    for nth in 0..3 {
        other.add(&sample("GET", &format!("/v1/models?other={nth}")));
    }
    let mut harness = Harness::new(&recording, (140, 24));
    harness.keys("gjm/is:error<enter><enter>Sanother<enter>");
    let path = other.path().display().to_string();
    harness.send(Msg::Paste(path.clone()));
    harness.keys("<enter>");
    let app = &harness.app;
    assert_eq!((app.count, app.list.rows().len(), app.filter.as_str()), (Some(3), 3, ""));
    assert!(app.marked.is_empty() && app.pane.is_none());
    assert!(harness.screen().lines().next().unwrap().contains(&path), "{}", harness.screen());

    harness.keys("Sback<enter>");
    assert_eq!((harness.app.count, harness.app.list.rows().len()), (Some(10), samples().len()));
    assert!(harness.screen().contains("listening on"), "{}", harness.screen());
}

#[test]
fn recordings_beside_the_open_one_are_offered() {
    let recording = Recording::of_samples();
    let beside = recording.path().with_file_name("before.db");
    std::fs::copy(recording.path(), &beside).unwrap();
    std::fs::write(recording.path().with_file_name("notes.txt"), "no recording").unwrap();
    let mut harness = Harness::new(&recording, (200, 24));
    harness.keys("Sanother<enter>");
    let screen = harness.screen();
    assert!(screen.contains("before.db") && !screen.contains("notes.txt"), "{screen}");
    harness.keys("<tab>");
    assert_eq!(harness.app.prompt.unwrap().line.text(), beside.display().to_string());
}

#[test]
fn what_was_said_is_kept() {
    let mut harness = Harness::new(&Recording::of_samples(), (140, 24)).with_faults();
    harness.send(Msg::Trouble(Some("The disk is full.".to_owned())));
    harness.send(Msg::Trouble(Some("The disk is full.".to_owned())));
    harness.send(Msg::Trouble(None));
    harness.keys("!429<tab><enter>");
    harness.tell_faults();
    harness.send(Msg::Warning("A part of gatetap failed.".to_owned()));
    let rule = spec::parse_all("429").unwrap().remove(0).to_string();
    let told: Vec<_> =
        harness.app.log.entries().iter().map(|entry| (entry.tone, entry.text.as_str())).collect();
    let armed = told.iter().find(|(_, text)| text.starts_with("fault armed: ")).copied();
    assert!(armed.is_some(), "{told:?} {rule}");
    let others: Vec<_> = told.into_iter().filter(|entry| Some(*entry) != armed).collect();
    assert_eq!(
        others,
        [
            (Tone::Told, "watching: listening on http://127.0.0.1:7117 → nexorouter"),
            (Tone::Warned, "The disk is full."),
            (Tone::Mended, "over: The disk is full."),
            (Tone::Warned, "A part of gatetap failed."),
        ]
    );
    harness.keys("E");
    assert!(harness.screen().contains("✓ over: The disk is full."), "{}", harness.screen());
    harness.keys("E");
    assert!(harness.app.page.is_none());
}
