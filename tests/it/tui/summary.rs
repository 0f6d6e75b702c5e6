//! What the summary counts, on a recording that changes under it.

use super::fixture::{Recording, Sample, sample, spoken, stream};
use super::harness::Harness;
use gatetap::exchange::end::Verdict;
use gatetap::store::Editor;
use gatetap::tui::loader::pause;
use std::collections::BTreeMap;
use std::time::Duration;

/// So many that not all of them are counted anew whenever something comes.
const MANY: u32 = 20_500;

fn verdicts(harness: &Harness) -> BTreeMap<Verdict, u64> {
    let totals = harness.app.totals.as_ref().unwrap();
    assert!(totals.is_whole);
    assert_eq!(totals.exchanges, totals.verdicts.values().sum::<u64>());
    totals.verdicts.clone()
}

#[test]
fn what_was_open_or_is_gone_is_counted_again() {
    let recording = Recording::new();
    recording.add_many(MANY);
    let open = Sample { end: None, ..stream("gpt-4o", spoken(300, &["Still", " going"])) };
    let id = recording.add(&open);
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("s");
    let many = u64::from(MANY);
    assert_eq!(verdicts(&harness), BTreeMap::from([(Verdict::Complete, many), (Verdict::Open, 1)]));

    recording.replace(id, &sample("GET", "/v1/models"));
    recording.add_many(10);
    harness.look();
    assert_eq!(verdicts(&harness), BTreeMap::from([(Verdict::Complete, many + 11)]));

    Editor::open(&recording.path()).unwrap().delete(&[1, 2]).unwrap();
    harness.look();
    assert_eq!(verdicts(&harness), BTreeMap::from([(Verdict::Complete, many + 9)]));
}

#[test]
fn looks_come_seldom_once_nothing_happens_and_after_slow_ones() {
    let ms = Duration::from_millis;
    for (quiet, took, wait) in [
        (0, 0, 50),
        (2_000, 0, 50),
        (6_000, 0, 150),
        (10_000, 0, 250),
        (86_400_000, 0, 250),
        (0, 100, 300),
        (60_000, 20, 250),
        (0, 60_000, 2_000),
    ] {
        assert_eq!(pause(ms(quiet), ms(took)), ms(wait), "quiet for {quiet} ms, took {took} ms");
    }
}
