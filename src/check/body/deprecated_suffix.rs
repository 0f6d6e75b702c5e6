//! Models with the deprecated suffix `:online`.

use super::models::asked;
use super::{at, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// A model id that ends in `:online`, on OpenRouter. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// The suffix is deprecated; web search is a server tool now. Source:
    /// <https://github.com/OpenRouterTeam/docs> (`guides/routing/model-variants`).
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"openai/gpt-4o:online"}
    /// ```
    ///
    /// ## What to do
    ///
    /// Take the suffix off and offer the web search tool in `tools`.
    pub static CHECK = {
        id: "body-deprecated-suffix",
        severity: Info,
        summary: "models with the deprecated suffix `:online`",
        often: OncePerSession,
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject).filter(|_| subject.is_gateway("openrouter")) else { return };
    let Some((pointer, model)) = asked(members).find(|(_, model)| model.ends_with(":online")) else { return };
    found.push(
        Says {
            message: "the suffix `:online` is deprecated".to_owned(),
            evidence: format!("`\"model\": \"{model}\"`"),
            fix: format!(
                "ask `{}` and offer `{{\"type\":\"openrouter:web_search\"}}` in `tools`",
                model.trim_end_matches(":online")
            ),
        },
        [at(pointer)],
    );
}
