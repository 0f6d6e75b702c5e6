//! Faults: armed and disarmed from the screen, and always in sight.

use super::fixture::Recording;
use super::harness::Harness;

#[test]
fn a_fault_is_armed_shown_and_disarmed() {
    let mut harness = Harness::new(&Recording::of_samples(), (120, 24)).with_faults();
    assert!(!harness.screen().contains("ARMED"));
    harness.keys("!");
    let screen = harness.screen();
    assert!(screen.contains("rate_limit_exceeded") || screen.contains("invalid_api_key"), "{screen}");
    harness.keys("rate_limit_exceeded,first=2<enter>");
    harness.tell_faults();
    let screen = harness.screen();
    assert!(screen.contains("FAULTS ARMED: rate_limit_exceeded,first=2 (met by 0 of 0)"), "{screen}");
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
