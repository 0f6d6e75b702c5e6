//! Limits of the answer's length that are none.

use super::{at, given, members, shown};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// A `max_tokens`, `max_completion_tokens` or `max_output_tokens` that is no whole number above 0, and a
    /// call of Anthropic's Messages without `max_tokens`. A negative one is left alone where the gateway's
    /// documentation is not known: some servers mean *no limit* by it.
    ///
    /// ## Why it matters
    ///
    /// It has to be a positive integer, and Messages cannot do without. Sources:
    /// <https://nexorouter.com/en/docs/api-reference/chat-completions>,
    /// <https://platform.claude.com/docs/en/api/messages>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"max_tokens":"1024"}
    /// ```
    ///
    /// ## What to do
    ///
    /// Send a positive integer, without quotes and without a decimal point.
    pub static CHECK = {
        id: "body-max-tokens-invalid",
        severity: Error,
        summary: "limits of the answer's length that are none",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject) else { return };
    let has_profile = subject.profile().is_some();
    for name in ["max_tokens", "max_completion_tokens", "max_output_tokens"] {
        let Some(value) = given(members, name) else { continue };
        let is_fine = value.as_u64().is_some_and(|number| number > 0);
        if is_fine || (!has_profile && value.as_i64().is_some_and(i64::is_negative)) {
            continue;
        }
        found.push(
            Says {
                message: format!("`{name}` is {}, and has to be a whole number above 0", shown(value)),
                evidence: format!("`\"{name}\": {}`", shown(value)),
                fix: match value.as_str().map(str::parse::<u64>).or_else(|| {
                    value.as_f64().filter(|number| *number >= 1.0).map(|number| Ok(number as u64))
                }) {
                    Some(Ok(number)) if number > 0 => format!("send `\"{name}\": {number}`"),
                    _ => format!("leave `{name}` out, or send a number above 0"),
                },
            },
            [at(format!("/{name}"))],
        );
    }
    if subject.dialect() == Dialect::Messages
        && has_profile
        && given(members, "max_tokens").is_none()
        && subject.path().ends_with("/messages")
    {
        found.push(
            Says {
                message: "`max_tokens` is missing, which Messages requires".to_owned(),
                evidence: "there is no `max_tokens`".to_owned(),
                fix: "send `\"max_tokens\": 1024`, or as many as the answer may have".to_owned(),
            },
            [at("/max_tokens")],
        );
    }
}
