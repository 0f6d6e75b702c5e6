//! Paths with a slash too many.

use super::endpoint;
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A call of an API whose path ends in a slash or has two slashes in a row.
    ///
    /// ## Why it matters
    ///
    /// Strict routers answer 404, others with a redirect that loses the body of a POST. Source: literal
    /// bodies of OpenAI, see <https://developers.openai.com/docs/guides/error-codes>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1//chat/completions HTTP/1.1
    /// ```
    ///
    /// ## What to do
    ///
    /// Take the slash off the end of the base URL, or the one from the start of the path that is added to it.
    pub static CHECK = {
        id: "url-trailing-or-double-slash",
        severity: Warning,
        summary: "paths with a slash too many",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let path = subject.path();
    let ends = path.len() > 1 && path.ends_with('/');
    let doubled = path.contains("//");
    if !(ends || doubled) || endpoint(path).is_none() {
        return;
    }
    let mut right = path.trim_end_matches('/').to_owned();
    while right.contains("//") {
        right = right.replace("//", "/");
    }
    let what = if doubled { "has two slashes in a row" } else { "ends in a slash" };
    found.push(
        Says {
            message: format!("the path {what}"),
            evidence: format!("`{} {path}`", subject.exchange.request.method),
            fix: format!("ask `{right}`; look for a slash at the end of the base URL"),
        },
        [Place::Target],
    );
}
