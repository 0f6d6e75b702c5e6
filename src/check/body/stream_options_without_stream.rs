//! `stream_options` without a stream.

use super::{at, given, members, shown};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use serde_json::Value;

check! {
    /// ## What it looks for
    ///
    /// `stream_options` in a call whose `stream` is not true.
    ///
    /// ## Why it matters
    ///
    /// They are allowed only with a stream; OpenAI answers 400. Source:
    /// <https://github.com/openai/openai-openapi>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"stream_options":{"include_usage":true}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Send `"stream": true`, or leave the options out.
    pub static CHECK = {
        id: "body-stream-options-without-stream",
        severity: Warning,
        summary: "`stream_options` without a stream",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(members) = members(subject) else { return };
    let (Some(options), stream) = (given(members, "stream_options"), members.get("stream")) else { return };
    if stream == Some(&Value::Bool(true)) {
        return;
    }
    found.push(
        Says {
            message: "`stream_options` are set, but no stream is asked for".to_owned(),
            evidence: format!(
                "`stream_options` is {}, `stream` is {}",
                shown(options),
                stream.map_or_else(|| "missing".to_owned(), shown)
            ),
            fix: "send `\"stream\": true`, or leave `stream_options` out".to_owned(),
        },
        [at("/stream_options")],
    );
}
