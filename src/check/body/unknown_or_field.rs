//! Members that OpenRouter does not know.

use super::{at, given, members, shown};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// On OpenRouter: `providers`, a `route` other than `fallback`, and `fallbacks` together with `models`.
    ///
    /// ## Why it matters
    ///
    /// The member for routing is `provider`; unknown ones are dropped without a word, so the routing that was
    /// meant does not happen, and the last pair is answered with 400. Source:
    /// <https://github.com/OpenRouterTeam/docs> (`guides/routing/provider-selection.mdx`,
    /// `guides/routing/model-fallbacks.mdx`).
    ///
    /// ## Example
    ///
    /// ```text
    /// {"providers":{"order":["Together"]}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Write `provider`. Of `models` and `fallbacks` keep one.
    pub static CHECK = {
        id: "body-unknown-or-field",
        severity: Warning,
        summary: "members that OpenRouter does not know",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject).filter(|_| subject.is_gateway("openrouter")) else { return };
    let mut say = |name: &str, message: &str, fix: &str| {
        let evidence = given(members, name).map(|value| format!("`{name}` is {}", shown(value)));
        let (message, fix) = (message.to_owned(), fix.to_owned());
        found.push(Says { message, evidence: evidence.unwrap_or_default(), fix }, [at(format!("/{name}"))]);
    };
    if given(members, "providers").is_some() {
        say("providers", "`providers` is dropped without a word", "rename it to `provider`");
    }
    if given(members, "route").is_some_and(|route| route.as_str() != Some("fallback")) {
        say(
            "route",
            "`route` takes only `fallback`",
            "leave it out; sort with `\"provider\": {\"sort\": \"price\"}`",
        );
    }
    if given(members, "fallbacks").is_some() && given(members, "models").is_some() {
        say("fallbacks", "`fallbacks` and `models` together are refused", "keep one of the two");
    }
}
