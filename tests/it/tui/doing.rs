//! Sending again, editing, notes, deleting, the pager, and going to the background.

use super::fixture::{Recording, hostile_samples, sample, spoken, stream};
use super::harness::Harness;
use gatetap::exchange::time::{Clock, Micros};
use gatetap::store::Reader;
use gatetap::tui::state::{Cmd, Deed, Dialog, Msg, PageKind, Tab, update};

/// No variable is set.
fn no_key(_: &str) -> Option<String> {
    None
}

fn sent(harness: &Harness) -> Vec<String> {
    harness.sent.lock().unwrap().clone()
}

#[track_caller]
fn says(harness: &Harness, parts: &[&str]) {
    let screen = harness.screen();
    for part in parts {
        assert!(screen.contains(part), "no {part:?} on:\n{screen}");
    }
}

#[test]
fn sending_again_asks_first_and_says_what_it_means() {
    for pane in ["", "<enter>"] {
        let recording = Recording::of_samples();
        let mut harness = Harness::new(&recording, (80, 24));
        harness.keys(&format!("gjjjjjjj{pane}r"));
        says(
            &harness,
            &[
                "send #8 again?",
                "POST /v1/messages",
                "to https://api.nexorouter.com/v1",
                "about 19 tokens in, at most 64 out",
            ],
        );
        assert!(sent(&harness).is_empty());
        harness.keys("n");
        assert!(harness.app.dialog.is_none() && sent(&harness).is_empty());
        harness.keys("ry");
        let [request] = &sent(&harness)[..] else { panic!("{:?}", sent(&harness)) };
        assert!(request.starts_with("nexorouter POST /v1/messages HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("Authorization: Bearer **") && !request.contains("sk-not"), "{request}");
        assert!(harness.app.dialog.is_none());
        says(&harness, &["#8 was sent again"]);
    }
}

#[test]
fn no_other_key_does_anything_where_something_is_asked() {
    let recording = Recording::of_samples();
    for asked in ["gjr", "gjd"] {
        let mut harness = Harness::new(&recording, (80, 24));
        harness.keys(&format!("{asked}jG: mDs?/<enter><tab>"));
        assert!(harness.app.dialog.is_some(), "{asked}");
        assert_eq!(harness.app.list.selected(), Some(2), "{asked}");
        harness.keys("<esc>");
        assert!(harness.app.dialog.is_none() && !harness.quit, "{asked}");
        harness.keys("Q");
        assert!(harness.quit);
    }
}

#[test]
fn what_comes_of_it_is_found_and_compared() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (100, 24));
    // The same was sent again before: that is not what comes of it now.
    let mut again = stream("gpt-4o-mini", spoken(300, &["Rhine"]));
    again.more = |exchange| exchange.replay_of = Some(2);
    recording.add(&again);
    harness.look();
    harness.keys("gjry");
    says(&harness, &["is:replayed finds what came of it"]);
    let new = recording.add(&again);
    harness.look();
    says(&harness, &[&format!("#2 goes out again, as #{new}; D compares them")]);
    harness.send(Msg::Sent(2, Ok(())));
    says(&harness, &[&format!("#2 was sent again, as #{new}; D compares them")]);
    harness.keys("D");
    let compared = |harness: &Harness| harness.app.page.as_ref().map(|page| page.kind.clone());
    assert_eq!(compared(&harness), Some(PageKind::Comparison(2, new)));
    // From the new one it is the same two.
    harness.keys("<esc>GD");
    assert_eq!(compared(&harness), Some(PageKind::Comparison(2, new)));
}

#[test]
fn what_cannot_be_sent_is_said_with_what_to_do() {
    let recording = Recording::of_samples();
    let mut open = sample("POST", "/v1/chat/completions");
    open.more = |exchange| exchange.request_end = None;
    recording.add(&open);
    let mut gone = sample("GET", "/v1/models");
    gone.more = |exchange| exchange.gateway = "replay".to_owned();
    recording.add(&gone);
    for (select, outcome, key, parts) in [
        (
            "gj",
            Some(Ok(())),
            no_key as fn(&str) -> Option<String>,
            &["#2 cannot be sent", "nobody gave one", "NEXOROUTER_API_KEY"][..],
        ),
        ("gj", None, no_key, &["#2 cannot be sent", "nothing can be sent from here"]),
        ("Gk", Some(Ok(())), no_key, &["#11 cannot be sent", "still under way", "wait until it has ended"]),
        (
            "G",
            Some(Ok(())),
            no_key,
            &["#12 cannot be sent", "answered by `replay`", "gatetap replay send 12 --to"],
        ),
    ] {
        for keys in ["r", "e"] {
            let mut harness = Harness::new(&recording, (100, 24)).with_doer(&recording.path(), outcome, key);
            harness.keys(&format!("{select}{keys}"));
            says(&harness, parts);
            harness.keys("y");
            assert!(harness.app.dialog.is_some() && sent(&harness).is_empty(), "{keys}");
            harness.keys("<esc>");
            assert!(harness.app.dialog.is_none());
        }
    }
}

#[test]
fn a_sending_that_fails_is_said() {
    let recording = Recording::of_samples();
    let some_key = |_: &str| Some("sk-not-a-key".to_owned());
    let mut harness =
        Harness::new(&recording, (120, 24)).with_doer(&recording.path(), Some(Err("no way there")), some_key);
    harness.keys("gjry");
    says(&harness, &["#2 was not sent again: no way there"]);
    assert_eq!(harness.app.sent, None);
}

#[test]
fn an_edited_request_is_sent_as_it_was_edited() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (80, 24));
    harness.editor = |draft| {
        assert!(draft.contains("\nPOST /v1/chat/completions\nUser-Agent: OpenAI/Python 1.99.0\n"), "{draft}");
        assert!(draft.contains("\nAuthorization: Bearer ****************\n") && !draft.contains("Host:"));
        Ok(draft
            .replace("completions\n", "completions?x=1\n")
            .replace("OpenAI/Python 1.99.0", "me")
            .replace("\"temperature\": 0.20", "\"temperature\": 0.90"))
    };
    harness.keys("gje");
    says(&harness, &["send #2 again?", "POST /v1/chat/completions?x=1", "as it was edited"]);
    harness.keys("y");
    let [request] = &sent(&harness)[..] else { panic!("{:?}", sent(&harness)) };
    for part in
        ["POST /v1/chat/completions?x=1 ", "User-Agent: me\r\n", "\"temperature\":0.90", "Authorization: "]
    {
        assert!(request.contains(part), "{request}");
    }
}

#[test]
fn a_head_alone_can_be_edited_and_the_body_keeps_its_bytes() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (80, 24));
    harness.editor = |draft| Ok(draft.replace("Authorization: Bearer ****************\n", "X-New: 1\n"));
    harness.keys("gjey");
    let [request] = &sent(&harness)[..] else { panic!("{:?}", sent(&harness)) };
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("X-New: 1") && !head.contains("Authorization"), "{head}");
    assert!(body.starts_with(r#"{"model":"gpt-4o-mini","stream":true,"temperature":0.20,"#), "{body}");
}

#[test]
fn a_bad_draft_is_told_and_goes_on_in_the_editor() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (80, 24));
    harness.editor = |draft| Ok(draft.replace("Content-Type: application/json", "no header"));
    harness.keys("gje");
    says(&harness, &["#2 cannot be sent", "line 6: a header is `name: value`"]);
    harness.editor = |draft| {
        assert!(draft.contains("\nno header\n"), "{draft}");
        Ok(draft.replace("no header\n", "").replace("\"stream\": true,", "\"stream\": true"))
    };
    harness.keys("e");
    says(&harness, &["send #2 again?", "its body is no JSON any more"]);
    harness.keys("<esc>");
    assert!(sent(&harness).is_empty());
}

#[test]
fn an_editor_that_changed_nothing_or_failed_sends_nothing() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (100, 24));
    harness.editor = |draft| Ok(draft.to_owned());
    harness.keys("gje");
    assert!(harness.app.dialog.is_none());
    says(&harness, &["#2 was not changed, and nothing is sent"]);
    harness.editor = |_| Err("there is no `nano`; $EDITOR names another".to_owned());
    harness.keys("e");
    assert!(harness.app.dialog.is_none());
    says(&harness, &["there is no `nano`; $EDITOR names another"]);
}

#[test]
fn a_note_is_written_shown_changed_and_taken_away() {
    let recording = Recording::of_samples();
    let note = |id| {
        let rows = Reader::open(&recording.path()).unwrap().summaries_of(&[id]).unwrap();
        rows[0].note.clone()
    };
    let mut harness = Harness::new(&recording, (140, 40));
    harness.keys("gj;too slow; key sk-proj-abcdefghijklmnopqrstuvwxyz0123456789<enter>");
    let told = note(2).unwrap();
    assert!(told.starts_with("too slow; key ") && !told.contains("abcdefgh"), "{told}");
    says(&harness, &["≡"]);
    harness.keys("<enter>");
    says(&harness, &["note         too slow"]);
    harness.keys(";<ctrl-u>fixed<enter>");
    assert_eq!(note(2).as_deref(), Some("fixed"));
    says(&harness, &["note         fixed"]);
    // The line begins with the note that is there.
    harness.keys("; now<enter>");
    assert_eq!(note(2).as_deref(), Some("fixed now"));
    harness.keys("q;<ctrl-u><enter>");
    assert_eq!(note(2), None);
    harness.keys("gmjjm;both<enter>");
    assert_eq!((note(1), note(2), note(3)), (Some("both".to_owned()), None, Some("both".to_owned())));
}

#[test]
fn deleting_asks_and_takes_the_marked_or_the_selected() {
    let recording = Recording::of_samples();
    let left = || -> Vec<i64> {
        let rows =
            Reader::open(&recording.path()).unwrap().summaries(gatetap::store::Page::default()).unwrap();
        rows.iter().map(|row| row.id).collect()
    };
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("gjd");
    says(&harness, &["delete #2?"]);
    harness.keys("n");
    assert_eq!(left().len(), 10);
    harness.keys("dy");
    assert_eq!(left(), [1, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert_eq!(harness.app.list.selected(), Some(3));
    says(&harness, &["1 deleted", "9 exchanges"]);
    harness.keys("gmjmGm");
    harness.keys("d");
    says(&harness, &["delete 3 exchanges?", "#1, #3, #10"]);
    harness.keys("y");
    assert_eq!(left(), [4, 5, 6, 7, 8, 9, 10]);
    says(&harness, &["2 deleted; #10 is still open, and stays"]);
    assert_eq!(harness.app.marked.iter().copied().collect::<Vec<_>>(), [10]);
    harness.keys("md");
    assert!(harness.app.dialog.is_none());
    says(&harness, &["#10 is still open, and stays"]);
}

#[test]
fn what_may_not_be_written_is_said() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (100, 24)).with_doer("/nowhere/a.db".as_ref(), None, no_key);
    harness.keys("gj;note<enter>");
    says(&harness, &["nothing was noted: there is no recording at `/nowhere/a.db`"]);
    harness.keys("dy");
    says(&harness, &["nothing was deleted: there is no recording at `/nowhere/a.db`"]);
    assert_eq!(harness.app.list.rows().len(), 10);
}

#[test]
fn a_body_goes_to_the_pager_as_the_tab_shows_it() {
    let recording = Recording::of_samples();
    for (keys, part) in [
        ("gj4v", "\n  \"temperature\": 0.20,\n"),
        ("gj4bv", "{\"model\":\"gpt-4o-mini\",\"stream\":true"),
        ("gj4bbv", "000000  7b 22 6d 6f 64 65 6c 22"),
        ("gj5v", "data: {\"id\":\"chatcmpl-1\""),
        ("gj3v", "data: [DONE]\n"),
    ] {
        let mut harness = Harness::new(&recording, (80, 24));
        harness.keys(keys);
        let paged = harness.paged.clone().unwrap();
        assert!(paged.contains(part), "{keys}: {paged}");
    }
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("g4v");
    assert_eq!(harness.paged, None);
    says(&harness, &["the request has no body"]);
}

#[test]
fn nothing_in_the_pager_drives_the_terminal() {
    let recording = Recording::new();
    for sample in hostile_samples() {
        recording.add(&sample);
    }
    for keys in ["g4v", "g5v", "g5bv", "G5v", "G4v", "gj4v"] {
        let mut harness = Harness::new(&recording, (80, 24));
        harness.keys(keys);
        let paged = harness.paged.clone().unwrap();
        let hostile = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
        assert!(!paged.is_empty() && !paged.chars().any(hostile), "{keys}: {paged:?}");
    }
}

#[test]
fn ctrl_z_works_wherever_one_is() {
    let recording = Recording::of_samples();
    for keys in ["", "gj<enter>", "gj3p", "gjr", "gjd", "gj;note", "/is:", "?", "!"] {
        let mut harness = Harness::new(&recording, (80, 24)).with_faults();
        harness.keys(keys);
        let before = harness.screen();
        harness.keys("<ctrl-z>");
        assert_eq!(harness.suspended, 1, "{keys}");
        harness.send(Msg::Resize);
        assert_eq!(harness.screen(), before, "{keys}");
    }
}

#[test]
fn a_terminal_of_one_cell_asks_and_plays_too() {
    let recording = Recording::of_samples();
    for keys in ["gjr", "gjd", "gmjmd", "gj;note", "gj3p", "!rate"] {
        let mut harness = Harness::new(&recording, (80, 24)).with_faults();
        harness.keys(keys);
        let before = harness.screen();
        for (width, height) in [(1, 1), (2, 3), (0, 0), (200, 1), (1, 60), (60, 16), (80, 24)] {
            harness.resize(width, height);
        }
        assert_eq!(harness.screen(), before, "{keys}");
    }
}

#[test]
fn deeds_are_asked_of_others_and_never_done_by_the_update() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("gj");
    let order = |harness: &mut Harness, keys: &str| {
        keys.chars()
            .map(|key| update(&mut harness.app, Msg::Key(gatetap::tui::keymap::Key::Char(key))))
            .last()
            .flatten()
    };
    assert!(matches!(order(&mut harness, "r"), Some(Cmd::Do(Deed::Weigh(_)))));
    assert!(matches!(order(&mut harness, "e"), Some(Cmd::Do(Deed::Draft(2)))));
    assert_eq!(order(&mut harness, "dy"), Some(Cmd::Do(Deed::Delete(vec![2]))));
    harness.app.dialog = Some(Dialog::Delete(vec![3, 4]));
    assert_eq!(order(&mut harness, "y"), Some(Cmd::Do(Deed::Delete(vec![3, 4]))));
    assert_eq!(harness.app.list.rows().len(), 10, "nothing is gone before somebody says so");
}

/// The recording of `events`: at 412 ms the first, then each 40 ms, with a pause before the comment.
fn playing() -> Harness {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (100, 30));
    harness.tick(at(0));
    harness.keys("gj3p");
    harness.tick(at(0));
    harness
}

fn at(ms: u64) -> gatetap::exchange::time::WallTime {
    Clock::fixed(super::fixture::START.plus(Micros(3_600_000_000 + ms * 1000))).now().wall
}

fn shown(harness: &Harness) -> usize {
    harness.app.pane.as_ref().unwrap().play.unwrap().shown
}

#[test]
fn a_stream_is_played_in_its_own_time() {
    let mut harness = playing();
    assert_eq!(shown(&harness), 1);
    says(&harness, &["▶ ×1", "1 of 8 events", "next in 40 ms"]);
    for (ms, events) in
        [(39, 1), (40, 2), (120, 4), (160, 5), (737, 5), (738, 6), (1477, 6), (1478, 7), (1480, 9)]
    {
        harness.tick(at(ms));
        assert_eq!(shown(&harness), events, "{ms}");
    }
    says(&harness, &["■ ×1", "8 of 8 events", "space plays it again"]);
    harness.keys(" ");
    harness.tick(at(2000));
    harness.tick(at(2040));
    assert_eq!(shown(&harness), 2, "from the start again");
    harness.keys("p");
    let pane = harness.app.pane.clone().unwrap();
    assert_eq!((pane.play, pane.tab, pane.event.at(9)), (None, Tab::Events, 1));
    assert!(!harness.app.is_playing());
}

#[test]
fn playing_is_held_sped_up_slowed_down_and_stepped_through() {
    let mut harness = playing();
    harness.keys(" ");
    assert!(!harness.app.is_playing());
    harness.tick(at(5000));
    assert_eq!(shown(&harness), 1, "held");
    says(&harness, &["‖ ×1"]);
    harness.keys(" +");
    says(&harness, &["▶ ×4"]);
    harness.tick(at(5010));
    assert_eq!(shown(&harness), 2, "10 ms are 40 ms");
    harness.keys("++");
    says(&harness, &["×16"]);
    harness.keys("-----");
    says(&harness, &["×¼"]);
    harness.tick(at(5160));
    assert_eq!(shown(&harness), 2, "150 ms are 37.5 ms");
    harness.tick(at(5170));
    assert_eq!(shown(&harness), 3);
    harness.keys("j");
    assert_eq!((shown(&harness), harness.app.is_playing()), (4, false));
    harness.keys("kk");
    assert_eq!(shown(&harness), 2);
    harness.keys("kkkk");
    assert_eq!(shown(&harness), 1);
    harness.keys("G");
    assert_eq!(shown(&harness), 9);
    harness.keys("<enter>");
    assert_eq!(harness.app.page.as_ref().map(|page| page.kind.clone()), Some(PageKind::Event(8)));
    harness.keys("<esc><esc>");
    assert!(harness.app.pane.as_ref().unwrap().play.is_none());
}

#[test]
fn a_screen_that_is_paused_plays_and_what_is_no_stream_does_not() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (100, 30));
    harness.keys("gj");
    harness.keys("p");
    assert!(harness.app.paused, "in the list it pauses the screen");
    harness.keys("3p");
    harness.tick(at(0));
    harness.tick(at(45));
    assert_eq!(shown(&harness), 2);
    harness.keys("J");
    assert!(harness.app.pane.as_ref().unwrap().play.is_none(), "another exchange");
    harness.keys("p");
    says(&harness, &["there is no stream here whose times are known"]);
}
