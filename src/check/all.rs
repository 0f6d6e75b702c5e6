//! The list of checks, in the order in which people see them.

use super::auth;
use super::declare::Check;
use super::stream;

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
    // retry
    // rate
    // timeout
    // cancel
    // resp
    // leak
];

/// The check of that id.
pub fn find(id: &str) -> Option<&'static Check> {
    ALL.iter().find(|check| check.id == id).copied()
}
