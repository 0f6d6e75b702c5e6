//! Timing: how long until the first token, how fast the rest, with what jitter and which pauses.

use fastrand::Rng;
use std::time::Duration;

use super::profile::Model;

/// What is set of an answer's timing; the rest is the model's own. All of it is before [`Options::speed`].
///
/// [`Options::speed`]: super::Options::speed
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pace {
    /// From the head to the first token.
    pub first_token: Option<Duration>,
    /// Tokens a second, on average.
    pub tokens_per_second: Option<f64>,
    /// How far a gap may be from the average, as a part of it: 0 is a metronome. Without pauses.
    pub jitter: Option<f64>,
}

/// The moments of one answer's tokens.
#[derive(Debug)]
pub(super) struct Ticks {
    at: Duration,
    /// Microseconds from one token to the next, at least and at most.
    gap: (u64, u64),
    pauses: bool,
}

impl Pace {
    /// The moments at which `model` writes.
    pub(super) fn ticks(&self, rng: &mut Rng, model: &Model) -> Ticks {
        let (least, most) = model.first_token;
        let drawn = Duration::from_millis(rng.u64(least..=most.max(least)));
        let (least, most) = (model.token.0 * 1000, model.token.1.max(model.token.0) * 1000);
        let average = match self.tokens_per_second {
            Some(rate) if rate > 0.0 => 1_000_000.0 / rate,
            _ => (least + most) as f64 / 2.0,
        };
        let own_jitter = (most - least) as f64 / (least + most).max(1) as f64;
        let spread = self.jitter.unwrap_or(own_jitter).clamp(0.0, 1.0);
        Ticks {
            at: self.first_token.unwrap_or(drawn),
            gap: ((average * (1.0 - spread)) as u64, (average * (1.0 + spread)) as u64),
            pauses: self.jitter.is_none(),
        }
    }
}

impl Ticks {
    /// The next token's moment, after the head.
    pub(super) fn next(&mut self, rng: &mut Rng) -> Duration {
        let now = self.at;
        self.at += Duration::from_micros(rng.u64(self.gap.0..=self.gap.1));
        if self.pauses && rng.u8(..40) == 0 {
            self.at += Duration::from_millis(rng.u64(120..=450));
        }
        now
    }
}
