//! Answers in a coding that nobody knows.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;
use crate::wire::coding;

check! {
    /// ## What it looks for
    ///
    /// An answer whose `Content-Encoding` names something that is no coding, as `none` and `utf-8` are not, or one that
    /// is not known here.
    ///
    /// ## Why it matters
    ///
    /// Mostly it does not: the SDKs' HTTP libraries (httpx, undici) pass such a name over and read the body as it is, and
    /// so does gatetap. Other clients refuse the answer, or give it out as bytes, which RFC 9110, 8.4 allows:
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-8.4>. What is meant mostly belongs into `Content-Type`, or nowhere.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    /// Content-Encoding: utf-8
    /// ```
    ///
    /// ## What to do
    ///
    /// Nothing, if all apps read it. In a gateway or proxy of your own leave the header out.
    pub static CHECK = {
        id: "resp-coding-unknown",
        severity: Info,
        summary: "answers in a coding that nobody knows",
        often: OncePerSession,
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head() else { return };
    let names = coding::unknown(&head.headers).join(", ");
    if names.is_empty() {
        return;
    }
    found.push(
        Says::new(
            format!("the answer says the coding `{names}`, which is passed over"),
            format!("`content-encoding: {}`", head.headers.text("content-encoding").unwrap_or_default()),
            "leave `Content-Encoding` out of answers that are not compressed",
        ),
        [Place::response_header("content-encoding")],
    );
}
