//! A retry that only money would help.

use crate::check::attempts::last_attempt;
use crate::check::declare::check;
use crate::check::limits::Limit;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// The same request sent again after a 429 whose code or type is about money: `insufficient_quota`,
    /// `credit_balance_exhausted`, a spend limit.
    ///
    /// ## Why it matters
    ///
    /// The status is that of a rate limit, and SDKs retry it, but waiting does not help: the balance does not grow
    /// by itself. Source: <https://developers.openai.com/docs/guides/error-codes>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 429 Too Many Requests
    ///
    /// {"error":{"code":"insufficient_quota","type":"insufficient_quota"}}
    /// ```
    ///
    /// ## What to do
    ///
    /// Look at `error.code` before you retry a 429. Add credit, or raise the key's budget.
    pub static CHECK = {
        id: "retry-quota-as-429",
        severity: Error,
        summary: "requests sent again though the credit is used up",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(last) = last_attempt(subject.history, subject.own) else { return };
    if last.ended.limit() != Some(Limit::Money) || subject.verdict() == Verdict::Complete {
        return;
    }
    let code = last.ended.error_code.as_deref().unwrap_or("429");
    found.push(
        Says {
            message: format!(
                "sent again {} after `{code}`: that is about credit, not about pace",
                last.pause
            ),
            evidence: format!("{} was answered {}", last.past.named(), last.outcome()),
            fix: format!(
                "add credit or raise the key's budget, and do not retry a 429 whose code is `{code}`"
            ),
        },
        last.past.place(),
    );
}
