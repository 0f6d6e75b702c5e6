//! What checks over time share.

use super::Subject;
use crate::exchange::time::WallTime;

/// So many earlier exchanges are near enough to tell something about this one.
pub(super) const NEAR: usize = 200;

/// When the exchange ended, or how far it has come.
pub(super) fn ended_at(subject: &Subject<'_>) -> WallTime {
    let exchange = subject.context.exchange;
    exchange.started_at.plus(exchange.timing.end.unwrap_or_else(|| subject.took()))
}
