//! Limits: how near the app comes to them, and what it does there.

pub(super) mod concurrency;
pub(super) mod free_rpm;
pub(super) mod frequent_429;
pub(super) mod key_shuffling;
pub(super) mod models_polling;
pub(super) mod remaining_zero_ignored;
pub(super) mod token_not_request;
