//! How things ended: a body, and the exchange as a whole.

use std::fmt;

/// One of the parties on the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hop {
    /// The app.
    App,
    /// The gateway.
    Gateway,
    /// gatetap itself: it was stopped, or failed.
    Gatetap,
}

/// How a body ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyEnd {
    /// It arrived whole, by the rules of its framing.
    Whole,
    /// Somebody broke it off.
    Broken {
        /// Who closed or reset first.
        by: Hop,
        /// What was seen, as a short sentence: `connection reset`, `closed before the body was whole`.
        detail: String,
    },
}

/// The verdict: how an exchange ended. Its words are a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// It has not ended.
    Open,
    /// A finish reason or the dialect's terminal event was seen, or a plain body arrived whole.
    Complete,
    /// The gateway answered with an error status.
    Refused,
    /// HTTP 200 with an error in the body or in the stream.
    ErrorInside,
    /// It ended cleanly, without terminal event or finish reason.
    Incomplete,
    /// The gateway broke it off.
    CutByGateway,
    /// The app broke it off.
    CutByApp,
    /// There was no answer; gatetap answered by itself.
    Failed,
    /// The recording ended first.
    Lost,
}

/// gatetap's own answer, given only where there was none to pass on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAnswer {
    /// The value of `x-gatetap-error`.
    pub token: String,
    /// The sentence in the body.
    pub message: String,
}

impl Hop {
    /// Every party.
    pub const ALL: [Self; 3] = [Self::App, Self::Gateway, Self::Gatetap];

    /// The word in SQL and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Gateway => "gateway",
            Self::Gatetap => "gatetap",
        }
    }

    /// The party of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hop| hop.as_str() == word)
    }
}

impl BodyEnd {
    /// A body that `by` broke off.
    pub fn broken(by: Hop, detail: impl Into<String>) -> Self {
        Self::Broken { by, detail: detail.into() }
    }

    /// `by` reset its connection.
    pub fn reset(by: Hop) -> Self {
        Self::broken(by, "connection reset")
    }

    /// `by` closed its connection before the framing was over.
    pub fn closed_early(by: Hop) -> Self {
        Self::broken(by, "closed before the body was whole")
    }

    /// The app went away while it was being answered.
    pub fn app_left() -> Self {
        Self::broken(Hop::App, "the app closed its connection")
    }

    /// The app went away before there was an answer.
    pub fn app_left_unanswered() -> Self {
        Self::broken(Hop::App, "the app closed its connection before there was an answer")
    }

    /// gatetap was stopped in the middle of it.
    pub fn stopped() -> Self {
        Self::broken(Hop::Gatetap, "gatetap was stopped")
    }

    /// Whether it ended with a reset, in the words of [`BodyEnd::reset`], of a script or of a system's error:
    /// a reset is recorded in words alone.
    pub fn is_reset(&self) -> bool {
        matches!(self, Self::Broken { detail, .. } if detail.contains("reset"))
    }

    /// Who broke it off, if anybody did.
    pub const fn broken_by(&self) -> Option<Hop> {
        match self {
            Self::Whole => None,
            Self::Broken { by, .. } => Some(*by),
        }
    }
}

impl Verdict {
    /// Every verdict, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Open,
        Self::Complete,
        Self::Refused,
        Self::ErrorInside,
        Self::Incomplete,
        Self::CutByGateway,
        Self::CutByApp,
        Self::Failed,
        Self::Lost,
    ];

    /// The word in SQL, JSON, filters and on the screen.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Complete => "complete",
            Self::Refused => "refused",
            Self::ErrorInside => "error-inside",
            Self::Incomplete => "incomplete",
            Self::CutByGateway => "cut-by-gateway",
            Self::CutByApp => "cut-by-app",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }

    /// What it means: how the exchange ended, in a sentence without its first capital and its stop.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Open => "it has not",
            Self::Complete => "a finish reason or the terminal event was seen, or a plain body arrived whole",
            Self::Refused => "the gateway answered with an error status",
            Self::ErrorInside => "HTTP 200, with an error in the body or in the stream",
            Self::Incomplete => "it ended cleanly, but nothing said that the answer was over",
            Self::CutByGateway => "the gateway broke it off",
            Self::CutByApp => "the app broke it off",
            Self::Failed => "there was no answer; gatetap gave its own, with the reason in `x-gatetap-error`",
            Self::Lost => "the recording ended first, for instance with `kill -9`",
        }
    }

    /// The verdict of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == word)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
