//! Keys against the state.

use super::fixture::{Recording, START, sample, samples, spoken, stream};
use super::harness::Harness;
use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers};
use gatetap::exchange::time::Micros;
use gatetap::tui::keymap::{BINDINGS, Context, Key};
use gatetap::tui::state::Tab;

/// What a script of keys leads to on the ten samples: selection, following, the tab in front.
#[track_caller]
fn check(script: &str, selected: i64, following: bool, tab: Option<Tab>) {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
    harness.keys(script);
    let app = &harness.app;
    assert_eq!(app.list.selected(), Some(selected), "{script}: selection");
    assert_eq!(app.list.following(), following, "{script}: following");
    assert_eq!(app.pane.as_ref().map(|pane| pane.tab), tab, "{script}: tab");
    assert!(!harness.quit, "{script}");
}

#[test]
fn keys_move_the_selection() {
    check("", 10, true, None);
    check("k", 9, false, None);
    check("kj", 10, false, None);
    check("jjj", 10, false, None);
    check("g", 1, false, None);
    check("gk", 1, false, None);
    check("gj<down>", 3, false, None);
    check("G<up>", 9, false, None);
    check("gG", 10, true, None);
    check("kF", 10, true, None);
    check("F", 10, false, None);
    check("g<pgdn>", 10, false, None);
    check("<home>", 1, false, None);
    check("<end>", 10, true, None);
    check("g<ctrl-d>", 10, false, None);
    check("<ctrl-u>", 1, false, None);
    check("/", 10, true, None);
    check("n", 3, false, None);
    check("gn", 3, false, None);
    check("gnnN", 3, false, None);
    check("gN", 9, false, None);
    check(":4<enter>", 4, false, None);
    check(":#7<enter>", 7, false, None);
    check(":last<enter>", 10, true, None);
    check("g <pgup>", 1, false, None);
}

#[test]
fn keys_open_turn_and_close_the_pane() {
    check("<enter>", 10, false, Some(Tab::Overview));
    check("g<right>", 1, false, Some(Tab::Overview));
    check("g5", 1, false, Some(Tab::Response));
    check("g<enter><tab><tab>", 1, false, Some(Tab::Events));
    check("g<enter><backtab>", 1, false, Some(Tab::Wire));
    check("g7<tab>", 1, false, Some(Tab::Overview));
    check("g3<left>4", 1, false, Some(Tab::Request));
    check("g<enter>jjJ", 2, false, Some(Tab::Overview));
    check("g4JJK", 2, false, Some(Tab::Request));
    check("g4F", 10, true, Some(Tab::Request));
    check("g<enter><esc>", 1, false, None);
    check("g<enter>qj", 2, false, None);
    check("?", 10, true, None);
    check("?jkG<esc>k", 9, false, None);
}

#[test]
fn the_next_that_went_wrong_is_found_all_the_way_round() {
    let mut harness = Harness::new(&Recording::of_samples(), (100, 30));
    harness.keys("gn");
    let first = harness.app.list.selected();
    for (keys, said) in [("Gn", "no more below: on from the top"), ("kn", "")] {
        harness.keys(keys);
        assert_eq!(harness.app.notice.as_deref().unwrap_or_default(), said, "{keys}");
    }
    harness.keys("Gn");
    assert_eq!(harness.app.list.selected(), first);
    harness.keys("N");
    assert_eq!(harness.app.notice.as_deref(), Some("no more above: on from the bottom"));
    let recording = Recording::new();
    recording.add(&sample("GET", "/v1/models"));
    let mut harness = Harness::new(&recording, (100, 30));
    harness.keys("n");
    let notice = harness.app.notice.clone().unwrap_or_default();
    assert!(notice.starts_with("no other near here went wrong"), "{notice}");
}

#[test]
fn leaving_asks_where_it_would_cut_what_is_open() {
    let proxy = |recording: &Recording| Harness::new(recording, (80, 24)).with_faults();
    let with_open = Recording::of_samples();
    for (script, quits) in [
        ("q", false),
        ("qy", true),
        ("qn", false),
        ("qnq", false),
        ("q<esc>", false),
        ("Q", true),
        ("qQ", true),
        ("<ctrl-c>", true),
    ] {
        let mut harness = proxy(&with_open);
        harness.keys(script);
        assert_eq!(harness.quit, quits, "{script}");
    }
    let mut harness = proxy(&with_open);
    harness.keys("/verdict:complete<enter>q");
    let screen = harness.screen();
    assert!(screen.contains("1 exchange is open, and quitting cuts it"), "{screen}");

    let all_ended = Recording::new();
    all_ended.add(&sample("GET", "/v1/models"));
    let mut harness = proxy(&all_ended);
    harness.keys("q");
    assert!(harness.quit, "nothing is open");
    let mut harness = Harness::new(&with_open, (80, 24));
    harness.keys("q");
    assert!(harness.quit, "another process is the proxy");
}

#[test]
fn leaving_goes_one_step_back_and_then_out() {
    for (script, quits) in [
        ("q", true),
        ("<esc>", false),
        ("<esc>q", true),
        ("Q", true),
        ("<ctrl-c>", true),
        ("<enter>q", false),
        ("<enter>qq", true),
        ("<enter>?q<esc>", false),
        ("<enter>?q<esc>q", true),
        ("<enter>?Q", true),
        ("?<ctrl-c>", true),
        ("??", false),
    ] {
        let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
        harness.keys(script);
        assert_eq!(harness.quit, quits, "{script}");
    }
}

#[test]
fn scrolling_stops_at_the_ends_of_the_text() {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
    harness.keys("gj4");
    let start = harness.screen();
    harness.keys("jjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjjj");
    let end = harness.screen();
    assert_ne!(start, end);
    harness.keys("j<pgdn>G");
    assert_eq!(harness.screen(), end);
    harness.keys("kj");
    assert_eq!(harness.screen(), end, "one step up and one down");
    harness.keys("g");
    assert_eq!(harness.screen(), start);
}

#[test]
fn rows_that_arrive_move_the_selection_only_when_following() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("kk");
    recording.add(&sample("GET", "/v1/models"));
    harness.look();
    assert_eq!(harness.app.list.selected(), Some(8));
    harness.keys("G");
    assert_eq!(harness.app.list.selected(), Some(11));
    recording.add(&sample("GET", "/v1/models"));
    harness.look();
    assert_eq!(harness.app.list.selected(), Some(12));
    assert!(harness.screen().contains("12 exchanges"), "{}", harness.screen());
}

#[test]
fn an_open_stream_grows_and_ends_on_the_screen() {
    let recording = Recording::new();
    let words = ["one", "two", "three"];
    let mut open = stream("gpt-4o-mini", spoken(300, &words));
    open.end = None;
    let id = recording.add(&open);
    let mut harness = Harness::new(&recording, (100, 24));
    harness.tick(START.plus(Micros(5_000_000)));
    assert!(harness.screen().contains("● open") && harness.screen().contains("5.00 s"));
    let revision = harness.app.revision();
    harness.tick(START.plus(Micros(6_500_000)));
    assert!(harness.screen().contains("6.50 s"), "{}", harness.screen());
    assert_ne!(harness.app.revision(), revision);

    recording.replace(id, &stream("gpt-4o-mini", spoken(300, &words)));
    harness.look();
    assert!(harness.screen().contains("~ incomplete"), "{}", harness.screen());
    let revision = harness.app.revision();
    harness.tick(START.plus(Micros(9_000_000)));
    assert_eq!(harness.app.revision(), revision, "nothing is left that time changes");
}

#[test]
fn the_pane_shows_what_is_recorded_later() {
    let recording = Recording::new();
    let mut open = stream("gpt-4o-mini", spoken(300, &["one"]));
    open.end = None;
    let id = recording.add(&open);
    let mut harness = Harness::new(&recording, (100, 40));
    harness.keys("<enter>");
    assert!(harness.screen().contains("verdict      ● open"), "{}", harness.screen());
    recording.replace(id, &stream("gpt-4o-mini", spoken(300, &["one"])));
    harness.look();
    assert!(harness.screen().contains("verdict      ~ incomplete"), "{}", harness.screen());
}

#[test]
fn every_sample_has_the_verdict_it_is_there_for() {
    let harness = Harness::new(&Recording::of_samples(), (80, 24));
    let verdicts: Vec<&str> = harness.app.list.rows().iter().map(|row| row.verdict.as_str()).collect();
    assert_eq!(verdicts.len(), samples().len());
    assert_eq!(
        verdicts,
        [
            "complete",
            "complete",
            "refused",
            "refused",
            "incomplete",
            "cut-by-gateway",
            "cut-by-app",
            "error-inside",
            "failed",
            "open"
        ]
    );
}

#[test]
fn a_key_counts_when_it_goes_down_and_not_when_it_comes_up() {
    let event = |kind, modifiers, code| KeyEvent { code, modifiers, kind, state: KeyEventState::NONE };
    let none = KeyModifiers::NONE;
    for (kind, modifiers, code, key) in [
        (KeyEventKind::Press, none, KeyCode::Char('j'), Some(Key::Char('j'))),
        (KeyEventKind::Repeat, none, KeyCode::Char('j'), Some(Key::Char('j'))),
        (KeyEventKind::Release, none, KeyCode::Char('j'), None),
        (KeyEventKind::Press, KeyModifiers::SHIFT, KeyCode::Char('G'), Some(Key::Char('G'))),
        (KeyEventKind::Press, KeyModifiers::CONTROL, KeyCode::Char('c'), Some(Key::Ctrl('c'))),
        (KeyEventKind::Press, KeyModifiers::ALT, KeyCode::Char('q'), None),
        (KeyEventKind::Press, none, KeyCode::F(5), None),
    ] {
        assert_eq!(Key::from_event(event(kind, modifiers, code)), key, "{kind:?} {code:?}");
    }
}

#[test]
fn no_key_means_two_things() {
    for context in [Context::List, Context::Pane, Context::Page, Context::Prompt, Context::Anywhere] {
        let mut keys: Vec<Key> = Vec::new();
        for binding in BINDINGS.iter().filter(|binding| binding.context == context) {
            for key in binding.keys {
                assert!(!keys.contains(key), "{key} is bound twice in {context:?}");
                keys.push(*key);
            }
        }
    }
}
