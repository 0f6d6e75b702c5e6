//! A stream was asked for, and something else came.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use crate::wire::media;

check! {
    /// ## What it looks for
    ///
    /// `"stream": true` in the request, a good status, and an answer that is not one event: a JSON document, a
    /// web page, a text.
    ///
    /// ## Why it matters
    ///
    /// The OpenAI and Anthropic SDKs give the app no event and raise no error: the answer looks empty. AI SDK
    /// raises. Measured with openai 3.52 and 6.49, anthropic 2.11 and 1.11, ai 6.0. Source:
    /// <https://openrouter.ai/docs/api_reference/streaming>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    ///
    /// {"object":"chat.completion","choices":[…]}
    /// ```
    ///
    /// ## What to do
    ///
    /// See whether the gateway and this model stream at all. Until then send `"stream": false`. If the answer
    /// is a web page, the base URL is wrong or a portal stands between.
    pub static CHECK = {
        id: "stream-json-reply",
        severity: Error,
        summary: "streams asked for and answered with something else",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let digest = subject.digest;
    let asked = subject.request.stream == Some(true) && digest.dialect.generates();
    if !asked || !super::is_good(subject) || digest.events > 0 || subject.plain.trim_ascii().is_empty() {
        return;
    }
    let Some(head) = subject.head() else { return };
    let kind = head.headers.text("content-type").map_or("no media type", media::essence);
    let (what, fix) = match media::looks(subject.plain) {
        Some(media::Looks::Json) if digest.error_code.is_some() || digest.error_message.is_some() => {
            let code = digest.error_code.as_deref().unwrap_or("none");
            (
                format!("the error `{code}` as one JSON document"),
                "treat it as the error that it is, though the status is good",
            )
        }
        Some(media::Looks::Json) => (
            "one JSON document".to_owned(),
            "send `\"stream\": false`, or ask a model and a gateway that stream",
        ),
        _ => (
            "something that is neither an event nor JSON".to_owned(),
            "check the base URL, and what stands between gatetap and the gateway",
        ),
    };
    let start: String = String::from_utf8_lossy(subject.plain).trim().chars().take(60).collect();
    found.push(
        Says::new(
            format!("a stream was asked for, and {what} came with status {}", subject.status()),
            format!(
                "`content-type: {kind}`, {}, they begin with `{start}`",
                counted(subject.plain.len(), "byte")
            ),
            fix,
        ),
        [Place::response_header("content-type"), Place::Json(Side::Request, "/stream".to_owned())],
    );
}
