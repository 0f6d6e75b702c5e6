//! The limits of `[retention]` while a session runs.

use crate::support::made::{Made, START, recording};
use crate::support::tapped::Tapped;
use gatetap::exchange::time::{Clock, Micros};
use gatetap::store::Retention;
use std::time::Duration;

const HOUR: Micros = Micros(3_600_000_000);

/// Longer than the time between two looks at the limits, so that one lies within.
const A_LOOK: Duration = Duration::from_secs(1_000);

/// The runtime's clock moves on by itself once nothing is left to do: a sleep that is over means that every
/// look before it is over.
#[tokio::test(start_paused = true)]
async fn limits_are_looked_at_when_a_session_starts_and_now_and_then() {
    let home = tempfile::tempdir().unwrap();
    let made: Vec<Made> = (0..6).map(|n| Made { at: n * HOUR.0, ..Made::default() }).collect();
    recording(&home.path().join("recording.db"), &made);
    let clock = Clock::fixed(START.plus(Micros(6 * HOUR.0)));
    let retention = Retention { age: Some(Micros(4 * HOUR.0)), ..Retention::default() };
    let tapped = Tapped::retaining(home, retention, clock.clone()).await;
    tokio::time::sleep(A_LOOK).await;
    assert_eq!(tapped.count(), 4);
    clock.advance(HOUR);
    tokio::time::sleep(A_LOOK).await;
    assert_eq!(tapped.count(), 3);
    clock.advance(Micros(10 * HOUR.0));
    tokio::time::sleep(A_LOOK).await;
    assert_eq!(tapped.count(), 0);
    let outcome = tapped.outcome_here().await;
    assert_eq!((outcome.retention.pruned, outcome.retention.failure.as_deref()), (6, None));
    assert!(outcome.is_whole(), "{outcome:?}");
}
