//! Another key for the same limit.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};

check! {
    /// ## What it looks for
    ///
    /// On OpenRouter, a request that was answered 429 is sent again within a minute with another credential.
    ///
    /// ## Why it matters
    ///
    /// Limits there are for the whole account: another key of the same account meets the same limit. Source:
    /// <https://openrouter.ai/docs/api_reference/limits>.
    ///
    /// ## Example
    ///
    /// ```text
    /// Authorization: Bearer …ab12   429
    /// Authorization: Bearer …cd34   the same request
    /// ```
    ///
    /// ## What to do
    ///
    /// Slow down, or spread the work over models, which have limits of their own; more keys do not help.
    pub static CHECK = {
        id: "rate-key-shuffling",
        severity: Info,
        summary: "requests sent again with another key after a 429",
        often: OncePerSession,
        thresholds: [
            ("within_s", 60.0, "how long after the 429 it counts, in seconds"),
        ],
        run: End(run),
    }
}

/// So many earlier exchanges are looked at.
const MOST: usize = 256;

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    if !subject.is_gateway("openrouter") || own.request_bytes == 0 || own.fingerprint.is_none() {
        return;
    }
    let other_key = subject.history.within(own, found.time("within_s")).take(MOST).find(|past| {
        past.body == own.body
            && past.request_bytes == own.request_bytes
            && past.path == own.path
            && past.gateway == own.gateway
            && past.fingerprint.is_some()
            && past.fingerprint != own.fingerprint
            && past.ended_by(own.started_at).is_some_and(|ended| ended.limit().is_some())
    });
    let Some(past) = other_key else { return };
    let tail = |tail: Option<&str>| tail.map_or_else(|| "another".to_owned(), |tail| format!("…{tail}"));
    let own_tail = subject.credentials().first().and_then(|credential| credential.last4.as_deref());
    found.push(
        Says {
            message: "the same request was sent again with another key after a 429".to_owned(),
            evidence: format!(
                "{} was answered 429 with another credential; this one has the key {}",
                past.named(),
                tail(own_tail)
            ),
            fix: "limits are for the account: wait, or ask another model; more keys do not help".to_owned(),
        },
        past.place(),
    );
}
