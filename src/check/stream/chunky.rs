//! Answers in slabs at regular times.

use super::flow::Flow;
use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// A stream of at least four pieces with more than 20 tokens each, half a second or more apart, at even
    /// distances.
    ///
    /// ## Why it matters
    ///
    /// A content filter that works before the answer is shown collects a stretch of it, looks at it and lets it
    /// go. Azure's does so unless it is set to the asynchronous mode. Source:
    /// <https://github.com/vercel/ai/blob/main/content/docs/09-troubleshooting/01-azure-stream-slow.mdx>.
    ///
    /// ## Example
    ///
    /// ```text
    /// 6 pieces of 45 tokens, 1.9 s apart
    /// ```
    ///
    /// ## What to do
    ///
    /// Set the filter to its asynchronous mode, if what it guards allows that.
    pub static CHECK = {
        id: "stream-chunky",
        severity: Info,
        summary: "answers in slabs at regular times, as content filters release them",
        often: OncePerSession,
        thresholds: [
            ("tokens_per_event", 20.0, "more tokens an event than this"),
            ("apart_ms", 500.0, "and the events so far apart"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(flow) = Flow::of(subject).filter(|flow| flow.pieces >= 4) else { return };
    let text = subject.answer.text.len() + subject.answer.reasoning.len();
    // Four bytes a token, where nobody counted.
    let tokens = subject.digest.usage.output.unwrap_or(text as u64 / 4);
    let each = tokens as f64 / flow.pieces as f64;
    let apart = Micros(flow.span().0 / (flow.pieces - 1).max(1));
    let longest = subject.digest.pace.longest_gap.unwrap_or_default();
    let regular = longest.0 <= apart.0.saturating_mul(3);
    let tools = !subject.answer.tool_calls.is_empty();
    if tools
        || !regular
        || each <= found.threshold("tokens_per_event")
        || (apart.0 as f64) < found.threshold("apart_ms") * 1e3
    {
        return;
    }
    found.push(
        Says::new(
            format!(
                "the answer came in {} slabs at even times, as a content filter releases it",
                flow.pieces
            ),
            format!("{each:.0} tokens a piece, {apart} apart, the longest gap {longest}"),
            "set the content filter to its asynchronous mode, if that is allowed",
        ),
        [],
    );
}
