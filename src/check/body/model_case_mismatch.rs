//! Models whose id differs from a listed one in its case.

use super::models::{asked, bare, listed};
use super::{at, members};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};

check! {
    /// ## What it looks for
    ///
    /// A model that the gateway lists in another case: `GPT-4o-mini` for `gpt-4o-mini`.
    ///
    /// ## Why it matters
    ///
    /// Ids are compared to the letter; the answer is `model_not_found`. Source:
    /// <https://nexorouter.com/docs/models>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"DeepSeek-V4-Flash"}      listed: deepseek-v4-flash
    /// ```
    ///
    /// ## What to do
    ///
    /// Send the id exactly as it is listed.
    pub static CHECK = {
        id: "body-model-case-mismatch",
        severity: Error,
        summary: "models whose id differs from a listed one in its case",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if subject.profile().is_none() {
        return;
    }
    let (Some(members), Some(listed)) = (members(subject), listed(subject)) else { return };
    for (pointer, model) in asked(members) {
        let is_listed = listed.iter().any(|id| id == model || id == bare(subject, model));
        let Some(right) = listed.iter().find(|id| id.eq_ignore_ascii_case(model)).filter(|_| !is_listed)
        else {
            continue;
        };
        found.push(
            Says {
                message: format!("`{model}` is listed as `{right}`"),
                evidence: format!("ids are case-sensitive; the last `GET /v1/models` had `{right}`"),
                fix: format!("send `\"model\": \"{right}\"`"),
            },
            [at(pointer)],
        );
    }
}
