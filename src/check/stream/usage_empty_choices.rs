//! A chunk without choices.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::digest::SdkName;

check! {
    /// ## What it looks for
    ///
    /// A chunk with `"choices": []`, as the one that reports usage has.
    ///
    /// ## Why it matters
    ///
    /// `chunk.choices[0]` raises `IndexError` in Python and gives `undefined` in JavaScript, in the app's own
    /// code and at the end of an answer that was fine. Source: <https://github.com/openai/openai-openapi>,
    /// `stream_options.include_usage`.
    ///
    /// ## Example
    ///
    /// ```text
    /// data: {"choices":[],"usage":{"total_tokens":120}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Look whether there are choices before reading the first.
    pub static CHECK = {
        id: "stream-usage-empty-choices",
        severity: Info,
        summary: "streams with a chunk whose `choices` are empty",
        often: OncePerSession,
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(place) = subject.stream.empty_choices else { return };
    if subject.sdk().is_some_and(|sdk| sdk.name == SdkName::AiSdk) {
        return;
    }
    let why = if subject.request.include_usage { "; the request asked for it" } else { "" };
    found.push(
        Says::new(
            "a chunk has no choices, so `chunk.choices[0]` fails on it",
            format!("line {} of the stream has `\"choices\": []`{why}", place.index),
            "skip chunks whose `choices` are empty, after reading their `usage`",
        ),
        [super::event(place)],
    );
}
