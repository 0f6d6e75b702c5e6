//! Paths that end in their endpoint twice.

use super::{endpoint, right_base};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A path that ends in the same endpoint twice: `/chat/completions/chat/completions`.
    ///
    /// ## Why it matters
    ///
    /// The whole URL of the endpoint was set as the base URL, and the client adds the endpoint to it: the
    /// answer is 404. Source: literal bodies of OpenAI, see
    /// <https://developers.openai.com/docs/guides/error-codes>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/chat/completions/chat/completions HTTP/1.1
    /// ```
    ///
    /// ## What to do
    ///
    /// End the base URL at `/v1`.
    pub static CHECK = {
        id: "url-suffix-doubled",
        severity: Error,
        summary: "paths that end in their endpoint twice",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let path = subject.path();
    let Some(endpoint) = endpoint(path) else { return };
    let before = path.trim_end_matches('/').strip_suffix(endpoint).unwrap_or_default().trim_end_matches('/');
    if !before.ends_with(endpoint) {
        return;
    }
    found.push(
        Says {
            message: format!("`{endpoint}` stands twice at the end of the path"),
            evidence: format!("`{} {path}`", subject.exchange.request.method),
            fix: format!(
                "set the client's base URL to `{}`; it adds `{endpoint}` by itself",
                right_base(subject)
            ),
        },
        [Place::Target],
    );
}
