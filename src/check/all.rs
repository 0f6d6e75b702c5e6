//! The list of checks, in the order in which people see them.

use super::declare::Check;
use super::{auth, cancel, rate, retry, timeout};

/// Every check.
#[rustfmt::skip]
pub static ALL: &[&Check] = &[
    // auth
    &auth::missing::CHECK,
    &auth::no_bearer::CHECK,
    // url
    // body
    // stream
    // retry
    &retry::before_retry_after::CHECK,
    &retry::retry_after_over_sdk_cap::CHECK,
    &retry::tight_loop::CHECK,
    &retry::no_jitter::CHECK,
    &retry::non_retryable::CHECK,
    &retry::too_large_again::CHECK,
    &retry::quota_as_429::CHECK,
    &retry::daily_cap::CHECK,
    &retry::not_retryable_flag::CHECK,
    &retry::ignored_x_should_retry::CHECK,
    &retry::stacked::CHECK,
    &retry::burst_cost::CHECK,
    &retry::none_on_transient::CHECK,
    // rate
    &rate::remaining_zero_ignored::CHECK,
    &rate::concurrency::CHECK,
    &rate::frequent_429::CHECK,
    &rate::token_not_request::CHECK,
    &rate::free_rpm::CHECK,
    &rate::key_shuffling::CHECK,
    &rate::models_polling::CHECK,
    // timeout
    &timeout::too_short::CHECK,
    &timeout::default_600::CHECK,
    &timeout::cancel_then_retry::CHECK,
    &timeout::fixed_cutoff::CHECK,
    &timeout::upstream_504::CHECK,
    &timeout::long_nonstream::CHECK,
    &timeout::js_stream_unbounded::CHECK,
    // cancel
    &cancel::midstream::CHECK,
    &cancel::still_billed::CHECK,
    &cancel::frequent::CHECK,
    // resp
    // leak
];

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().find(|check| check.id == id).copied()
}
