//! How clients took the faults: what they did after each, and whether that was wise.

use super::armed::Story;
use super::catalogue::{self, Fault};
use super::limit;
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::exchange::time::{Micros, WallTime};
use crate::gateway::errors::{self, Retry};

/// So long after a failure the same request is still an answer to it.
const STORY_TIME: Micros = Micros(5 * 60 * 1_000_000);

/// Clients that wait exactly so long as they are told are not early, whatever their clocks say.
const TOLERANCE: Micros = Micros(50_000);

/// One request, as far as the report needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attempt {
    /// Its number in the recording.
    pub id: ExchangeId,
    /// What makes it the same as another.
    pub story: Story,
    /// When it began.
    pub began: WallTime,
    /// When it ended; `None` while it is open.
    pub ended: Option<WallTime>,
    /// The gateway's name.
    pub gateway: String,
    /// The status the app got.
    pub status: Option<u16>,
    /// How it ended.
    pub verdict: Verdict,
    /// The fault that was injected.
    pub fault: Option<String>,
    /// What its `retry-after` asked for.
    pub retry_after: Option<Micros>,
    /// The text of a broken answer stands in a later request.
    pub used_later: bool,
}

/// What became of one injected fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// The exchange that met it.
    pub id: ExchangeId,
    /// The fault.
    pub fault: String,
    /// The status the app got.
    pub status: Option<u16>,
    /// What `retry-after` asked for.
    pub retry_after: Option<Micros>,
    /// How many attempts of the same request followed.
    pub retries: usize,
    /// How long the app waited before the first of them.
    pub waited: Option<Micros>,
    /// How the last attempt ended.
    pub outcome: Verdict,
    /// How that is to be judged.
    pub judgement: Judgement,
    /// Why, in one sentence.
    pub reason: String,
}

/// How a client took a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Judgement {
    /// It tried again, no sooner than it was asked to.
    Waited,
    /// It tried again before it was asked to.
    TooEarly,
    /// It did not try again, where that might have helped.
    GaveUp,
    /// It did not try again, where that would not have helped.
    TookNo,
    /// It tried again what cannot succeed.
    RetriedInVain,
    /// It took a broken stream for a whole answer, and went on with it.
    TookTruncated,
    /// It left before the answer and asked again: both may be billed.
    PaidTwice,
    /// It did not try again after an answer that began well and broke: it may have noticed or not.
    Unseen,
    /// Nothing was broken for it.
    Unharmed,
}

impl Judgement {
    /// The word in JSON and for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waited => "waited",
            Self::TooEarly => "too early",
            Self::GaveUp => "gave up",
            Self::TookNo => "took no for an answer",
            Self::RetriedInVain => "retried what cannot succeed",
            Self::TookTruncated => "took a truncated stream as success",
            Self::PaidTwice => "paid twice",
            Self::Unseen => "cannot be told",
            Self::Unharmed => "unharmed",
        }
    }

    /// Whether the app should be changed.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::TooEarly | Self::RetriedInVain | Self::TookTruncated | Self::PaidTwice)
    }
}

/// Judges every injected fault of a session's requests, in the order of starting.
pub fn report(attempts: &[Attempt]) -> Vec<Case> {
    // A limiter that lets a request through only says what is left.
    let is_refused =
        |attempt: &Attempt| attempt.fault.as_deref() != Some(limit::NAME) || attempt.status == Some(429);
    let faulted =
        attempts.iter().enumerate().filter(|(_, attempt)| attempt.fault.is_some() && is_refused(attempt));
    faulted.map(|(at, attempt)| case(attempt, attempts.get(at + 1..).unwrap_or_default())).collect()
}

fn case(attempt: &Attempt, later: &[Attempt]) -> Case {
    let fault = attempt.fault.clone().unwrap_or_default();
    // Each retry belongs to the failure right before it, and the story to all of them.
    let mut last = attempt.ended.unwrap_or(attempt.began);
    let mut retries = Vec::new();
    let unharmed = attempt.verdict == Verdict::Complete;
    let later = if unharmed { &[] } else { later };
    for next in later.iter().filter(|next| next.story == attempt.story && next.began >= attempt.began) {
        if span(last, next.began) > STORY_TIME {
            break;
        }
        last = next.ended.unwrap_or(next.began);
        retries.push(next);
        if next.verdict == Verdict::Complete {
            break;
        }
    }
    let waited = retries.first().map(|next| span(attempt.ended.unwrap_or(attempt.began), next.began));
    let (judgement, reason) = judge(attempt, &fault, waited);
    Case {
        id: attempt.id,
        fault,
        status: attempt.status,
        retry_after: attempt.retry_after,
        retries: retries.len(),
        waited,
        outcome: retries.last().map_or(attempt.verdict, |last| last.verdict),
        judgement,
        reason,
    }
}

fn judge(attempt: &Attempt, fault: &str, waited: Option<Micros>) -> (Judgement, String) {
    let truncated =
        matches!(attempt.verdict, Verdict::Incomplete | Verdict::CutByGateway | Verdict::ErrorInside);
    let Some(waited) = waited else {
        return match attempt.verdict {
            Verdict::Complete => (Judgement::Unharmed, "the answer came through".to_owned()),
            _ if truncated && attempt.used_later => {
                let reason = "the text of the broken answer stands in a later request".to_owned();
                (Judgement::TookTruncated, reason)
            }
            // An error status is seen by any client; what breaks after a good one is not.
            _ if truncated && attempt.status.is_some_and(|status| status < 400) => {
                let reason = "not sent again; whether the app noticed cannot be told from here".to_owned();
                (Judgement::Unseen, reason)
            }
            _ if retry_of(attempt, fault) == Retry::Never => {
                (Judgement::TookNo, "trying again would not have helped".to_owned())
            }
            _ => (Judgement::GaveUp, "the same request was not sent again".to_owned()),
        };
    };
    if attempt.verdict == Verdict::CutByApp {
        let reason = format!("the app left, and asked the same again {waited} later");
        return (Judgement::PaidTwice, reason);
    }
    if retry_of(attempt, fault) == Retry::Never {
        let reason = "the same request gets the same answer, and was sent again".to_owned();
        return (Judgement::RetriedInVain, reason);
    }
    match attempt.retry_after {
        Some(asked) if waited.0 + TOLERANCE.0 < asked.0 => {
            (Judgement::TooEarly, format!("tried again after {waited}, where {asked} was asked for"))
        }
        Some(asked) => (Judgement::Waited, format!("tried again after {waited}; {asked} was asked for")),
        None => (Judgement::Waited, format!("tried again after {waited}")),
    }
}

/// Whether trying again helps against a fault.
fn retry_of(attempt: &Attempt, fault: &str) -> Retry {
    let documented = match catalogue::find(fault) {
        Some(Fault::Error { gateway, code }) => errors::lookup(gateway.unwrap_or(&attempt.gateway), code)
            .or_else(|| errors::with_code(code).next()),
        _ => None,
    };
    match (documented, attempt.status) {
        (Some(error), _) => error.retry,
        (None, Some(408 | 409 | 425 | 429)) => Retry::Backoff,
        (None, Some(400..=499)) => Retry::Never,
        _ => Retry::Backoff,
    }
}

fn span(from: WallTime, to: WallTime) -> Micros {
    Micros(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or_default())
}
