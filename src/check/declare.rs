//! What a check is, and how one is declared.

use super::found::Found;
use super::subject::{RequestSubject, Subject};
use crate::exchange::finding::Severity;

/// One check: its id, its page, and the function that looks.
#[derive(Debug)]
pub struct Check {
    /// The id, kebab case, its family first: `auth-no-bearer`. Never reused.
    pub id: &'static str,
    /// How bad its findings are, unless one says otherwise or the settings do.
    pub severity: Severity,
    /// What is wrong, in half a sentence that reads well after a count: `requests without a credential`.
    pub summary: &'static str,
    /// The page: `## What it looks for`, `## Why it matters`, `## Example`, `## What to do`, in Markdown.
    pub doc: &'static str,
    /// Whether it speaks once for each exchange or once a session.
    pub often: Often,
    /// The figures that people may change, with their defaults.
    pub thresholds: &'static [Threshold],
    /// When it can decide, and how.
    pub run: Run,
}

/// How often a check may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Often {
    /// Of every exchange.
    Each,
    /// Once a session: what is true of a setup would otherwise be said of every request.
    OncePerSession,
}

/// A figure that a check compares with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Its name in the settings; it ends in its unit: `warn_s`, `error_s`, `at_least`.
    pub name: &'static str,
    /// Its value unless the settings give another.
    pub default: f64,
    /// What it is.
    pub about: &'static str,
}

/// When a check can decide, and the function that does. Before that the answer is *not decidable yet*.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// Once the request is there: its head and, unless it broke off, its whole body.
    Request(fn(&RequestSubject<'_>, &mut Found<'_>)),
    /// While the answer comes, and again when it has ended.
    Stream(fn(&Subject<'_>, &mut Found<'_>)),
    /// When the exchange has ended.
    End(fn(&Subject<'_>, &mut Found<'_>)),
}

/// The same without its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The request is there.
    Request,
    /// The answer comes.
    Stream,
    /// The exchange has ended.
    End,
}

impl Run {
    /// When it can decide.
    pub const fn stage(self) -> Stage {
        match self {
            Self::Request(_) => Stage::Request,
            Self::Stream(_) => Stage::Stream,
            Self::End(_) => Stage::End,
        }
    }
}

impl Stage {
    /// The word on a check's page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "when the request is there",
            Self::Stream => "while the answer comes",
            Self::End => "when the exchange has ended",
        }
    }
}

impl Check {
    /// Its family: what stands before the first hyphen of its id.
    pub fn family(&self) -> &'static str {
        self.id.split('-').next().unwrap_or(self.id)
    }
}

/// Declares a check. The doc comment is its page.
macro_rules! check {
    (
        $(#[doc = $doc:literal])+
        pub static CHECK = {
            id: $id:literal,
            severity: $severity:ident,
            summary: $summary:literal,
            $(often: $often:ident,)?
            $(thresholds: [$(($name:literal, $default:literal, $about:literal)),+ $(,)?],)?
            run: $stage:ident($run:path) $(,)?
        }
    ) => {
        $(#[doc = $doc])+
        pub(in crate::check) static CHECK: $crate::check::Check = $crate::check::Check {
            id: $id,
            severity: $crate::exchange::finding::Severity::$severity,
            summary: $summary,
            doc: concat!($($doc, "\n"),+),
            often: $crate::check::declare::check!(@often $($often)?),
            thresholds: &[$($($crate::check::Threshold { name: $name, default: $default, about: $about }),+)?],
            run: $crate::check::Run::$stage($run),
        };
    };
    (@often) => { $crate::check::Often::Each };
    (@often $often:ident) => { $crate::check::Often::$often };
}

pub(super) use check;
