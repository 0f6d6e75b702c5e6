//! Every screen at three sizes, and everything at any size.

use super::fixture::{Recording, Sample, hostile_samples, spoken, stream};
use super::harness::Harness;
use gatetap::exchange::finding::{Finding, Severity};
use gatetap::tui::state::{Failure, Msg};
use ratatui::style::Color;

const SIZES: [(u16, u16); 3] = [(60, 16), (80, 24), (140, 40)];

/// The screens of the samples: a name, and the keys that lead there.
const SCREENS: [(&str, &str); 40] = [
    ("list", ""),
    ("list-moved", "gjj"),
    ("list-marked", "gjmjjm"),
    ("filter-typed", "/is:e"),
    ("filter-offered", "f"),
    ("filter-wrong", "/verdict:complete stat:4<enter>"),
    ("filter-in-force", "/is:error<enter>"),
    ("filter-nothing", "/model:none<enter>"),
    ("commands", ":copy"),
    ("copy", "gjy"),
    ("overview-complete", "gj<enter>"),
    ("overview-cut", "gjjjjj<enter>"),
    ("overview-failed", "gjjjjjjjj<enter>z"),
    ("conversation", "gj2"),
    ("events", "gj3"),
    ("event", "gj3jj<enter>"),
    ("request", "gj4"),
    ("request-bytes", "gj4bb"),
    ("search", "gj4/rivers<enter>"),
    ("response-refused", "gjj5"),
    ("findings", "gjj6"),
    ("wire", "gj7"),
    ("comparison", "gjmjjjjmD"),
    ("summary", "s"),
    ("paused", "p"),
    ("notice", "D"),
    ("help", "?"),
    ("send", "gjr"),
    ("editor-failed", "gj4e"),
    ("delete", "gjd"),
    ("delete-marked", "gmjmjm<enter>d"),
    ("note", "gj;slower than yesterday"),
    ("playing", "gj3pjjj"),
    ("order-offered", "o"),
    ("ordered", "otook<enter>j"),
    ("columns", "C<down><enter>"),
    ("columns-chosen", "Cmethod<enter><esc>Cbytes<enter><esc>Cfinish<enter><esc>"),
    ("sessions", "S"),
    ("recordings", "Sanother<enter>"),
    ("log", "pp!<esc>E"),
];

/// Those of requests that were sent several times.
const ATTEMPTS: [(&str, &str); 4] =
    [("unfolded", ""), ("folded", "gjz"), ("folded-story", "gjz<enter>"), ("limits", "sG")];

#[test]
fn every_screen_looks_as_it_did() {
    let recording = Recording::of_samples();
    for (width, height) in SIZES {
        for (name, keys) in SCREENS {
            let mut harness = Harness::new(&recording, (width, height));
            harness.keys(keys);
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), harness.screen());
        }
    }
}

#[test]
fn attempts_look_as_they_did() {
    let recording = Recording::of_attempts();
    for (width, height) in SIZES {
        for (name, keys) in ATTEMPTS {
            let mut harness = Harness::new(&recording, (width, height));
            harness.keys(keys);
            insta::assert_snapshot!(format!("attempts-{name}-{width}x{height}"), harness.screen());
        }
    }
}

#[test]
fn states_without_exchanges_look_as_they_did() {
    let nothing = Recording::new();
    for (width, height) in SIZES {
        let mut harness = Harness::new(&nothing, (width, height));
        insta::assert_snapshot!(format!("empty-{width}x{height}"), harness.screen());

        harness = Harness::without_loader((width, height));
        harness.send(Msg::Failed(failure()));
        insta::assert_snapshot!(format!("missing-{width}x{height}"), harness.screen());
    }
}

#[test]
fn what_was_done_and_what_cannot_be_looks_as_it_did() {
    let no_key: fn(&str) -> Option<String> = |_| None;
    for (width, height) in SIZES {
        for (name, keys) in [
            ("send-impossible", "gjr"),
            ("noted", "gj;slower than yesterday<enter><enter>"),
            ("deleted", "gmjmdy"),
        ] {
            let recording = Recording::of_samples();
            let mut harness = Harness::new(&recording, (width, height));
            if name == "send-impossible" {
                harness = harness.with_doer(&recording.path(), Some(Ok(())), no_key);
            }
            harness.keys(keys);
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), harness.screen());
        }
    }
}

#[test]
fn what_cannot_be_decided_yet_is_said_of_an_open_exchange_only() {
    let recording = Recording::of_samples();
    let mut open = 0;
    for row in 0..12 {
        let mut harness = Harness::new(&recording, (120, 40));
        harness.keys(&format!("g{}<enter>6", "j".repeat(row)));
        let screen = harness.screen();
        assert_eq!(
            screen.contains("No check has found anything yet."),
            screen.contains("Not decidable yet"),
            "{screen}"
        );
        open += usize::from(screen.contains("Not decidable yet"));
        assert!(!(screen.contains("No check found anything.") && screen.contains("Not decidable yet")));
    }
    assert!(open > 0, "no sample is open");
}

#[test]
fn warnings_and_a_failure_stand_above_the_list() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (80, 24));
    harness.app.words.warnings = vec!["Certificates of the gateway are not checked (-k).".to_owned()];
    harness.send(Msg::Failed(failure()));
    insta::assert_snapshot!("list-with-warnings-80x24", harness.screen());
    // The next thing that is read takes the failure away.
    recording.add_many(1);
    harness.look();
    assert!(!harness.screen().contains("no recording"), "{}", harness.screen());
}

#[test]
fn emoji_are_drawn_as_what_every_terminal_draws_alike() {
    let recording = Recording::new();
    let said = "flag 🇩🇪🇫🇷| tone 👍🏽| family 👩\u{200d}👩\u{200d}👧\u{200d}👦| heart ❤\u{fe0f}| plain 🤖| क\u{94d}\u{200d}ष|";
    recording.add(&stream("gpt-4o-mini", spoken(300, &[said])));
    for keys in ["2", "3", "3<enter>", "5"] {
        let mut harness = Harness::new(&recording, (120, 40));
        harness.keys(keys);
        let screen = harness.screen();
        for cell in harness.buffer().content() {
            let odd =
                |c: char| matches!(c, '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}' | '\u{fe0f}');
            assert!(!cell.symbol().chars().any(odd), "{keys}: {:?}", cell.symbol());
        }
        if keys == "2" {
            let drawn = "flag DEFR| tone 👍| family 👩| heart ❤| plain 🤖| क\u{94d}\u{200d}ष|";
            assert!(screen.contains(drawn), "{screen}");
        }
    }
}

#[test]
fn a_page_of_a_check_is_set_to_the_width_of_the_screen() {
    let recording = Recording::new();
    let stalled = Finding {
        check: "stream-stall".to_owned(),
        severity: Severity::Warning,
        message: "the stream was silent".to_owned(),
        evidence: "no byte".to_owned(),
        fix: "wait".to_owned(),
        places: Vec::new(),
    };
    recording.add(&Sample { findings: vec![stalled], ..stream("gpt-4o-mini", spoken(300, &["one"])) });
    let mut harness = Harness::new(&recording, (100, 40));
    harness.keys("6x");
    let screen = harness.screen();
    let lines: Vec<&str> = screen.lines().map(str::trim_end).collect();
    // A line of a paragraph ends early only where the next word has no room, or the paragraph ends.
    for pair in lines.windows(2) {
        let [line, next] = pair else { continue };
        let (Some(word), true) = (next.split_whitespace().next(), line.starts_with("  ")) else { continue };
        let is_text = |line: &str| line.trim().split(' ').count() > 3 && !line.contains("data:");
        if is_text(line) && is_text(next) {
            assert!(line.chars().count() + 1 + word.chars().count() > 97, "{line:?} then {next:?}: {screen}");
        }
    }
    assert!(
        screen.contains("What it looks for") && !screen.contains("`tool_use` block of the\n"),
        "{screen}"
    );
}

#[test]
fn hostile_wide_and_long_text_stays_text() {
    let recording = Recording::new();
    for sample in hostile_samples() {
        recording.add(&sample);
    }
    for (width, height) in SIZES {
        for (name, keys) in
            [("list", ""), ("events", "g3"), ("wide", "gj4"), ("binary", "G5"), ("broken", "G4")]
        {
            let mut harness = Harness::new(&recording, (width, height));
            harness.keys(keys);
            insta::assert_snapshot!(format!("hostile-{name}-{width}x{height}"), harness.screen());
        }
    }
    for keys in [
        "",
        "g1",
        "g2",
        "g3",
        "g3<enter>",
        "g4",
        "g5",
        "g7",
        "gj1",
        "gj2",
        "gj4",
        "G1",
        "G4",
        "G5",
        "G7",
        "gmGD",
        "s",
        "f",
    ] {
        let mut harness = Harness::new(&recording, (100, 40));
        harness.keys(keys);
        for cell in harness.buffer().content() {
            let hostile = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}');
            assert!(!cell.symbol().chars().any(hostile), "{keys}: {:?}", cell.symbol());
        }
    }
}

#[test]
fn any_size_is_drawn() {
    let recording = Recording::of_samples();
    for (name, keys) in SCREENS {
        let mut harness = Harness::new(&recording, (80, 24));
        harness.keys(keys);
        for width in [0, 1, 2, 3, 5, 8, 11, 59, 60, 149, 150, 400] {
            for height in [0, 1, 2, 3, 4, 5, 8, 20, 100] {
                harness.resize(width, height);
                assert_eq!(harness.buffer().area.width, width, "{name}");
            }
        }
        harness.resize(80, 24);
        let mut fresh = Harness::new(&recording, (80, 24));
        fresh.keys(keys);
        if !keys.starts_with("gj") || keys.contains("<enter>") && !keys.contains('/') {
            assert_eq!(harness.screen(), fresh.screen(), "{name}");
        }
    }
}

#[test]
fn a_verdict_and_the_selection_are_told_without_colour() {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
    harness.keys("gjj");
    let screen = harness.screen();
    let selected: Vec<&str> = screen.lines().filter(|line| line.starts_with('▌')).collect();
    assert_eq!(selected.len(), 1, "{screen}");
    assert!(selected[0].contains("✗ refused"), "{screen}");
}

#[test]
fn without_colour_there_is_none() {
    let recording = Recording::of_samples();
    for (name, keys) in SCREENS {
        let mut harness = Harness::new(&recording, (140, 40)).without_colour();
        let coloured = |harness: &Harness| {
            let cells = harness.buffer().content().iter();
            cells.filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset).count()
        };
        assert_eq!(coloured(harness.keys(&format!("{keys}?<esc>"))), 0, "{name}");
        let mut harness = Harness::new(&recording, (140, 40));
        assert!(coloured(harness.keys(keys)) > 0, "{name}");
    }
}

#[test]
fn the_pane_stands_beside_the_list_where_there_is_room() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (160, 40));
    harness.keys("gjjjjj<enter>");
    insta::assert_snapshot!("overview-cut-160x40", harness.screen());
}

#[test]
fn a_warning_is_shown_when_it_comes() {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
    harness.send(Msg::Warning("A part of gatetap failed: thread `x`\nat y\u{1b}[2J".to_owned()));
    let screen = harness.screen();
    assert!(screen.contains(" ! A part of gatetap failed: thread `x`␊at y␛[2J\n"), "{screen}");
}

fn failure() -> Failure {
    Failure {
        message: "there is no recording at `/somewhere/recording.db`".to_owned(),
        hint: "name a recording with --db FILE, or record one with `gatetap run`".to_owned(),
    }
}
