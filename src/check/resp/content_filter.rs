//! Answers that were moderated.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// An answer with the finish reason `content_filter` or `refusal`, or with a refusal in place of a text.
    ///
    /// ## Why it matters
    ///
    /// The text is missing or stops somewhere, with status 200. Asking the same again gives the same. Source:
    /// <https://platform.claude.com/docs/en/build-with-claude/streaming> and
    /// <https://github.com/openai/openai-openapi>.
    ///
    /// ## Example
    ///
    /// ```text
    /// "finish_reason": "content_filter"
    /// ```
    ///
    /// ## What to do
    ///
    /// Tell the user that the answer was withheld; change the prompt, or ask a model with another policy.
    pub static CHECK = {
        id: "resp-content-filter",
        severity: Warning,
        summary: "answers that were refused or filtered",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let digest = subject.digest;
    let reasons = [digest.finish_reason.as_deref(), digest.native_finish_reason.as_deref()];
    let word = reasons.into_iter().flatten().find(|reason| {
        let small = reason.to_ascii_lowercase();
        matches!(small.as_str(), "content_filter" | "refusal" | "safety" | "prohibited_content" | "blocklist")
    });
    let refused = !subject.answer.refusal.is_empty();
    if !super::is_good(subject) || (word.is_none() && !refused) {
        return;
    }
    let refusal = subject.answer.refusal.chars().count();
    let evidence = match word {
        Some(word) => format!(
            "finish reason `{word}` after {} of text",
            counted(subject.answer.text.chars().count(), "character")
        ),
        None => format!("a refusal of {} in place of a text", counted(refusal, "character")),
    };
    found.push(
        Says::new(
            if refused {
                "the model refused to answer"
            } else {
                "the answer was withheld by a content filter"
            },
            evidence,
            "tell the user so; change the prompt, or ask a model with another policy",
        ),
        [],
    );
}
