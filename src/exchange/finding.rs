//! Findings: one place where a check fired.

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Costs money or time, or fails sometimes.
    Warning,
    /// Will fail, or loses data.
    Error,
}

/// One place where a check fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The id of the check.
    pub check: String,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, for this exchange.
    pub message: String,
    /// The fact it rests on: a header, an event, a byte, a gap.
    pub evidence: String,
    /// What to do.
    pub fix: String,
}

impl Severity {
    /// The word in SQL, JSON and filters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
