//! Keep-alive comments for a client that may not know them.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::digest::SdkName;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// Comment lines (`: OPENROUTER PROCESSING`) in a stream of OpenRouter, read by a client that is no SDK
    /// known to skip them.
    ///
    /// ## Why it matters
    ///
    /// Comments are part of the event-stream grammar, but a reader that takes every line for `data: {…}` fails
    /// on the first. Source: <https://openrouter.ai/docs/api_reference/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// : OPENROUTER PROCESSING
    /// ```
    ///
    /// ## What to do
    ///
    /// Skip lines that begin with a colon, or use a reader of event streams.
    pub static CHECK = {
        id: "stream-comment-with-unknown-client",
        severity: Info,
        summary: "keep-alive comments for clients that may not know them",
        often: OncePerSession,
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let known = subject.sdk().is_some_and(|sdk| {
        !matches!(sdk.name, SdkName::Axios | SdkName::Httpx | SdkName::Requests | SdkName::NodeFetch)
    });
    let comments = subject.digest.comments;
    if !subject.is_gateway("openrouter") || known || comments == 0 {
        return;
    }
    let agent = subject.agent().unwrap_or("none");
    found.push(
        Says::new(
            "the stream has comment lines; see that the app's own reader skips them",
            format!("{} with `:` at its start; `User-Agent: {agent}`", counted(comments, "line")),
            "skip lines that begin with `:`",
        ),
        [Place::request_header("user-agent")],
    );
}
