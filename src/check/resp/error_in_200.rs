//! Errors under a good status.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::gateway::errors;
use serde_json::Value;

check! {
    /// ## What it looks for
    ///
    /// A plain answer with a good status that holds an `error`, at its top or in a choice.
    ///
    /// ## Why it matters
    ///
    /// SDKs look at the status: they return an object whose `id` and `choices` are None, and raise nothing. The
    /// app fails later, at `choices[0]`, with an error that says nothing. Source:
    /// <https://openrouter.ai/docs/api_reference/errors-and-debugging>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    ///
    /// {"error":{"code":502,"message":"Provider returned error"}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Look for `error`, and for `choices[0].error`, before the choices are read, and ask again where the code
    /// says that it helps.
    pub static CHECK = {
        id: "resp-error-in-200",
        severity: Error,
        summary: "answers of status 200 that are errors",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let digest = subject.digest;
    // Where a stream was asked for, that is the first thing that is wrong.
    let streamed = digest.events > 0 || subject.request.stream == Some(true);
    if subject.verdict() != Verdict::ErrorInside || streamed || subject.plain.is_empty() {
        return;
    }
    let code = digest.error_code.as_deref().unwrap_or("none");
    let text: String = digest.error_message.as_deref().unwrap_or_default().chars().take(200).collect();
    let codes = [digest.error_code.as_deref(), digest.error_kind.as_deref()];
    let known = codes.into_iter().flatten().find_map(|code| errors::lookup(subject.gateway, code));
    let json: Option<Value> = serde_json::from_slice(subject.plain).ok();
    let pointer = ["/error", "/choices/0/error", "/response/error"].into_iter().find(|pointer| {
        json.as_ref().and_then(|json| json.pointer(pointer)).is_some_and(|error| !error.is_null())
    });
    found.push(
        Says::new(
            format!("status {} holds an error `{code}`; SDKs return an empty object", subject.status()),
            if text.is_empty() { format!("the error's code is `{code}`") } else { text },
            known.map_or("look for `error` in the answer before its choices", |error| error.fix.as_str()),
        ),
        pointer.map(|pointer| Place::Json(Side::Response, pointer.to_owned())),
    );
}
