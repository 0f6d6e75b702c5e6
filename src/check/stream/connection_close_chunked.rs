//! Chunked streams on a connection that will close.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::digest::SdkName;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// An event stream with `Transfer-Encoding: chunked` and `Connection: close`.
    ///
    /// ## Why it matters
    ///
    /// If such a stream is cut before its last chunk, Node's SDKs take the close for the end and give the app a
    /// short answer without an error; with a connection that is kept they raise `terminated`. Measured with
    /// openai 6.49 and @anthropic-ai/sdk 1.11 on Node 20. Source:
    /// <https://github.com/nodejs/undici/blob/main/docs/docs/api/Client.md>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Transfer-Encoding: chunked
    /// Connection: close
    /// ```
    ///
    /// ## What to do
    ///
    /// Let the hop keep its connections, and treat an answer without a finish reason as cut.
    pub static CHECK = {
        id: "stream-connection-close-chunked",
        severity: Info,
        summary: "chunked streams on a connection that will close",
        often: OncePerSession,
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head() else { return };
    let says = |name: &str, what: &str| {
        head.headers.text(name).is_some_and(|value| value.to_ascii_lowercase().contains(what))
    };
    let name = subject.sdk().map(|sdk| sdk.name);
    // Python's SDKs notice the cut.
    let notices = matches!(name, Some(SdkName::OpenAiPython | SdkName::AnthropicPython | SdkName::AiSdk));
    if notices
        || !super::is_event_stream(subject)
        || !says("transfer-encoding", "chunked")
        || !says("connection", "close")
    {
        return;
    }
    found.push(
        Says::new(
            "a cut of this stream would look like its end to Node's SDKs",
            "`transfer-encoding: chunked` with `connection: close`",
            "let the hop keep its connections; take an answer without a finish reason for cut",
        ),
        [Place::response_header("connection"), Place::response_header("transfer-encoding")],
    );
}
