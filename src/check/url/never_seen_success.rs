//! Paths that never answered but with 404.

use super::right_base;
use crate::check::declare::check;
use crate::check::over_time::ended_at;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// The fifth call of a path, and each one after it, when all of them were answered with 404 without an
    /// error code.
    ///
    /// ## Why it matters
    ///
    /// An unknown model has a code, `model_not_found`; a 404 without one says that the path is wrong. Source:
    /// literal bodies of OpenAI, see <https://developers.openai.com/docs/guides/error-codes>.
    ///
    /// ## Example
    ///
    /// ```text
    /// #1…#5  POST /chat/completions   404
    /// ```
    ///
    /// ## What to do
    ///
    /// Compare the path with the gateway's documentation, and the base URL with the one it prints.
    pub static CHECK = {
        id: "url-never-seen-success",
        severity: Warning,
        summary: "paths that never answered but with 404",
        thresholds: [("at_least", 5.0, "how many calls of a path say that it is wrong")],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if subject.status() != 404 || subject.digest.error_code.is_some() {
        return;
    }
    let (own, now) = (subject.own, ended_at(subject));
    let mut count = 1_usize;
    let mut first = None;
    for past in subject.before().filter(|past| past.path == own.path && past.gateway == own.gateway) {
        let Some(ended) = past.ended_by(now) else { continue };
        if ended.status != Some(404) || ended.error_code.is_some() {
            return;
        }
        count += 1;
        first = Some(past.id);
    }
    if (count as f64) < found.threshold("at_least") {
        return;
    }
    found.push(
        Says {
            message: format!("`{}` has never answered but with 404", subject.path()),
            evidence: format!("{count} calls of it in this session, all 404 without an error code"),
            fix: format!("the path is wrong, not the model: set the base URL to `{}`", right_base(subject)),
        },
        std::iter::once(Place::Target).chain(first.map(Place::Exchange)),
    );
}
