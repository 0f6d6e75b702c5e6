//! Paths with `/v1/v1`.

use super::right_base;
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A path in which `/v1` stands twice in a row.
    ///
    /// ## Why it matters
    ///
    /// The base URL ends in `/v1` and the client adds its own, so nothing answers there: OpenAI says 404
    /// `Invalid URL (POST /v1/v1/chat/completions)`. It looks as if the model did not exist. Source: literal
    /// bodies of OpenAI, see <https://developers.openai.com/docs/guides/error-codes>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/v1/chat/completions HTTP/1.1
    /// ```
    ///
    /// ## What to do
    ///
    /// Take `/v1` out of the base URL, or out of the path that the app adds; one of the two brings it
    /// already. Anthropic's SDKs add `/v1` by themselves, OpenAI's do not.
    pub static CHECK = {
        id: "url-double-v1",
        severity: Error,
        summary: "paths with `/v1/v1`",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let path = subject.path();
    if !path.contains("/v1/v1/") {
        return;
    }
    let once = path.replacen("/v1/v1/", "/v1/", 1);
    let base = right_base(subject);
    let without = base.strip_suffix("/v1").unwrap_or(&base);
    let fix = if subject.headers().first("anthropic-version").is_some() {
        format!("ask `{once}`: set the client's base URL to `{without}`, because it adds `/v1` by itself")
    } else {
        format!(
            "ask `{once}`: set the base URL to `{base}`, or to `{without}` where the client adds `/v1` by itself"
        )
    };
    found.push(
        Says {
            message: "`/v1` stands twice in the path".to_owned(),
            evidence: format!(
                "`{} {path}`, sent to {}",
                subject.exchange.request.method, subject.exchange.url
            ),
            fix,
        },
        [Place::Target],
    );
}
