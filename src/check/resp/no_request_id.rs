//! Answers without a request id.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// An answer of a gateway that has none of `x-request-id`, `request-id`, `x-generation-id` and
    /// `x-oneapi-request-id`, and no id in its error.
    ///
    /// ## Why it matters
    ///
    /// Support asks for it first, and the gateway's logs are searched by it. Source:
    /// <https://nexorouter.com/en/docs/api-capabilities/usage-logs>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Content-Type: application/json
    /// ```
    ///
    /// ## What to do
    ///
    /// See whether a hop in between strips headers that it does not know.
    pub static CHECK = {
        id: "resp-no-request-id",
        severity: Info,
        summary: "answers without a request id",
        often: OncePerSession,
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head() else { return };
    let own = subject.exchange.own_answer.is_some() || subject.exchange.fault.is_some();
    let Some(profile) = subject.profile().filter(|_| !own) else { return };
    let generates = subject.dialect().generates()
        && !super::is_page(subject)
        && (head.status < 300 || head.status >= 400);
    if !generates || subject.digest.request_id.is_some() {
        return;
    }
    found.push(
        Says::new(
            "the answer has no request id, which support asks for first",
            format!("{}, none of them a request id", counted(head.headers.len(), "header line")),
            format!("see whether a hop strips `{}` of {}", profile.request_id_header, profile.title),
        ),
        [],
    );
}
