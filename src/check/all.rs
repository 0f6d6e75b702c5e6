//! The list of checks, in the order in which people see them.

use super::auth;
use super::declare::Check;

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
