//! What a 429 is about: pace, a day's allowance, or money.

use super::history::Ended;

/// What limit a request ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// So many in a minute: it passes.
    Pace,
    /// So many in a day.
    Day,
    /// Credit, budget or spend: waiting does not help.
    Money,
}

/// The codes and kinds of errors about money. Sources: <https://nexorouter.com/en/docs/troubleshooting>,
/// <https://developers.openai.com/docs/guides/error-codes>, <https://platform.claude.com/docs/en/api/errors>.
const MONEY: [&str; 9] = [
    "insufficient_quota",
    "insufficient_user_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
    "project_spend_limit_exceeded",
    "billing_hard_limit_reached",
    "billing_error",
    "payment_required",
];

impl Ended {
    /// What limit the answer names, if it is a 429.
    pub(super) fn limit(&self) -> Option<Limit> {
        if self.status != Some(429) || self.own_error.is_some() {
            return None;
        }
        let named = |word: &str| {
            [&self.error_code, &self.error_kind].into_iter().flatten().any(|known| known.as_str() == word)
        };
        let a_day = self.limit_source.as_deref().is_some_and(|source| source.ends_with("_daily"))
            || self.error_message.as_deref().is_some_and(|message| message.contains("free-models-per-day"));
        Some(match () {
            () if MONEY.into_iter().any(named) => Limit::Money,
            () if a_day => Limit::Day,
            () => Limit::Pace,
        })
    }
}
