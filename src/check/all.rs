//! The list of checks, in the order in which people see them.

use super::declare::Check;
use super::{auth, cancel, rate, resp, retry, stream, timeout};

/// Every check.
#[rustfmt::skip]
pub static ALL: &[&Check] = &[
    // auth
    &auth::missing::CHECK,
    &auth::no_bearer::CHECK,
    // url
    // body
    // stream
    &stream::expected_not_requested::CHECK,
    &stream::unverified_gateway::CHECK,
    &stream::json_reply::CHECK,
    &stream::wrong_content_type::CHECK,
    &stream::buffered_upstream::CHECK,
    &stream::buffered_after_proxy::CHECK,
    &stream::app_reads_slowly::CHECK,
    &stream::from_cache::CHECK,
    &stream::fake::CHECK,
    &stream::chunky::CHECK,
    &stream::compressed::CHECK,
    &stream::has_content_length::CHECK,
    &stream::http10::CHECK,
    &stream::connection_close_chunked::CHECK,
    &stream::truncated_silent::CHECK,
    &stream::truncated_transport::CHECK,
    &stream::partial_frame::CHECK,
    &stream::no_done::CHECK,
    &stream::done_on_anthropic::CHECK,
    &stream::bad_json::CHECK,
    &stream::inband_error::CHECK,
    &stream::error_but_client_continued::CHECK,
    &stream::comment_with_unknown_client::CHECK,
    &stream::usage_empty_choices::CHECK,
    &stream::stall::CHECK,
    &stream::slow_first_token::CHECK,
    &stream::order::CHECK,
    &stream::tool_args_invalid::CHECK,
    &stream::data_after_end::CHECK,
    &stream::disabled_by_proxy_hdr::CHECK,
    &stream::sdk_reads_otherwise::CHECK,
    &stream::choices_unfinished::CHECK,
    &stream::end_disagrees::CHECK,
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
    &resp::error_in_200::CHECK,
    &resp::truncated_length::CHECK,
    &resp::empty::CHECK,
    &resp::content_filter::CHECK,
    &resp::model_substituted::CHECK,
    &resp::no_request_id::CHECK,
    &resp::usage_missing::CHECK,
    &resp::unknown_error_code::CHECK,
    &resp::tool_call_as_text::CHECK,
    &resp::one_model_failing::CHECK,
    &resp::all_models_failing::CHECK,
    &resp::model_retired::CHECK,
    &resp::scope_suspect::CHECK,
    &resp::edge_page::CHECK,
    &resp::not_json::CHECK,
    // leak
];

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().find(|check| check.id == id).copied()
}
