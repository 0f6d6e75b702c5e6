//! The pane: evidence, searching, copying, comparing, and the mouse.

use super::fixture::{Recording, sample, spoken, stream};
use super::harness::Harness;
use gatetap::exchange::body::Side;
use gatetap::exchange::finding::{Finding, Place, Severity, Span};
use gatetap::tui::state::{Form, Mouse, Msg, PageKind, Tab};

fn with_places(places: Vec<Place>) -> Recording {
    let recording = Recording::of_samples();
    let finding = |place| Finding {
        check: "auth-no-bearer".to_owned(),
        severity: Severity::Error,
        message: "Something is wrong.".to_owned(),
        evidence: "a fact".to_owned(),
        fix: "Change it.".to_owned(),
        places: vec![place],
    };
    let mut sample = stream("gpt-4o-mini", spoken(300, &["one", "two", "three"]));
    sample.findings = places.into_iter().map(finding).collect();
    recording.add(&sample);
    recording
}

#[test]
fn enter_on_a_finding_leads_to_its_evidence() {
    let json = |pointer: &str| Place::Json(Side::Request, pointer.to_owned());
    for (place, tab, lit) in [
        (
            Place::Header(Side::Request, "content-type".to_owned()),
            Tab::Request,
            Some("Content-Type: application/json"),
        ),
        (json("/temperature"), Tab::Request, Some("\"temperature\": 0.20,")),
        (json("/messages/0/content"), Tab::Request, Some("\"content\": \"Name three")),
        (json("/nowhere"), Tab::Request, None),
        (
            Place::Header(Side::Response, "x-request-id".to_owned()),
            Tab::Response,
            Some("x-request-id: req_0"),
        ),
        (Place::Bytes(Side::Response, Span { offset: 40, length: 2 }), Tab::Response, Some("000020  ")),
        (Place::Target, Tab::Request, Some("POST /v1/chat/completions HTTP/1.1")),
        (Place::Event(2), Tab::Events, None),
    ] {
        let mut harness = Harness::new(&with_places(vec![place.clone()]), (80, 60));
        harness.keys("6<enter>");
        let pane = harness.app.pane.clone().unwrap();
        assert_eq!(pane.tab, tab, "{place}");
        if let Some(lit) = lit {
            assert!(harness.reversed().contains(lit), "{place}: {}", harness.reversed());
        }
        assert_eq!(pane.form, if matches!(place, Place::Bytes(..)) { Form::Bytes } else { Form::Pretty });
        if place == Place::Event(2) {
            assert_eq!(pane.event.at(3), 2);
        }
    }
    let mut harness = Harness::new(&with_places(vec![Place::Exchange(4)]), (80, 24));
    harness.keys("6<enter>");
    assert_eq!(harness.app.list.selected(), Some(4));
}

#[test]
fn findings_are_walked_and_explained() {
    let mut harness = Harness::new(&with_places(vec![Place::Target, Place::Event(1)]), (80, 24));
    harness.keys("6j<enter>");
    assert_eq!(harness.app.pane.as_ref().map(|pane| (pane.tab, pane.event.at(3))), Some((Tab::Events, 1)));
    harness.keys("6kx");
    let page = harness.app.page.as_ref().map(|page| page.kind.clone());
    assert_eq!(page, Some(PageKind::Check("auth-no-bearer".to_owned())));
    assert!(harness.screen().contains("What it looks for"), "{}", harness.screen());
}

#[test]
fn searching_goes_from_place_to_place_and_round() {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
    harness.keys("gj3/Danube<enter>");
    assert_eq!(harness.app.pane.as_ref().map(|pane| pane.event.at(9)), Some(2));
    harness.keys("g/delta<enter>nn");
    assert!(harness.app.pane.as_ref().is_some_and(|pane| pane.event.at(9) > 2));
    harness.keys("/nowhere<enter>");
    assert!(harness.screen().contains("`nowhere` is not here"), "{}", harness.screen());
    harness.keys("4/three rivers<enter>");
    assert!(harness.reversed().contains("three rivers"), "{}", harness.reversed());
}

#[test]
fn what_is_copied_is_what_was_sent_and_never_a_key() {
    let recording = Recording::of_samples();
    recording.add(&sample("GET", "/v1/models?it's=1"));
    for (keys, name, parts) in [
        (
            "gjycurl<enter>",
            "curl",
            vec![
                "curl -N 'https://gateway.example/v1/chat/completions'",
                "-H \"Authorization: Bearer $KEY\"",
                "--data-binary '{\"model\":\"gpt-4o-mini\"",
            ],
        ),
        ("y<enter>", "curl", vec!["curl -N 'https://gateway.example/v1/models?it'\\''s=1'"]),
        ("gjyanswer<enter>", "answer", vec!["Rhine\nDanube\nElbe"]),
        ("gjyresponse<enter>", "response", vec!["data: {\"id\":\"chatcmpl-1\"", "data: [DONE]\n\n"]),
        ("gjyjson<enter>", "json", vec!["\"id\":2,", "\"verdict\":\"complete\""]),
        (
            "gjysupport<enter>",
            "support",
            vec![
                "It holds no key, prompt or answer.",
                "- Client HTTP status: `200`",
                "works: `yes (exchange 1",
            ],
        ),
        ("gjynumber<enter>", "number", vec!["2"]),
    ] {
        let mut harness = Harness::new(&recording, (80, 24));
        harness.keys(keys);
        let (copied, text) = harness.copied.clone().unwrap();
        assert_eq!(copied, name, "{keys}");
        for part in parts {
            assert!(text.contains(part), "{keys}: {text}");
        }
        assert!(!text.contains("****") || name == "json", "{text}");
    }
    let mut harness = Harness::new(&recording, (80, 24));
    harness.keys("gyrequest<enter>");
    assert_eq!(harness.copied, None);
    assert!(harness.screen().contains("#1 has no"), "{}", harness.screen());
}

#[test]
fn two_are_marked_and_compared() {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
    harness.keys("gjmD");
    assert!(harness.screen().contains("mark two exchanges"), "{}", harness.screen());
    harness.keys("jjjD");
    let screen = harness.screen();
    assert!(screen.contains("#2 (-) and #5 (+)") && screen.contains("+ incomplete"), "{screen}");
    harness.keys("<esc>");
    assert!(harness.app.comparison.is_none() && !harness.quit);
}

#[test]
fn attempts_at_one_request_are_told_as_one_story() {
    let recording = Recording::new();
    let attempt = |number: &'static str, status: u16| {
        let mut sample = stream("gpt-4o-mini", spoken(300, &["one"]));
        sample.status = Some(status);
        sample.more = match number {
            "0" => |_| {},
            "1" => |exchange| {
                exchange.request.headers.lines_mut().retain(|(name, _)| name != "X-Stainless-Retry-Count");
                exchange.request.headers.lines_mut().push(("x-stainless-retry-count".into(), "1".into()));
            },
            _ => |exchange| exchange.url.push('x'),
        };
        sample
    };
    recording.add(&attempt("0", 429));
    recording.add(&attempt("other", 200));
    recording.add(&attempt("1", 200));
    let mut harness = Harness::new(&recording, (100, 40));
    harness.keys("<enter>");
    let screen = harness.screen();
    assert!(screen.contains("attempts     · #1  429") && screen.contains("▸ #3  200"), "{screen}");
    assert!(!screen.contains("  #2  200"), "{screen}");
    harness.keys("K");
    assert!(!harness.screen().contains("attempts "), "{}", harness.screen());
}

#[test]
fn the_mouse_selects_opens_turns_and_scrolls() {
    let mut harness = Harness::new(&Recording::of_samples(), (80, 24));
    let click = |harness: &mut Harness, x, y| harness.send(Msg::Mouse(Mouse::Click(x, y)));
    // Below the title and the head of the list.
    click(&mut harness, 20, 3);
    assert_eq!((harness.app.list.selected(), harness.app.pane.is_none()), (Some(2), true));
    click(&mut harness, 20, 3);
    assert!(harness.app.pane.is_some());
    let row = harness.screen().lines().position(|line| line.contains("3 events")).unwrap() as u16;
    let line = harness.screen().lines().nth(row.into()).unwrap().to_owned();
    click(&mut harness, line.find("3 events").unwrap() as u16, row);
    assert_eq!(harness.app.pane.as_ref().map(|pane| pane.tab), Some(Tab::Events));
    harness.send(Msg::Mouse(Mouse::WheelDown(20, row + 4)));
    assert_eq!(harness.app.pane.as_ref().map(|pane| pane.event.at(9)), Some(3));
    harness.send(Msg::Mouse(Mouse::WheelUp(20, 2)));
    assert_eq!(harness.app.list.selected(), Some(1));
    for (x, y) in [(0, 0), (79, 23), (200, 200)] {
        click(&mut harness, x, y);
    }
}
