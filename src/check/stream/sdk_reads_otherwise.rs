//! Streams that the SDK reads otherwise than the standard.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::digest::SdkName;
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::exchange::finding::Severity;
use crate::exchange::finding::Span;

check! {
    /// ## What it looks for
    ///
    /// A stream that is well formed by the standard, or that the standard reads on from, where the decoder of
    /// the SDK that asked does something else.
    ///
    /// * bytes that are not UTF-8, or a character that the stream's end cuts: the Python SDKs raise `UnicodeDecodeError`
    /// * a block with an event type and no data: the OpenAI SDKs give it on, and fail to read nothing as JSON
    /// * an `id` or a `retry` alone, and once an event had an `id` any block of comments and any further empty line: openai for Python makes an event without data of it
    /// * a byte order mark at the start: Python's SDKs lose the first line
    /// * `[DONE]` with something after it: ends the stream for openai in Python only
    ///
    /// ## Why it matters
    ///
    /// The stream passes every test that was written to the standard, works in a browser, and fails in the app.
    /// Measured with openai 3.52 for Python and 6.49 for Node on the ninety cases of the web platform tests.
    /// Source: <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>.
    ///
    /// ## Example
    ///
    /// ```text
    /// event: ping
    ///
    /// data: {"choices":[…]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Have the gateway leave out what the evidence names: give every block a `data` line, send UTF-8 without a
    /// byte order mark, end with exactly `[DONE]`. `gatetap show ID --events --as openai-python` shows the
    /// SDK's view.
    pub static CHECK = {
        id: "stream-sdk-reads-otherwise",
        severity: Warning,
        summary: "streams that the SDK reads otherwise than the standard says",
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(sdk) = subject.sdk() else { return };
    let streamed =
        subject.digest.events > 0 && !super::is_lines(subject) && subject.request.stream == Some(true);
    if !streamed || !super::is_good(subject) {
        return;
    }
    for Reading { what, then, raises, place } in readings(sdk.name, subject) {
        let severity = if raises { Severity::Error } else { Severity::Warning };
        found.push_as(
            severity,
            Says::new(
                format!("{} reads this stream otherwise than the standard: {then}", sdk.name.as_str()),
                what,
                "have the gateway leave it out: a `data` line in every block, UTF-8 without a byte order \
                 mark, exactly `[DONE]` at the end",
            ),
            [place],
        );
    }
}

/// One thing that an SDK reads otherwise.
struct Reading {
    what: String,
    then: &'static str,
    raises: bool,
    place: Place,
}

/// Rests on the decoders' behaviour at each of these, as [`given`](crate::digest::given) has it.
fn readings(name: SdkName, subject: &Subject<'_>) -> Vec<Reading> {
    let odd = &subject.stream.oddities;
    let python = matches!(name, SdkName::OpenAiPython | SdkName::AnthropicPython);
    let openai = matches!(name, SdkName::OpenAiPython | SdkName::OpenAiNode);
    let node = matches!(name, SdkName::OpenAiNode | SdkName::AnthropicNode);
    let bytes = |offset: u64, length: u64| Place::Bytes(Side::Response, Span { offset, length });
    let mut readings = Vec::new();
    let mut add = |what: String, then, raises, place| readings.push(Reading { what, then, raises, place });
    // What comes after the SDK's end is not read; the app that closes cuts characters by itself.
    let cut_by_app = subject.verdict() == Verdict::CutByApp;
    if let Some(at) = odd.not_utf8.filter(|_| python && !cut_by_app && !is_after_done(subject)) {
        let what = format!("the byte at {at} is not UTF-8, or the character there is not whole");
        add(what, "it raises `UnicodeDecodeError`", true, bytes(at, 1));
    }
    if let Some((span, kind)) = &odd.typed_without_data
        && openai
    {
        let what = format!("a block `event: {kind}` without data at byte {}", span.offset);
        add(what, "its JSON parser gets an event without data", true, bytes(span.offset, span.length));
    }
    if let Some(span) = odd.bare_block.filter(|_| name == SdkName::OpenAiPython) {
        let what =
            format!("a block with neither type nor data (`id` or `retry` alone) at byte {}", span.offset);
        add(what, "its JSON parser gets an event without data", true, bytes(span.offset, span.length));
    }
    if let Some(at) = odd.empty_line_after_id.filter(|_| name == SdkName::OpenAiPython) {
        let what = format!("an empty line at byte {at} that ends no event, after an event that had an `id`");
        add(what, "its JSON parser gets an event without data", true, bytes(at, 1));
    }
    if odd.byte_order_mark && python {
        let what = "the stream begins with a byte order mark".to_owned();
        add(what, "it loses the first line", false, bytes(0, 3));
    }
    if let Some(place) = odd.done_and_more {
        let what = format!("line {} of the stream is `[DONE]` and more", place.index);
        if name == SdkName::OpenAiPython && subject.stream.done.is_none() {
            add(what, "it takes `[DONE]` and more for the end", false, super::event(place));
        } else if node && openai || name == SdkName::AiSdk {
            add(what, "its JSON parser gets `[DONE]` and more", true, super::event(place));
        }
    }
    readings
}

/// Whether the bytes that are not UTF-8 stand where openai for Python has stopped reading.
fn is_after_done(subject: &Subject<'_>) -> bool {
    let done = subject.stream.done.map(|done| done.span.offset);
    let wrong = subject.stream.oddities.not_utf8;
    done.zip(wrong).is_some_and(|(done, wrong)| done < wrong)
}
