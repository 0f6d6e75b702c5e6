//! How long a gateway's connection that waits for its next request is trusted with one.
//!
//! A gateway, or whatever stands before it, closes a connection that is idle for long, and a network forgets it
//! without a word: a request that meets such an end is lost. An app that keeps its own connection to gatetap would
//! have kept the gateway's as long, so it gets that one at any age. But an app that connects anew would have met a
//! fresh one, and gets one that it cannot tell from that.

use crate::exchange::time::Micros;
use std::sync::{Arc, Weak};

/// So long a connection is as good as new. undici closes its own after 4 s, httpx after 5 s, for the same reason.
const AS_NEW: Micros = Micros(4_000_000);

/// So much before the time that a gateway names, its connection is not used any more: a request takes its time to
/// get there. undici leaves as much.
const MARGIN: Micros = Micros(1_000_000);

/// Tells the connections of apps apart, as long as they live.
#[derive(Debug, Clone, Default)]
pub(super) struct AppId(Arc<()>);

/// Since when a connection waits, and for whom.
#[derive(Debug)]
pub(super) struct Kept {
    app: Weak<()>,
    since: Micros,
    /// How long the gateway has said it waits.
    patience: Option<Micros>,
}

impl Kept {
    /// A connection waits from `now` on that an exchange of `app` was done on.
    pub(super) fn new(app: &AppId, now: Micros, patience: Option<Micros>) -> Self {
        Self { app: Arc::downgrade(&app.0), since: now, patience }
    }

    /// When it began to wait.
    pub(super) const fn since(&self) -> Micros {
        self.since
    }

    /// Whether it is good for a request of `app`.
    pub(super) fn is_for(&self, app: &AppId, now: Micros) -> bool {
        let own = Weak::ptr_eq(&self.app, &Arc::downgrade(&app.0));
        (own || self.is_as_new(now)) && self.is_awaited(now)
    }

    /// Whether it is good for no request that can still come.
    pub(super) fn is_useless(&self, now: Micros) -> bool {
        let left = self.app.strong_count() == 0;
        left && !self.is_as_new(now) || !self.is_awaited(now)
    }

    fn is_as_new(&self, now: Micros) -> bool {
        now.since(self.since) < AS_NEW
    }

    fn is_awaited(&self, now: Micros) -> bool {
        self.patience.is_none_or(|patience| now.since(self.since) < patience.since(MARGIN))
    }
}

/// The time that a gateway's `Keep-Alive` names, such as `timeout=5, max=100`, by its comma-separated parts.
pub(super) fn patience<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Option<Micros> {
    parts.filter_map(|part| std::str::from_utf8(part).ok()).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let seconds = name.trim().eq_ignore_ascii_case("timeout").then(|| value.trim().trim_matches('"'))?;
        Some(Micros(seconds.parse::<u64>().ok()?.saturating_mul(1_000_000)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gets_a_connection_depends_on_its_age() {
        let (own, other) = (AppId::default(), AppId::default());
        let seconds = |seconds: u64| Micros(seconds * 1_000_000);
        for (patience, age, is_own, is_others) in [
            (None, 0, true, true),
            (None, 3, true, true),
            (None, 4, true, false),
            (None, 3600, true, false),
            (Some(5), 3, true, true),
            (Some(5), 4, false, false),
            (Some(2), 1, false, false),
            (Some(0), 0, false, false),
            (Some(60), 30, true, false),
        ] {
            let kept = Kept::new(&own, seconds(100), patience.map(seconds));
            let now = seconds(100 + age);
            assert_eq!(
                (kept.is_for(&own, now), kept.is_for(&other, now)),
                (is_own, is_others),
                "{patience:?} {age}"
            );
            assert_eq!(kept.is_useless(now), !is_own, "{patience:?} {age}");
        }
        let left = Kept::new(&AppId::default(), seconds(100), None);
        assert!(left.is_for(&other, seconds(103)) && !left.is_useless(seconds(103)));
        assert!(left.is_useless(seconds(104)));
    }

    #[test]
    fn a_gateway_says_how_long_it_waits() {
        for (said, expected) in [
            ("timeout=5, max=100", Some(5)),
            ("max=100,Timeout = \"30\"", Some(30)),
            ("timeout=0", Some(0)),
            ("timeout=soon", None),
            ("max=1", None),
            ("", None),
        ] {
            let found = patience(said.split(',').map(str::as_bytes));
            assert_eq!(found, expected.map(|seconds: u64| Micros(seconds * 1_000_000)), "{said:?}");
        }
    }
}
