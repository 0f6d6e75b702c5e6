//! Errors that name the account.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use crate::wire::json::Reader;

check! {
    /// ## What it looks for
    ///
    /// A `user_id` in the body of an error, on OpenRouter. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// It identifies the account to whoever gets the error, in a support thread or a public issue. Observed
    /// in OpenRouter's answers, see <https://github.com/open-webui/computer/issues/293>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"error":{…},"user_id":"user_…"}
    /// ```
    ///
    /// ## What to do
    ///
    /// Take it out before you share the recording or the error.
    pub static CHECK = {
        id: "leak-account-id",
        severity: Info,
        summary: "errors that name the account",
        often: OncePerSession,
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if !subject.is_gateway("openrouter") || subject.status() < 400 {
        return;
    }
    let id = Reader::new(subject.plain).member("user_id").and_then(|mut id| id.text());
    let Some(id) = id.filter(|id| !id.is_empty()) else { return };
    found.push(
        Says {
            message: "the error names the account".to_owned(),
            evidence: format!("`user_id`, {}", counted(id.chars().count(), "character")),
            fix: "take `user_id` out before you share the error".to_owned(),
        },
        [Place::Json(Side::Response, "/user_id".to_owned())],
    );
}
