//! Sending again: too soon, too often, or where it cannot help.

pub(super) mod before_retry_after;
pub(super) mod burst_cost;
pub(super) mod daily_cap;
pub(super) mod ignored_x_should_retry;
pub(super) mod no_jitter;
pub(super) mod non_retryable;
pub(super) mod none_on_transient;
pub(super) mod not_retryable_flag;
pub(super) mod quota_as_429;
pub(super) mod retry_after_over_sdk_cap;
mod sdk_cap;
pub(super) mod stacked;
pub(super) mod tight_loop;
pub(super) mod too_large_again;
