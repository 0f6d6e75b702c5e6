//! How clients took it.

use gatetap::exchange::end::Verdict;
use gatetap::exchange::time::{Micros, WallTime};
use gatetap::fault::Story;
use gatetap::fault::report::{Attempt, Judgement, report};

const SECOND: i64 = 1_000_000;

/// An attempt of the story `body` that began and ended at these seconds.
fn attempt(body: &str, from: i64, to: i64, status: u16, verdict: Verdict) -> Attempt {
    Attempt {
        id: from + 1,
        story: Story::new("POST", "/v1/x", body.as_bytes()),
        began: WallTime(from * SECOND),
        ended: Some(WallTime(to * SECOND)),
        gateway: "nexorouter".to_owned(),
        status: Some(status),
        verdict,
        fault: None,
        retry_after: None,
        used_later: false,
    }
}

fn faulted(fault: &str, of: Attempt) -> Attempt {
    Attempt { fault: Some(fault.to_owned()), ..of }
}

/// The judgement of the first fault.
fn judged(attempts: &[Attempt]) -> (Judgement, usize) {
    let cases = report(attempts);
    (cases[0].judgement, cases[0].retries)
}

#[test]
fn every_story_is_judged() {
    let refused = |fault, status| faulted(fault, attempt("a", 0, 0, status, Verdict::Refused));
    let asked = |seconds| Attempt { retry_after: Some(Micros(seconds)), ..refused("429", 429) };
    let cut = |verdict| faulted("stream.cut_clean", attempt("a", 0, 1, 200, verdict));
    let no_answer = Attempt { status: None, ..faulted("net.reset", attempt("a", 0, 0, 0, Verdict::Failed)) };
    let fine = |from| attempt("a", from, from + 1, 200, Verdict::Complete);
    for (what, attempts, expected) in [
        ("obeyed", vec![asked(7_000_000), fine(7)], (Judgement::Waited, 1)),
        ("a hair early", vec![asked(7_040_000), fine(7)], (Judgement::Waited, 1)),
        ("in a tight loop", vec![asked(7_000_000), fine(1)], (Judgement::TooEarly, 1)),
        ("no hint", vec![refused("503", 503), fine(1)], (Judgement::Waited, 1)),
        ("nobody came back", vec![refused("503", 503)], (Judgement::GaveUp, 0)),
        (
            "another request is no retry",
            vec![refused("503", 503), attempt("b", 1, 2, 200, Verdict::Complete)],
            (Judgement::GaveUp, 0),
        ),
        ("too late for a retry", vec![refused("503", 503), fine(900)], (Judgement::GaveUp, 0)),
        ("too large", vec![refused("request_too_large", 413)], (Judgement::TookNo, 0)),
        ("too large, again", vec![refused("request_too_large", 413), fine(1)], (Judgement::RetriedInVain, 1)),
        ("bad key by status", vec![refused("401", 401), fine(1)], (Judgement::RetriedInVain, 1)),
        (
            "timed out by itself",
            vec![faulted("504", attempt("a", 0, 1, 504, Verdict::CutByApp)), fine(1)],
            (Judgement::PaidTwice, 1),
        ),
        ("cut and asked again", vec![cut(Verdict::Incomplete), fine(2)], (Judgement::Waited, 1)),
        (
            "cut and used",
            vec![Attempt { used_later: true, ..cut(Verdict::Incomplete) }],
            (Judgement::TookTruncated, 0),
        ),
        ("cut and left", vec![cut(Verdict::CutByGateway)], (Judgement::Unseen, 0)),
        ("cut cleanly and left", vec![cut(Verdict::Incomplete)], (Judgement::Unseen, 0)),
        ("an error inside, and left", vec![cut(Verdict::ErrorInside)], (Judgement::Unseen, 0)),
        ("the app hung up itself", vec![cut(Verdict::CutByApp)], (Judgement::GaveUp, 0)),
        ("no answer at all", vec![no_answer], (Judgement::GaveUp, 0)),
        ("legal", vec![cut(Verdict::Complete), fine(2)], (Judgement::Unharmed, 0)),
    ] {
        assert_eq!(judged(&attempts), expected, "{what}");
    }
}

#[test]
fn a_story_ends_with_its_success() {
    let refused = |at| faulted("429", attempt("a", at, at, 429, Verdict::Refused));
    let cases = report(&[refused(0), refused(1), attempt("a", 2, 3, 200, Verdict::Complete), refused(4)]);
    let counts: Vec<_> = cases.iter().map(|case| (case.retries, case.outcome)).collect();
    assert_eq!(counts, [(2, Verdict::Complete), (1, Verdict::Complete), (0, Verdict::Refused)]);
}

#[test]
fn a_limiter_that_lets_a_request_through_is_no_fault() {
    let within = faulted("limit", attempt("a", 0, 1, 200, Verdict::Complete));
    let over = faulted("limit", attempt("b", 0, 1, 429, Verdict::Refused));
    assert_eq!(report(&[within, over]).len(), 1);
}
