//! A timeout that ends at the headers.

use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};
use crate::digest::SdkName;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A stream to an official Node SDK whose timeout is below five minutes, with a silence that was longer than
    /// that timeout and did not end the stream.
    ///
    /// ## Why it matters
    ///
    /// The SDK's timeout ends when the headers are there; after that only undici's 300 s between two chunks hold. A
    /// hung stream waits that long. Source: <https://github.com/openai/openai-node>, `src/client.ts`;
    /// <https://github.com/nodejs/undici>, `bodyTimeout`.
    ///
    /// ## Example
    ///
    /// ```text
    /// User-Agent: OpenAI/JS 6.49.0
    /// x-stainless-timeout: 20
    ///
    /// … 41 s of silence in the stream
    /// ```
    ///
    /// ## What to do
    ///
    /// Keep a timer of your own: reset it at every chunk, and abort the request's `AbortController` when it runs
    /// out.
    pub static CHECK = {
        id: "timeout-js-stream-unbounded",
        severity: Info,
        summary: "streams in which the timeout of a Node SDK does not hold",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(timeout) = subject.digest.client.timeout_s.filter(|timeout| *timeout < 300.0) else { return };
    let Some(sdk) = subject.sdk() else { return };
    let is_node = matches!(sdk.name, SdkName::OpenAiNode | SdkName::AnthropicNode);
    let Some(longest) = subject.stream.longest_silence else { return };
    if !is_node || (longest.length.0 as f64 / 1e6) <= timeout {
        return;
    }
    let silence = span(longest.length);
    let which = match longest.events {
        0 => "before the first event".to_owned(),
        event => format!("after event {event}"),
    };
    found.push(
        Says {
            message: format!(
                "{silence} of silence in a stream, and the client's timeout of {timeout} s did not end it"
            ),
            evidence: format!("{sdk} says {timeout} s; nothing came for {silence} {which}"),
            fix: format!(
                "reset a timer of your own at each chunk and abort after {timeout} s (`AbortController`)"
            ),
        },
        longest.lines.checked_sub(1).map(Place::Event),
    );
}
