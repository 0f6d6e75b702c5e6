//! The limits of free models.

use crate::check::declare::check;
use crate::check::{Ended, Past};
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// On OpenRouter, more than twenty requests within a minute for models whose id ends in `:free`; or a refusal
    /// after more than fifty of them on this day (UTC), a thousand for accounts that have bought credit.
    ///
    /// ## Why it matters
    ///
    /// Free variants have limits of their own, for the account and not for the key: 20 requests a minute, and 50 or
    /// 1 000 a day. Source: <https://openrouter.ai/docs/api_reference/limits>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"acme/small:free"}   21 times within 60 s
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask the paid variant, the id without `:free`; or slow down to fewer than twenty a minute.
    pub static CHECK = {
        id: "rate-free-rpm",
        severity: Warning,
        summary: "more requests to free models than there may be",
        thresholds: [
            ("a_minute", 20.0, "how many requests there may be in a minute"),
            ("a_day", 50.0, "how many there may be on a day"),
        ],
        run: End(run),
    }
}

const MINUTE: Micros = Micros(60_000_000);
const DAY: i64 = 86_400_000_000;

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let Some(paid) = own.model.as_deref().and_then(|model| model.strip_suffix(":free")) else { return };
    if !subject.is_gateway("openrouter") {
        return;
    }
    let is_free = |past: &&Past| {
        past.gateway == own.gateway && past.model.as_deref().is_some_and(|model| model.ends_with(":free"))
    };
    let in_minute = subject.history.within(own, MINUTE).filter(is_free).count() + 1;
    let refused = own.ended.as_ref().and_then(Ended::limit).is_some();
    let into_day = Micros(u64::try_from(own.started_at.0.rem_euclid(DAY)).unwrap_or_default());
    // A whole day is looked over only where something was refused.
    let today = if refused { subject.history.within(own, into_day).filter(is_free).count() + 1 } else { 0 };
    let (a_minute, a_day) = (found.threshold("a_minute"), found.threshold("a_day"));
    let (count, window, limit) = if in_minute as f64 > a_minute {
        (in_minute, "within a minute", a_minute)
    } else if today as f64 > a_day {
        (today, "today (UTC)", a_day)
    } else {
        return;
    };
    found.push(
        Says {
            message: format!("{count} requests to free models {window}; there may be {limit}"),
            evidence: format!("{count} requests whose model ends in `:free`, this one among them"),
            fix: format!("ask `{paid}`, the paid variant, or send fewer than {limit} {window}"),
        },
        [Place::Json(Side::Request, "/model".to_owned())],
    );
}
