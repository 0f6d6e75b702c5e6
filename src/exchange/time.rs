//! Time: wall time for starts, microseconds since the start for everything inside an exchange.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WallTime(pub i64);

/// Microseconds since an exchange began, or a length of time in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micros(pub u64);

/// One reading of both clocks.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// Wall time.
    pub wall: WallTime,
    /// Microseconds on the clock's own monotonic scale.
    pub mono: Micros,
}

/// Where time comes from: the system's clocks, or a test's.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { base: Instant, base_wall: i64 },
    Fixed { start_wall: i64, mono: Arc<AtomicU64> },
}

impl WallTime {
    /// This time, `later` afterwards.
    #[must_use]
    pub fn plus(self, later: Micros) -> Self {
        Self(self.0.saturating_add_unsigned(later.0))
    }
}

impl Micros {
    /// In milliseconds, with the microseconds as decimals.
    pub fn as_ms(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The time from `earlier` to this one; zero if it is not earlier.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl From<Duration> for Micros {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX))
    }
}

impl From<Micros> for Duration {
    fn from(micros: Micros) -> Self {
        Self::from_micros(micros.0)
    }
}

impl fmt::Display for Micros {
    /// For people: `0.8 ms`, `12 ms`, `1.53 s`, `2 m 05 s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = self.0;
        let text = match us {
            0..10_000 => format!("{:.1} ms", self.as_ms()),
            10_000..1_000_000 => format!("{} ms", us / 1000),
            1_000_000..60_000_000 => format!("{:.2} s", us as f64 / 1e6),
            _ => format!("{} m {:02} s", us / 60_000_000, us / 1_000_000 % 60),
        };
        f.pad(&text)
    }
}

impl Clock {
    /// The system's clocks. Wall time is read once and carried on by the monotonic clock, so that the
    /// order of starts survives a step of the system's time.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clocks")]
    pub fn system() -> Self {
        let wall = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX));
        Self(Source::System { base: Instant::now(), base_wall: wall })
    }

    /// A clock that stands still at `wall` until [`Clock::advance`] moves it.
    pub fn fixed(wall: WallTime) -> Self {
        Self(Source::Fixed { start_wall: wall.0, mono: Arc::default() })
    }

    /// Moves a fixed clock on; the system's is left alone.
    pub fn advance(&self, by: Micros) {
        if let Source::Fixed { mono, .. } = &self.0 {
            mono.fetch_add(by.0, Ordering::Relaxed);
        }
    }

    /// Both clocks, read once.
    pub fn now(&self) -> Moment {
        let mono = self.mono();
        let start = match &self.0 {
            Source::System { base_wall, .. } => *base_wall,
            Source::Fixed { start_wall, .. } => *start_wall,
        };
        Moment { wall: WallTime(start).plus(mono), mono }
    }

    /// Microseconds on this clock's monotonic scale; it only grows.
    pub fn mono(&self) -> Micros {
        match &self.0 {
            Source::System { base, .. } => base.elapsed().into(),
            Source::Fixed { mono, .. } => Micros(mono.load(Ordering::Relaxed)),
        }
    }
}
