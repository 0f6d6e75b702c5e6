//! Compressed bodies that were refused.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A request body with a `Content-Encoding` that was answered with 400, 415 or 422.
    ///
    /// ## Why it matters
    ///
    /// HTTP allows it, but most gateways for models read the compressed bytes as JSON and refuse them.
    /// Source: <https://www.rfc-editor.org/rfc/rfc9110#section-8.4>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/chat/completions HTTP/1.1
    /// Content-Encoding: gzip
    /// ```
    ///
    /// ## What to do
    ///
    /// Send the body as it is: turn request compression off in the client or in the proxy before it.
    pub static CHECK = {
        id: "body-gzip-request",
        severity: Warning,
        summary: "compressed bodies that were refused",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let coding = subject
        .headers()
        .text("content-encoding")
        .map(str::trim)
        .filter(|coding| !coding.eq_ignore_ascii_case("identity"));
    let (Some(coding), 400 | 415 | 422) = (coding, subject.status()) else { return };
    found.push(
        Says {
            message: format!("the body was sent as `{coding}`, and refused"),
            evidence: format!("`Content-Encoding: {coding}`, answered with {}", subject.status()),
            fix: "send the body uncompressed, without `Content-Encoding`".to_owned(),
        },
        [Place::Header(Side::Request, "content-encoding".to_owned())],
    );
}
