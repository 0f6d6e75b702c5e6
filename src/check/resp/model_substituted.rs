//! Answers of another model than the one that was asked.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// An answer that names another model than the request did. Dates and versions after the name, the vendor
    /// before it and variants such as `:free` are overlooked, and so are names that ask for any model (`auto`).
    ///
    /// ## Why it matters
    ///
    /// A fallback or an alias answered: the price, the limits and the quality are those of the other model.
    /// Source: <https://openrouter.ai/docs/guides/routing/model-fallbacks>.
    ///
    /// ## Example
    ///
    /// ```text
    /// asked: acme/large     answered: acme/small
    /// ```
    ///
    /// ## What to do
    ///
    /// Nothing, if that was meant. Otherwise take the fallbacks out, or pin the exact model.
    pub static CHECK = {
        id: "resp-model-substituted",
        severity: Info,
        summary: "answers of another model than the one that was asked",
        often: OncePerSession,
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let digest = subject.digest;
    let Some((asked, answered)) = digest.model.as_deref().zip(digest.model_answered.as_deref()) else {
        return;
    };
    let any = asked.split(['/', ':', '-']).any(|word| word.eq_ignore_ascii_case("auto"));
    if any || asked.is_empty() || answered.is_empty() || same(asked, answered) || !super::is_good(subject) {
        return;
    }
    found.push(
        Says::new(
            format!("`{asked}` was asked, and `{answered}` answered"),
            format!("`model` is `{asked}` in the request and `{answered}` in the answer"),
            format!("if `{asked}` has to answer, take fallbacks out of the request; see the prices of both"),
        ),
        [Place::Json(Side::Request, "/model".to_owned()), Place::Json(Side::Response, "/model".to_owned())],
    );
}

/// Whether two names are of one model, but for the vendor before it and the date or variant after it.
fn same(asked: &str, answered: &str) -> bool {
    let bare = |name: &str| {
        let name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase().replace('.', "-");
        let name = name.split(':').next().unwrap_or_default().to_owned();
        name.strip_suffix("-latest").map(str::to_owned).unwrap_or(name)
    };
    let (asked, answered) = (bare(asked), bare(answered));
    let (short, long) = if asked.len() <= answered.len() { (&asked, &answered) } else { (&answered, &asked) };
    let Some(rest) = long.strip_prefix(short.as_str()) else { return false };
    let dated = |word: &str| {
        word.is_empty()
            || word.starts_with(|c: char| c.is_ascii_digit() || c == 'v')
            || matches!(word, "latest" | "preview" | "exp" | "fake")
    };
    rest.is_empty() || (rest.starts_with(['-', '@']) && rest.split(['-', '@']).all(dated))
}
