//! Colours. They only ever repeat what the words say already.

use crate::exchange::end::Verdict;
use crate::exchange::finding::Severity;
use std::borrow::Cow;

/// What a piece of text is, for its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As it is.
    Plain,
    /// A heading, a name.
    Strong,
    /// Beside the point.
    Faint,
    /// As it should be.
    Good,
    /// Worth a look.
    Doubtful,
    /// Wrong.
    Bad,
    /// Going on.
    Lively,
}

/// `text` in the colours of `style`, where `colour` allows.
pub(super) fn paint(colour: bool, style: Style, text: &str) -> Cow<'_, str> {
    let code = match style {
        _ if !colour || text.is_empty() => return text.into(),
        Style::Plain => return text.into(),
        Style::Strong => "1",
        Style::Faint => "2",
        Style::Good => "32",
        Style::Doubtful => "33",
        Style::Bad => "1;31",
        Style::Lively => "36",
    };
    format!("\x1b[{code}m{text}\x1b[0m").into()
}

impl From<Verdict> for Style {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Open => Self::Lively,
            Verdict::Complete => Self::Good,
            Verdict::CutByApp | Verdict::Lost => Self::Doubtful,
            Verdict::Refused
            | Verdict::ErrorInside
            | Verdict::Incomplete
            | Verdict::CutByGateway
            | Verdict::Failed => Self::Bad,
        }
    }
}

impl From<Severity> for Style {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Faint,
            Severity::Warning => Self::Doubtful,
            Severity::Error => Self::Bad,
        }
    }
}
