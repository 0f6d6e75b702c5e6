//! The window over a long recording.

use super::fixture::{Recording, spoken, stream};
use super::harness::Harness;
use gatetap::store::{Error, Reader};
use gatetap::tui::prepare::EVENTS_VIEWED;
use gatetap::tui::state::{Failure, WINDOW, Wanted};

/// The rows held, as first and last id; they must be consecutive and not more than the window has.
#[track_caller]
fn held(harness: &Harness) -> (i64, i64) {
    let rows = harness.app.list.rows();
    assert!(rows.len() <= WINDOW, "{} rows", rows.len());
    assert!(rows.iter().zip(rows.iter().skip(1)).all(|(one, next)| one.id + 1 == next.id));
    let selected = harness.app.list.selected().unwrap();
    assert!(rows.iter().any(|row| row.id == selected), "the selected row is held");
    (rows.front().unwrap().id, rows.back().unwrap().id)
}

#[test]
fn a_long_recording_is_held_in_part_and_walked_whole() {
    let recording = Recording::new();
    recording.add_many(6000);
    let mut harness = Harness::new(&recording, (80, 24));
    assert_eq!(held(&harness), (5501, 6000));

    for _ in 0..400 {
        harness.keys("<pgup>");
        held(&harness);
    }
    assert_eq!(harness.app.list.selected(), Some(1));
    assert_eq!(held(&harness).0, 1);

    for _ in 0..400 {
        harness.keys("<pgdn>");
        held(&harness);
    }
    assert_eq!(harness.app.list.selected(), Some(6000));

    harness.keys("g");
    assert_eq!(harness.app.list.selected(), Some(1));
    assert_eq!(held(&harness).0, 1);
    harness.keys("G");
    assert_eq!(harness.app.list.selected(), Some(6000));
    assert_eq!(held(&harness).1, 6000);
}

#[test]
fn rows_that_arrive_do_not_push_out_what_is_read() {
    let recording = Recording::new();
    recording.add_many(500);
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("gj");
    let before = harness.screen().lines().skip(2).take(10).map(str::to_owned).collect::<Vec<_>>();
    for _ in 0..8 {
        recording.add_many(500);
        harness.look();
        assert_eq!(held(&harness).0, 1);
    }
    let after = harness.screen().lines().skip(2).take(10).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(before, after);
    assert_eq!(harness.app.list.selected(), Some(2));
    assert_eq!(harness.app.count, Some(4500));
    harness.keys("G");
    assert_eq!(held(&harness).1, 4500);
    assert_eq!(harness.app.list.selected(), Some(4500));
}

#[test]
fn following_through_a_flood_keeps_the_newest() {
    let recording = Recording::new();
    let mut harness = Harness::new(&recording, (80, 24));
    for nth in 1..=6 {
        recording.add_many(900);
        harness.look();
        assert_eq!(harness.app.list.selected(), Some(900 * nth));
        assert_eq!(held(&harness).1, 900 * nth);
    }
}

#[test]
fn nothing_is_read_that_is_not_in_sight() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (80, 24));
    assert_eq!(harness.interests.last().unwrap().wanted, Wanted::After(10));
    assert!(harness.interests.iter().all(|interest| interest.detail.is_none()));
    harness.keys("gj<enter>");
    assert_eq!(harness.interests.last().unwrap().detail, Some(2));
    harness.keys("<esc>");
    assert_eq!(harness.interests.last().unwrap().detail, None);
    assert!(harness.app.detail.is_none(), "a closed pane holds nothing");

    let long = Recording::new();
    long.add_many(3000);
    let harness = Harness::new(&long, (80, 24));
    // Title, head of the list and footer take three rows.
    assert_eq!(harness.interests.last().unwrap().refresh.len(), 21);
}

#[test]
fn a_recording_that_cannot_be_read_is_told_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let missing = directory.path().join("none.db");
    let error = Reader::open(&missing).unwrap_err();
    assert!(matches!(error, Error::Missing { .. }));
    assert!(Failure::of(&error).message.starts_with("there is no recording at"));

    let foreign = directory.path().join("foreign.db");
    std::fs::write(&foreign, "no database at all, but a text that is long enough to look at").unwrap();
    let failure = Failure::of(&Reader::open(&foreign).unwrap_err());
    assert!(failure.message.contains("is not a gatetap recording"), "{}", failure.message);
    assert!(!failure.hint.is_empty());
}

#[test]
fn of_a_very_long_stream_it_is_said_how_to_learn_what_sdks_make_of_it() {
    for (events, is_viewed) in [(EVENTS_VIEWED, true), (EVENTS_VIEWED + 1, false)] {
        let recording = Recording::new();
        recording.add(&stream("gpt-4o-mini", spoken(300, &vec!["word"; events])));
        let mut harness = Harness::new(&recording, (100, 40));
        harness.keys("<enter>2");
        assert_eq!(harness.app.detail.as_ref().unwrap().views.is_empty(), !is_viewed);
        harness.keys("G");
        let is_said = harness.screen().contains("gatetap show 1 --as openai-python");
        assert_eq!(is_said, !is_viewed, "{}", harness.screen());
    }
}
