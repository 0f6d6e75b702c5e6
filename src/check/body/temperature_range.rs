//! Temperatures that no gateway takes.

use super::{at, given, members, out_of_range};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// A `temperature` that is no number, or lies outside of 0 to 2; of Anthropic's Messages outside of 0 to
    /// 1. A range is judged only at gateways whose documentation is known.
    ///
    /// ## Why it matters
    ///
    /// The gateway rejects it: `invalid_request`. Sources:
    /// <https://nexorouter.com/en/docs/api-reference/chat-completions>,
    /// <https://github.com/OpenRouterTeam/docs> (`api_reference/overview.mdx`),
    /// <https://platform.claude.com/docs/en/api/messages>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"temperature":2.5}
    /// ```
    ///
    /// ## What to do
    ///
    /// Stay within the range. A number in quotes is a text.
    pub static CHECK = {
        id: "body-temperature-range",
        severity: Error,
        summary: "temperatures that no gateway takes",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(value) = members(subject).and_then(|members| given(members, "temperature")) else { return };
    let most = match (subject.profile(), subject.dialect()) {
        (None, _) => f64::INFINITY,
        (Some(_), Dialect::Messages) => 1.0,
        (Some(_), _) => 2.0,
    };
    let least = if most.is_finite() { 0.0 } else { f64::NEG_INFINITY };
    let Some(what) = out_of_range(value, least, most) else { return };
    let nearest = value.as_f64().unwrap_or(1.0).clamp(least, most);
    found.push(
        Says {
            message: format!("`temperature` {what}"),
            evidence: format!("`\"temperature\": {}`", super::shown(value)),
            fix: match value.as_str().map(str::parse::<f64>) {
                Some(Ok(number)) => format!("send {number} without quotes"),
                _ if most.is_finite() => format!("send a number from {least} to {most}, such as {nearest}"),
                _ => "send a number".to_owned(),
            },
        },
        [at("/temperature")],
    );
}
