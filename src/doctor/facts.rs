//! All that the conclusion rests on.

use crate::exchange::end::Verdict;
use crate::exchange::time::{Micros, WallTime};
use crate::proxy::OwnError;

/// What was found, as far as it was looked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// The key's form.
    pub(super) key: KeyForm,
    /// The proxy of the environment that leads there, as `HOST:PORT`.
    pub(super) proxy: Option<String>,
    /// Why no connection came about.
    pub(super) no_connection: Option<OwnError>,
    /// `GET /v1/models`.
    pub(super) models: Option<Answer>,
    /// Whether the model is among them; `None` where there is no list.
    pub(super) listed: Option<bool>,
    /// The small call.
    pub(super) chat: Option<Answer>,
    /// The same with another model, where it failed.
    pub(super) other: Option<Answer>,
    /// The small stream.
    pub(super) stream: Option<Answer>,
    /// The same without the proxy of the environment.
    pub(super) straight: Option<Answer>,
}

/// What can be said of a key without asking anybody.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum KeyForm {
    /// Nothing is wrong with its form.
    #[default]
    Fine,
    /// There is none.
    Missing,
    /// It has quotes, blanks, a placeholder or the like.
    Odd,
    /// It cannot stand in a header: nothing can be asked with it.
    Unsendable,
    /// Its prefix is another vendor's.
    AnotherVendors,
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// No connection, or none that held.
    Connection(OwnError),
    /// The connection held, and nothing, or not all, came in time.
    Slow,
}

/// What came back on one request.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// When it was asked.
    pub(super) at: WallTime,
    /// How long all of it took.
    pub(super) took: Micros,
    /// What was asked: method and path.
    pub(super) endpoint: String,
    /// The model that was asked.
    pub(super) model: Option<String>,
    /// The HTTP status.
    pub(super) status: Option<u16>,
    /// The error's code.
    pub(super) code: Option<String>,
    /// The error's message, secrets masked.
    pub(super) message: Option<String>,
    /// The gateway's id of the request.
    pub(super) request_id: Option<String>,
    /// The `Retry-After`.
    pub(super) retry_after: Option<String>,
    /// How it ended.
    pub(super) verdict: Verdict,
    /// Why it did not come, or not whole.
    pub(super) silence: Option<Silence>,
    /// What was seen of that.
    pub(super) detail: Option<String>,
    /// A page for people came.
    pub(super) is_page: bool,
    /// An event holds no whole JSON.
    pub(super) is_garbled: bool,
    /// What the headers `Via` and `Server` say of who stands between.
    pub(super) passed_by: Option<String>,
    /// The ids of models, where it is a list.
    pub(super) listed: Vec<String>,
    /// When its events came; `None` where it was no stream.
    pub(super) times: Option<Times>,
}

/// When the events of a stream came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Times {
    /// The first event.
    pub(super) first: Micros,
    /// The last event.
    pub(super) last: Micros,
    /// The longest time between two.
    pub(super) longest_gap: Micros,
    /// How many came.
    pub(super) events: u64,
    /// The most that one read completed.
    pub(super) most_in_a_read: u64,
}

/// From this length on a stream's times say something about buffering.
const LONG_ENOUGH: Micros = Micros(300_000);

/// Fewer events than this say nothing about buffering.
const ENOUGH_EVENTS: u64 = 5;

impl Answer {
    /// Whether it is what was asked for.
    pub(super) fn is_good(&self) -> bool {
        self.verdict == Verdict::Complete
            && self.status == Some(200)
            && !self.is_page
            && self.silence.is_none()
    }

    /// Whether its status is one of `statuses`.
    pub(super) fn has_status(&self, statuses: &[u16]) -> bool {
        self.status.is_some_and(|status| statuses.contains(&status))
    }

    /// Whether its error has that code.
    pub(super) fn has_code(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }
}

impl Times {
    /// Whether the events came in one piece after a time in which they should have come one by one.
    pub(super) fn is_burst(&self) -> bool {
        let most = self.most_in_a_read * 5 >= self.events * 4;
        let span = self.last.since(self.first);
        let in_one_go = span.0 * 20 < self.last.0;
        self.events >= ENOUGH_EVENTS && self.last >= LONG_ENOUGH && (most || in_one_go)
    }
}
