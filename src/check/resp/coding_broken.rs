//! Answers that are not in the coding they say.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::BodyEnd;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use crate::wire::coding::Problem;

check! {
    /// ## What it looks for
    ///
    /// An answer with a good status that arrived whole, says that it is compressed, and whose bytes are something else.
    ///
    /// ## Why it matters
    ///
    /// The app gets an error of its HTTP library in place of the answer, and OpenAI's SDK for Python calls that
    /// `APIConnectionError` and tries again. Mostly a hop on the way has decompressed the body and left the header,
    /// or has the header from a cache. Measured with openai 3.52.0 for Python. What the coding is, says RFC 9110, 8.4:
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-8.4>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Content-Encoding: gzip
    ///
    /// {"choices":[…]}
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask with `Accept-Encoding: identity`: if that works, look for the proxy or the CDN that touches the body.
    pub static CHECK = {
        id: "resp-coding-broken",
        severity: Error,
        summary: "answers that are not in the coding they say",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head().filter(|_| super::is_good(subject)) else { return };
    let exchange = subject.exchange;
    let gave_something = !subject.plain.is_empty() || subject.is_stream();
    // Nothing, compressed, is some bytes, too.
    let is_there = exchange.response_bytes > MOST_OF_NOTHING && exchange.response_end == Some(BodyEnd::Whole);
    let is_broken = matches!(subject.coding_problem, Some(Problem::Corrupt { .. }));
    if gave_something || !is_there || !is_broken {
        return;
    }
    let coding = head.headers.text("content-encoding").unwrap_or_default();
    found.push(
        Says::new(
            format!("the answer is not the `{coding}` that it says; the app cannot read it"),
            format!(
                "`content-encoding: {coding}`, {}, which give no text",
                counted(exchange.response_bytes, "byte")
            ),
            "ask with `Accept-Encoding: identity`; if that works, look for the hop that touches the body",
        ),
        [Place::response_header("content-encoding")],
    );
}

/// So many bytes an empty body has at most in any of the codings.
const MOST_OF_NOTHING: u64 = 24;
