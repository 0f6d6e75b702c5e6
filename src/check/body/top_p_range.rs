//! Values of `top_p` that no gateway takes.

use super::{at, given, members, out_of_range};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// A `top_p` that is no number, or lies outside of 0 to 1; on OpenRouter 0 itself is outside. A range is
    /// judged only at gateways whose documentation is known.
    ///
    /// ## Why it matters
    ///
    /// The gateway rejects it: `invalid_request`. Sources:
    /// <https://nexorouter.com/en/docs/api-reference/chat-completions>,
    /// <https://github.com/OpenRouterTeam/docs> (`api_reference/overview.mdx`).
    ///
    /// ## Example
    ///
    /// ```text
    /// {"top_p":95}
    /// ```
    ///
    /// ## What to do
    ///
    /// Send a share and not a percentage: 0.95. Leave it out where `temperature` is set.
    pub static CHECK = {
        id: "body-top-p-range",
        severity: Error,
        summary: "values of `top_p` that no gateway takes",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(value) = members(subject).and_then(|members| given(members, "top_p")) else { return };
    let has_profile = subject.profile().is_some();
    let (least, most) = if has_profile { (0.0, 1.0) } else { (f64::NEG_INFINITY, f64::INFINITY) };
    let is_zero = subject.is_gateway("openrouter") && value.as_f64() == Some(0.0);
    let what = match out_of_range(value, least, most) {
        Some(what) => what,
        None if is_zero => "is 0; it has to be above".to_owned(),
        None => return,
    };
    found.push(
        Says {
            message: format!("`top_p` {what}"),
            evidence: format!("`\"top_p\": {}`", super::shown(value)),
            fix: match value.as_f64() {
                Some(percent) if percent > 1.0 && percent <= 100.0 => {
                    format!("send a share: {}", percent / 100.0)
                }
                _ => "send a number above 0 and up to 1, or leave it out".to_owned(),
            },
        },
        [at("/top_p")],
    );
}
