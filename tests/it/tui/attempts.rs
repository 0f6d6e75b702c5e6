//! Attempts at the same request, folded and not.

use super::fixture::{Recording, Sample, attempts};
use super::harness::Harness;
use gatetap::exchange::Exchange;
use gatetap::exchange::end::BodyEnd;

fn lines(harness: &Harness) -> Vec<i64> {
    harness.app.list.lines_from(0).map(|row| row.id).collect()
}

#[test]
fn attempts_fold_into_the_last_of_them() {
    let recording = Recording::of_attempts();
    let mut harness = Harness::new(&recording, (140, 24));
    for (keys, shown, selected) in [
        ("", vec![1, 2, 3, 4, 5, 6], 6),
        // Of another exchange there is nothing to fold.
        ("z", vec![1, 2, 3, 4, 5, 6], 6),
        ("gj", vec![1, 2, 3, 4, 5, 6], 2),
        ("z", vec![1, 3, 5, 6], 5),
        ("k", vec![1, 3, 5, 6], 3),
        ("jz", vec![1, 2, 3, 4, 5, 6], 5),
        ("Z", vec![1, 3, 5, 6], 5),
        ("z", vec![1, 2, 3, 4, 5, 6], 5),
        ("ZZ", vec![1, 3, 5, 6], 5),
        // Whoever goes to a folded attempt wants to see it.
        (":4<enter>", vec![1, 2, 3, 4, 5, 6], 4),
    ] {
        harness.keys(keys);
        assert_eq!((lines(&harness), harness.app.list.selected()), (shown, Some(selected)), "{keys}");
    }
}

#[test]
fn what_is_deleted_leaves_the_folded_attempts_as_they_are() {
    for (name, keys, shown, selected, attempts) in [
        ("a line before them", "gdy", vec![3, 5, 6], 3, Some(vec![2, 4, 5])),
        ("a line among them", "gjdy", vec![1, 5, 6], 5, Some(vec![2, 4, 5])),
        ("the last of them", "gjjdy", vec![1, 3, 4, 6], 6, Some(vec![2, 4])),
        ("the newest line", "Gdy", vec![1, 3, 5], 5, Some(vec![2, 4, 5])),
    ] {
        let recording = Recording::of_attempts();
        let mut harness = Harness::new(&recording, (140, 24));
        harness.keys("Z");
        harness.keys(keys);
        let held = harness.app.list.attempts(2).map(|attempts| attempts.ids.clone());
        let there = (lines(&harness), harness.app.list.selected(), held);
        assert_eq!(there, (shown, Some(selected), attempts), "{name}");
    }
}

#[test]
fn a_folded_line_tells_all_attempts() {
    let recording = Recording::of_attempts();
    let mut harness = Harness::new(&recording, (200, 24));
    harness.keys("gjz");
    let screen = harness.screen();
    let line = screen.lines().find(|line| line.starts_with('▌')).unwrap();
    // From the start of the first at 4 s to the end of the last at 9.183 s.
    for part in ["▸3", " 200 ", "5.18 s", "429, 429, then 200"] {
        assert!(line.contains(part), "{part}: {line}");
    }
}

#[test]
fn an_attempt_that_arrives_joins_its_group() {
    let recording = Recording::new();
    let mut samples = attempts();
    let last = samples.remove(4);
    for sample in &samples {
        recording.add(sample);
    }
    let mut harness = Harness::new(&recording, (140, 24));
    harness.keys("gjz");
    assert_eq!((lines(&harness), harness.app.list.selected()), (vec![1, 3, 4, 5], Some(4)));
    recording.add(&last);
    harness.look();
    assert_eq!((lines(&harness), harness.app.list.selected()), (vec![1, 3, 5, 6], Some(6)));
}

#[test]
fn an_attempt_whose_request_was_not_whole_at_first_joins_its_group() {
    let recording = Recording::new();
    let mut samples = attempts();
    let whole = samples.remove(4);
    for sample in &samples[..4] {
        recording.add(sample);
    }
    let begun = attempts().remove(4);
    let begun = Sample { request: String::new(), status: None, chunks: Vec::new(), end: None, ..begun };
    let id = recording.add(&begun);
    let mut harness = Harness::new(&recording, (140, 24));
    assert!(harness.app.list.attempts(id).is_none());
    recording.add_request(id, &whole.request);
    recording.replace(id, &whole);
    harness.look();
    assert_eq!(harness.app.list.attempts(id).unwrap().ids, [2, 4, 5]);
}

#[test]
fn requests_that_differ_are_not_attempts_at_one() {
    let recording = Recording::new();
    let mut samples = attempts();
    // As long as the others, and another.
    samples[3].request = samples[3].request.replace("Again", "Other");
    for sample in &samples {
        recording.add(sample);
    }
    let mut harness = Harness::new(&recording, (140, 24));
    harness.keys("Z");
    assert_eq!(lines(&harness), [1, 2, 3, 4, 5, 6]);
    assert!(harness.screen().contains("↻1"), "what the client counted is told: {}", harness.screen());
}

#[test]
fn the_same_call_made_twice_at_once_makes_two_groups() {
    let recording = Recording::new();
    let samples = attempts();
    for nth in [1, 1, 3, 3] {
        recording.add(&samples[nth]);
    }
    let mut harness = Harness::new(&recording, (140, 24));
    harness.keys("Z");
    assert_eq!(lines(&harness), [3, 4]);
}

/// As a loop around `curl` sends it: nothing is counted, all of it is the same.
fn looped(at_s: i64, attempt: Sample) -> Sample {
    fn uncounted(exchange: &mut Exchange) {
        exchange
            .request
            .headers
            .lines_mut()
            .retain(|(name, _)| !name.eq_ignore_ascii_case("x-stainless-retry-count"));
    }
    Sample { at_s, more: uncounted, ..attempt }
}

#[test]
fn what_follows_a_failure_is_an_attempt_also_where_nobody_counts() {
    let refused = || attempts().remove(1);
    let fine = || attempts().remove(4);
    let slow = || Sample { end: Some((1_500, BodyEnd::Whole)), ..refused() };
    for (name, samples, shown) in [
        ("a loop", vec![looped(1, refused()), looped(3, refused()), looped(6, fine())], vec![3]),
        (
            "again after it worked",
            vec![looped(1, refused()), looped(3, fine()), looped(5, fine())],
            vec![2, 3],
        ),
        ("long after", vec![looped(1, refused()), looped(200, fine())], vec![1, 2]),
        ("while the first was under way", vec![looped(1, slow()), looped(2, fine())], vec![1, 2]),
        ("with a count", vec![looped(1, refused()), fine()], vec![1, 2]),
    ] {
        let recording = Recording::new();
        for sample in &samples {
            recording.add(sample);
        }
        let mut harness = Harness::new(&recording, (140, 24));
        harness.keys("Z");
        assert_eq!(lines(&harness), shown, "{name}");
    }
}
