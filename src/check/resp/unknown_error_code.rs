//! Error codes that are not in the catalogue.

use crate::check::declare::check;
use crate::check::{Found, Past, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::gateway::errors;

check! {
    /// ## What it looks for
    ///
    /// An error of a known gateway whose code gatetap's catalogue of documented errors does not have. A code is
    /// reported once.
    ///
    /// ## Why it matters
    ///
    /// What helps is not known: whether asking again does, and who is to act. It may be new, or another
    /// gateway's, passed through. Source: <https://nexorouter.com/en/docs/api-capabilities/error-handling>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"error":{"code":"quota_frozen","message":"…"}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Read the message; treat it by its status (4xx: change the request, 5xx: ask again later). `gatetap
    /// explain CODE` has the codes that are known.
    pub static CHECK = {
        id: "resp-unknown-error-code",
        severity: Info,
        summary: "error codes that are not documented",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let digest = subject.digest;
    let Some(code) = digest.error_code.as_deref() else { return };
    let failed = matches!(subject.verdict(), Verdict::Refused | Verdict::ErrorInside);
    if !failed || subject.profile().is_none() || subject.exchange.fault.is_some() {
        return;
    }
    // A number is a status, and has no place in the catalogue.
    let is_number = code.bytes().all(|byte| byte.is_ascii_digit());
    let known = |code: &str| errors::with_code(code).next().is_some();
    if known(code) || digest.error_kind.as_deref().is_some_and(known) || is_number {
        return;
    }
    let now = subject.exchange.started_at.plus(subject.took());
    let said_before = |past: &Past| {
        past.gateway == subject.exchange.gateway
            && past.ended_by(now).is_some_and(|ended| ended.error_code.as_deref() == Some(code))
    };
    if subject.before().any(said_before) {
        return;
    }
    let text: String = digest.error_message.as_deref().unwrap_or_default().chars().take(120).collect();
    let status = subject.status();
    let fix = match status {
        500.. => "ask again later, waiting longer each time",
        429 => "slow down, then ask again",
        400.. => "read the message and change the request; the same again gets the same",
        _ => "read the message; treat the answer as failed",
    };
    found.push(
        Says::new(
            format!("the error code `{code}` is not among the documented ones of {}", subject.gateway),
            format!("status {status}: {text}"),
            fix,
        ),
        (!subject.is_stream()).then(|| Place::Json(Side::Response, "/error/code".to_owned())),
    );
}
