//! Time that ran out behind the gateway.

use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// Status 408, 504 or 524, or an error whose code is about time: `upstream_request_timeout`, `timeout`,
    /// `timeout_error`.
    ///
    /// ## Why it matters
    ///
    /// The model or its provider did not finish in the time that the gateway, or the network before it, allows. The
    /// same request may well take as long again. Sources:
    /// <https://nexorouter.com/en/docs/api-capabilities/error-handling>,
    /// <https://platform.claude.com/docs/en/api/errors>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 504 Gateway Timeout
    ///
    /// {"error":{"code":"upstream_request_timeout"}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Stream, so that the first words count as an answer; ask for less at a time; try once more, or another model.
    pub static CHECK = {
        id: "timeout-upstream-504",
        severity: Warning,
        summary: "answers that the gateway could not get in time",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let codes = ["upstream_request_timeout", "timeout", "timeout_error", "cf_gateway_timeout"];
    let code = [&subject.digest.error_code, &subject.digest.error_kind]
        .into_iter()
        .filter_map(|code| code.as_deref())
        .find(|code| codes.contains(code));
    let by_status = matches!(subject.status(), 408 | 504 | 524);
    if subject.exchange.own_answer.is_some() || !(by_status || code.is_some()) {
        return;
    }
    let after = subject.exchange.timing.head.unwrap_or_else(|| subject.took());
    let after = span(after);
    let who = if subject.status() == 524 { "Cloudflare, before the API," } else { "the gateway" };
    found.push(
        Says {
            message: format!("{who} gave up after {after}"),
            evidence: match code {
                Some(code) => format!("status {} `{code}` after {after}", subject.status()),
                None => format!("status {} after {after}", subject.status()),
            },
            fix: if subject.digest.streaming {
                "send it once more, or ask a faster model; less input and a lower `max_tokens` help"
                    .to_owned()
            } else {
                "stream (`\"stream\": true`), send it once more, or ask a faster model".to_owned()
            },
        },
        [],
    );
}
