//! The list in another order than that of starting.

use super::fixture::{Recording, Sample, sample, samples};
use super::harness::Harness;
use gatetap::exchange::end::BodyEnd;
use gatetap::store::OrderBy;
use gatetap::tui::state::{Column, Mouse, Msg, PAGE};

fn shown(harness: &Harness) -> Vec<i64> {
    harness.app.list.lines_from(0).map(|row| row.id).collect()
}

/// Exchanges that took as many milliseconds as it says.
fn lasting(times: impl IntoIterator<Item = u64>) -> Recording {
    let recording = Recording::new();
    add(&recording, times);
    recording
}

fn add(recording: &Recording, times: impl IntoIterator<Item = u64>) {
    for time in times {
        recording.add(&Sample { end: Some((time, BodyEnd::Whole)), ..sample("GET", "/v1/models") });
    }
}

#[test]
fn a_column_puts_the_list_in_order() {
    let recording = Recording::of_samples();
    for (keys, ids) in [
        // What has no value is last, in either direction.
        ("otook<enter>", [6, 2, 5, 7, 8, 1, 3, 9, 4, 10]),
        ("otook<enter>O", [4, 9, 3, 1, 8, 7, 5, 2, 6, 10]),
        ("otook<enter>otook<enter>", [4, 9, 3, 1, 8, 7, 5, 2, 6, 10]),
        ("ocode<enter>", [9, 4, 3, 10, 8, 7, 6, 5, 2, 1]),
        ("omodel<enter>", [5, 8, 2, 4, 6, 10, 7, 1, 3, 9]),
        ("otook<enter>otime<enter>", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("otook<enter>F", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("/is:error<enter>otook<enter>", [6, 5, 8, 3, 9, 4, 0, 0, 0, 0]),
    ] {
        let mut harness = Harness::new(&recording, (80, 24));
        harness.keys(keys);
        let ids: Vec<i64> = ids.into_iter().filter(|id| *id > 0).collect();
        assert_eq!(shown(&harness), ids, "{keys}");
        assert_eq!(harness.app.list.following(), keys.ends_with('F'), "{keys}");
    }
}

#[test]
fn every_order_has_a_column() {
    for by in OrderBy::ALL {
        assert!(Column::of_order(by).is_some(), "{by:?}");
    }
}

#[test]
fn a_long_list_is_walked_whole_in_any_order() {
    let count = 700;
    // Each time twice, in no order.
    let recording = lasting((0..count).map(|nth| (nth * 7_919 % count) / 2 + 10));
    let mut harness = Harness::new(&recording, (80, 24));
    let took = |harness: &Harness| harness.app.list.selected_row().unwrap().duration.unwrap();
    harness.keys("otook<enter>");
    let mut seen = vec![harness.app.list.selected().unwrap()];
    let mut last = took(&harness);
    for _ in 1..count {
        harness.keys("j");
        assert!(harness.app.list.rows().len() <= PAGE, "no more is held than a page");
        assert!(took(&harness) <= last, "after {} exchanges", seen.len());
        last = took(&harness);
        seen.push(harness.app.list.selected().unwrap());
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len() as u64, count, "each was selected once");
    harness.keys("j");
    assert_eq!(took(&harness), last, "it is the last");

    harness.keys("g");
    assert_eq!(took(&harness).0, 359_000);
    harness.keys("G");
    assert_eq!(took(&harness).0, 10_000);
    for _ in 0..200 {
        harness.keys("<pgup>");
    }
    assert_eq!(took(&harness).0, 359_000);
}

#[test]
fn what_arrives_takes_its_place_and_the_selection_stays() {
    let recording = lasting([300, 100, 200]);
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("otook<enter>j");
    assert_eq!((shown(&harness), harness.app.list.selected()), (vec![1, 3, 2], Some(3)));
    add(&recording, [250, 150]);
    harness.look();
    assert_eq!((shown(&harness), harness.app.list.selected()), (vec![1, 4, 3, 5, 2], Some(3)));
    harness.keys("p");
    add(&recording, [50, 999]);
    harness.look();
    assert_eq!(shown(&harness), [1, 4, 3, 5, 2], "the screen stands still");
    harness.keys("p");
    assert_eq!(shown(&harness), [7, 1, 4, 3, 5, 2, 6]);
}

#[test]
fn an_exchange_is_found_in_any_order() {
    let recording = lasting((0..1_200).map(|nth| 2_000 - nth));
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("otook<enter>:1100<enter>");
    assert_eq!(harness.app.list.selected(), Some(1100));
    assert!(shown(&harness).contains(&1099) && shown(&harness).contains(&1101));
    harness.keys("otime<enter>");
    assert_eq!(harness.app.list.selected(), Some(1100), "also back in the order of starting");
}

#[test]
fn the_heading_tells_the_order() {
    let recording = Recording::of_samples();
    assert_eq!(samples().len(), 10);
    for width in [40, 60, 80, 140] {
        let mut harness = Harness::new(&recording, (width, 24));
        harness.keys("ottft<enter>");
        let screen = harness.screen();
        assert!(screen.lines().nth(1).unwrap().contains("ttft▼"), "{screen}");
        harness.keys("O");
        assert!(harness.screen().lines().nth(1).unwrap().contains("ttft▲"), "{}", harness.screen());
    }
}

#[test]
fn a_click_on_a_heading_puts_the_list_in_order() {
    let mut harness = Harness::new(&Recording::of_samples(), (200, 24));
    let at = |harness: &Harness, title: &str| {
        let screen = harness.screen();
        let head = screen.lines().nth(1).unwrap();
        Mouse::Click(head[..head.find(title).unwrap()].chars().count() as u16, 1)
    };
    for (title, first) in [("took", 6), ("took", 4), ("code", 9), ("time", 1)] {
        let click = at(&harness, title);
        harness.send(Msg::Mouse(click));
        assert_eq!(shown(&harness)[0], first, "{title}");
    }
    let click = at(&harness, "tok/s");
    harness.send(Msg::Mouse(click));
    assert!(harness.screen().contains("there is no order by tokens a second"), "{}", harness.screen());
}
