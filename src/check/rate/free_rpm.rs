//! The limits of free models.

use crate::check::declare::check;
use crate::check::limits::Limit;
use crate::check::{Ended, Found, Past, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;
use crate::exchange::time::Micros;

check! {
    /// ## What it looks for
    ///
    /// On OpenRouter, more than twenty requests within a minute for models whose id ends in `:free`; or a refusal
    /// because the day's are used up.
    ///
    /// ## Why it matters
    ///
    /// Free variants have limits of their own, for the account and not for the key: 20 requests a minute, and 50 a
    /// day, or 1 000 for accounts that have bought credit. Source: <https://openrouter.ai/docs/api_reference/limits>.
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
    let most = found.count("a_minute");
    let day_is_over = own.ended.as_ref().and_then(Ended::limit) == Some(Limit::Day);
    let (message, evidence) = if day_is_over {
        let into_day = Micros(u64::try_from(own.started_at.0.rem_euclid(DAY)).unwrap_or_default());
        let today = subject.history.within(own, into_day).filter(is_free).count() + 1;
        (
            "the free requests of this day are used up".to_owned(),
            format!(
                "429 about the limit of a day, after {} to free models in this session",
                counted(today, "request")
            ),
        )
    } else if in_minute > most {
        (
            format!("{in_minute} requests to free models within a minute; there may be {most}"),
            format!("{in_minute} requests whose model ends in `:free`, this one among them"),
        )
    } else {
        return;
    };
    found.push(
        Says {
            message,
            evidence,
            fix: format!(
                "ask `{paid}`, the paid variant, or send fewer: {most} a minute, 50 a day (1 000 with credit)"
            ),
        },
        [Place::Json(Side::Request, "/model".to_owned())],
    );
}
