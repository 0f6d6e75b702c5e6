//! Calls with a key that was refused again and again.

use super::{for_gateway, place_of, tail};
use crate::check::declare::check;
use crate::check::over_time::ended_at;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// An answer 401, or `invalid_api_key`, when the same key has been refused before: three times within
    /// five minutes.
    ///
    /// ## Why it matters
    ///
    /// A refused key stays refused: no retry helps, and some gateways block an address that goes on trying.
    /// Source: <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// #12  401 invalid_api_key   …ab12
    /// #13  401 invalid_api_key   …ab12
    /// #14  401 invalid_api_key   …ab12
    /// ```
    ///
    /// ## What to do
    ///
    /// Stop on 401 and tell the user. Then enable, replace or renew the key.
    pub static CHECK = {
        id: "auth-repeated-401",
        severity: Error,
        summary: "calls with a key that was refused again and again",
        thresholds: [("at_least", 3.0, "how many refusals of one key are too many"), ("window_s", 300.0, "the seconds in which they are counted")],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if !is_refusal(Some(subject.status()), subject.digest.error_code.as_deref()) {
        return;
    }
    let Some(credential) = for_gateway(subject).next() else { return };
    let window = found.threshold("window_s");
    let now = ended_at(subject);
    let since = now.0.saturating_sub((window * 1e6) as i64);
    let refused: Vec<_> = subject
        .before()
        .take_while(|past| past.started_at.0 >= since)
        .filter(|past| past.gateway == subject.own.gateway && past.fingerprint == subject.own.fingerprint)
        .filter_map(|past| Some((past, past.ended_by(now)?)))
        .filter(|(_, ended)| is_refusal(ended.status, ended.error_code.as_deref()))
        .collect();
    let count = refused.len() + 1;
    if subject.own.fingerprint.is_none() || (count as f64) < found.threshold("at_least") {
        return;
    }
    let earlier = refused.iter().take(3).map(|(past, _)| Place::Exchange(past.id));
    found.push(
        Says {
            message: format!("the key {} goes on being sent although it is refused", tail(credential)),
            evidence: format!("{count} refusals of the same key within {window} s"),
            fix: "stop sending on 401: enable the key or set another one, then start the app again"
                .to_owned(),
        },
        std::iter::once(place_of(credential)).chain(earlier),
    );
}

fn is_refusal(status: Option<u16>, code: Option<&str>) -> bool {
    status == Some(401) || code == Some("invalid_api_key")
}
