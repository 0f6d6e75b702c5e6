//! Faults: armed and disarmed from the screen, and always in sight.

use super::fixture::Recording;
use super::harness::Harness;

#[test]
fn a_fault_is_armed_shown_and_disarmed() {
    let mut harness = Harness::new(&Recording::of_samples(), (120, 24)).with_faults();
    assert!(!harness.screen().contains("ARMED"));
    harness.keys("!");
    let screen = harness.screen();
    assert!(screen.contains("rate_limit_exceeded"), "{screen}");
    harness.keys("rate_limit_exceeded,first=2<enter>");
    harness.tell_faults();
    let screen = harness.screen();
    assert!(screen.contains("FAULTS ARMED: rate_limit_exceeded,first=2 (met by no request yet)"), "{screen}");
    harness.keys("!<tab>");
    assert!(harness.screen().contains("ARMED; enter disarms it"), "{}", harness.screen());
    harness.keys("<enter>");
    harness.tell_faults();
    assert!(!harness.screen().contains("ARMED"), "{}", harness.screen());
}

#[test]
fn a_fault_with_a_mistake_is_not_armed() {
    let mut harness = Harness::new(&Recording::of_samples(), (120, 24)).with_faults();
    harness.keys("!rate_limit_exceeded,frist=2<enter>");
    harness.tell_faults();
    let screen = harness.screen();
    assert!(screen.contains("^^^^^") && screen.contains("frist"), "{screen}");
    assert!(!screen.contains("FAULTS ARMED"), "{screen}");
}

#[test]
fn where_no_request_passes_nothing_can_be_armed() {
    let mut harness = Harness::new(&Recording::of_samples(), (120, 24));
    harness.keys("!");
    assert!(harness.app.prompt.is_none());
    assert!(harness.screen().contains("gatetap run"), "{}", harness.screen());
}

#[test]
fn parameters_are_offered_with_what_stands_for_them() {
    let recording = Recording::of_samples();
    for (typed, line, about) in [
        ("429,<tab>", "429,status=", "the status it comes with; a status, else the documented one"),
        ("429,ret<tab>", "429,retry_after=", "the value of retry-after"),
        ("429,retry_after=7,fir<tab>", "429,retry_after=7,first=2", "the first so many times"),
        ("429,delay=<tab>", "429,delay=0s", "how long nothing happens first"),
        ("stream.cut_clean,af<tab>", "stream.cut_clean,after=", "after"),
        ("429,model<tab>", "429,model=gpt-*", "requests for these models"),
        // In the middle of the line, and not what is given already.
        (
            "429,ch,first=1<left><left><left><left><left><left><left><left><tab>",
            "429,chance=20%,first=1",
            "by chance",
        ),
    ] {
        let mut harness = Harness::new(&recording, (140, 24)).with_faults();
        harness.keys(&format!("!{typed}"));
        let prompt = harness.app.prompt.clone().unwrap();
        assert_eq!(prompt.line.text(), line, "{typed}");
        assert!(harness.screen().contains(about), "{typed}: {}", harness.screen());
    }
    let mut harness = Harness::new(&recording, (140, 24)).with_faults();
    harness.keys("!429,first=2,fir");
    assert_eq!(
        harness.app.prompt.as_ref().map(|prompt| prompt.choices.len()),
        Some(0),
        "it is given already"
    );
}

#[test]
fn an_armed_fault_is_changed() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (120, 24)).with_faults();
    harness.keys("!429,first=2<enter>!503<enter>");
    harness.tell_faults();
    harness.keys("!<tab><right>");
    assert_eq!(harness.app.prompt.as_ref().map(|prompt| prompt.line.text()), Some("429,first=2"));
    harness.keys("<bs>5,delay=1s<enter>");
    harness.tell_faults();
    let armed: Vec<String> =
        harness.app.faults.iter().flatten().map(|listed| listed.rule.to_string()).collect();
    assert_eq!(armed, ["503", "429,first=5,delay=1s"]);
    // Whoever empties the line arms another beside it.
    harness.keys("!<tab><right><ctrl-u>500<enter>");
    harness.tell_faults();
    assert_eq!(harness.app.faults.as_ref().map(Vec::len), Some(3));
}

#[test]
fn presets_are_offered_too() {
    let recording = Recording::of_samples();
    let mut harness = Harness::new(&recording, (120, 24)).with_faults();
    harness.keys("!preset:rate<tab>");
    assert!(harness.screen().contains("refused twice"), "{}", harness.screen());
    harness.keys("<enter>");
    harness.tell_faults();
    assert!(harness.screen().contains("FAULTS ARMED: 429,first=2,retry_after=1"), "{}", harness.screen());
}

#[test]
fn the_panel_looks_as_it_did() {
    let recording = Recording::of_samples();
    for (width, height) in [(60, 16), (80, 24), (140, 40)] {
        for (name, keys) in
            [("faults", "!"), ("faults-armed", "!"), ("faults-parameters", "!rate_limit_exceeded,")]
        {
            let mut harness = Harness::new(&recording, (width, height)).with_faults();
            if name == "faults-armed" {
                harness.keys("!rate_limit_exceeded,first=2<enter>");
                harness.tell_faults();
            }
            harness.keys(keys);
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), harness.screen());
        }
    }
}
