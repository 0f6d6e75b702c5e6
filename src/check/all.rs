//! The list of checks, in the order in which people see them.

use super::auth;
use super::body;
use super::declare::Check;
use super::leak;
use super::url;

/// Every check.
#[rustfmt::skip]
pub static ALL: &[&Check] = &[
    // auth
    &auth::missing::CHECK,
    &auth::no_bearer::CHECK,
    &auth::bearer_spacing::CHECK,
    &auth::quoted_key::CHECK,
    &auth::placeholder_key::CHECK,
    &auth::whitespace_in_key::CHECK,
    &auth::wrong_provider_key::CHECK,
    &auth::truncated_key::CHECK,
    &auth::x_api_key_on_openai_path::CHECK,
    &auth::two_credentials::CHECK,
    &auth::repeated_401::CHECK,
    &auth::key_changed_midway::CHECK,
    &auth::models_ok_chat_401::CHECK,
    // url
    &url::double_v1::CHECK,
    &url::missing_v1::CHECK,
    &url::suffix_doubled::CHECK,
    &url::trailing_or_double_slash::CHECK,
    &url::anthropic_on_openai_gateway::CHECK,
    &url::undocumented_endpoint::CHECK,
    &url::endpoint_shape_switched::CHECK,
    &url::html_reply::CHECK,
    &url::redirect::CHECK,
    &url::plain_http::CHECK,
    &url::local_dev_upstream::CHECK,
    &url::wrong_method::CHECK,
    &url::never_seen_success::CHECK,
    // body
    &body::invalid_json::CHECK,
    &body::content_type::CHECK,
    &body::model_missing::CHECK,
    &body::messages_empty::CHECK,
    &body::message_shape::CHECK,
    &body::temperature_range::CHECK,
    &body::top_p_range::CHECK,
    &body::max_tokens_invalid::CHECK,
    &body::max_tokens_unbounded::CHECK,
    &body::max_tokens_huge_nonstream::CHECK,
    &body::model_not_in_catalogue::CHECK,
    &body::model_case_mismatch::CHECK,
    &body::model_alias_style::CHECK,
    &body::deprecated_suffix::CHECK,
    &body::unknown_or_field::CHECK,
    &body::noop_param::CHECK,
    &body::deprecated_param::CHECK,
    &body::undocumented_param::CHECK,
    &body::stream_not_bool::CHECK,
    &body::stream_options_without_stream::CHECK,
    &body::tool_pairing::CHECK,
    &body::tools_unverified::CHECK,
    &body::prompt_growth::CHECK,
    &body::oversize::CHECK,
    &body::double_submit::CHECK,
    &body::gzip_request::CHECK,
    &body::duplicate_member::CHECK,
    // stream
    // retry
    // rate
    // timeout
    // cancel
    // resp
    // leak
    &leak::key_in_url::CHECK,
    &leak::key_in_prompt::CHECK,
    &leak::key_in_response::CHECK,
    &leak::browser_origin::CHECK,
    &leak::debug_echo::CHECK,
    &leak::account_id::CHECK,
    &leak::card_or_pii::CHECK,
    &leak::shared_key::CHECK,
    &leak::internal_referer::CHECK,
    &leak::unexpected_host::CHECK,
];

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().find(|check| check.id == id).copied()
}
