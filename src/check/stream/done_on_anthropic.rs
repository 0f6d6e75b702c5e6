//! `[DONE]` where it does not belong.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::wire::dialect::Dialect;

check! {
    /// ## What it looks for
    ///
    /// `data: [DONE]` in a stream of the Messages API, which ends with `message_stop`.
    ///
    /// ## Why it matters
    ///
    /// It is no part of that protocol. The Anthropic SDKs skip it, since it has no event name; a parser that
    /// reads every `data` line as JSON fails on it. It comes from gateways that translate from Chat
    /// Completions. Source: <https://platform.claude.com/docs/en/build-with-claude/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// event: message_stop
    /// data: {"type":"message_stop"}
    ///
    /// data: [DONE]
    /// ```
    ///
    /// ## What to do
    ///
    /// Skip it. A gateway of one's own: end the stream after `message_stop`.
    pub static CHECK = {
        id: "stream-done-on-anthropic",
        severity: Info,
        summary: "`[DONE]` in a stream of the Messages API",
        often: OncePerSession,
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(done) = subject.stream.done.filter(|_| subject.dialect() == Dialect::Messages) else { return };
    found.push(
        Says::new(
            "the stream says `[DONE]`, which the Messages API does not have",
            format!("`[DONE]` at line {} of the stream", done.index),
            "skip it; `message_stop` is the end",
        ),
        [super::event(done)],
    );
}
