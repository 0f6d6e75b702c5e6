//! Which checks run, how bad their findings are, and what they compare with.

use super::all::{ALL, find};
use super::declare::Check;
use crate::exchange::finding::Severity;

/// What people have set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Only these run; all, where there are none.
    pub select: Vec<Pattern>,
    /// These do not.
    pub ignore: Vec<Pattern>,
    /// The severities of their findings.
    pub severity: Vec<(Pattern, Severity)>,
    /// Thresholds: the check, the name, the value.
    pub thresholds: Vec<(&'static str, &'static str, f64)>,
    /// Where other checks are ignored, or other severities hold.
    pub overrides: Vec<Override>,
    /// Gateways of people's own: the name, and that of the known gateway which it answers like.
    pub alike: Vec<(String, &'static str)>,
}

/// What holds for a gateway, or for some paths.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Override {
    /// The gateway's name; `None` for all.
    pub gateway: Option<String>,
    /// A pattern of paths in which `*` stands for anything; `None` for all.
    pub path: Option<String>,
    /// The checks that do not speak there.
    pub ignore: Vec<Pattern>,
    /// The severities of their findings there.
    pub severity: Vec<(Pattern, Severity)>,
}

/// One check by its id, or several by a pattern: `auth-*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

/// A name that no check, or none of its thresholds, has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownName {
    /// No check has this id, and none fits the pattern.
    #[error("there is no check `{0}`")]
    Check(String),
    /// The check has no threshold of that name.
    #[error("check `{check}` has no threshold `{name}`")]
    Threshold {
        /// The check.
        check: &'static str,
        /// The name.
        name: String,
        /// The names it has.
        known: Vec<&'static str>,
    },
}

impl Pattern {
    /// The pattern that `text` is.
    ///
    /// # Errors
    /// Where no check fits it.
    pub fn parse(text: &str) -> Result<Self, UnknownName> {
        let pattern = Self(text.to_owned());
        if ALL.iter().any(|check| pattern.fits(check.id)) {
            Ok(pattern)
        } else {
            Err(UnknownName::Check(text.to_owned()))
        }
    }

    /// Whether a check's id fits it.
    pub fn fits(&self, id: &str) -> bool {
        fits(&self.0, id)
    }
}

/// The check and the threshold of these names, as they are declared.
///
/// # Errors
/// Where there is no such check, or it has no such threshold.
pub fn threshold(check: &str, name: &str) -> Result<(&'static str, &'static str), UnknownName> {
    let found = find(check).ok_or_else(|| UnknownName::Check(check.to_owned()))?;
    match found.thresholds.iter().find(|threshold| threshold.name == name) {
        Some(threshold) => Ok((found.id, threshold.name)),
        None => Err(UnknownName::Threshold {
            check: found.id,
            name: name.to_owned(),
            known: found.thresholds.iter().map(|threshold| threshold.name).collect(),
        }),
    }
}

impl Settings {
    /// Sets a threshold.
    ///
    /// # Errors
    /// Where there is no such check, or it has no such threshold.
    pub fn set_threshold(&mut self, check: &str, name: &str, value: f64) -> Result<(), UnknownName> {
        let (check, name) = threshold(check, name)?;
        self.thresholds.push((check, name, value));
        Ok(())
    }

    /// Whether a check runs at all.
    pub(super) fn runs(&self, check: &Check) -> bool {
        let selected = self.select.is_empty() || self.select.iter().any(|pattern| pattern.fits(check.id));
        selected && !self.ignore.iter().any(|pattern| pattern.fits(check.id))
    }

    /// The severity that is set for a check.
    pub(super) fn severity_of(&self, check: &Check) -> Option<Severity> {
        last(&self.severity, check.id)
    }
}

impl Override {
    /// Whether it holds for this gateway and path.
    pub(super) fn holds(&self, gateway: &str, path: &str) -> bool {
        self.gateway.as_deref().is_none_or(|name| name == gateway)
            && self.path.as_deref().is_none_or(|pattern| fits(pattern, path))
    }

    /// Whether a check does not speak there.
    pub(super) fn ignores(&self, id: &str) -> bool {
        self.ignore.iter().any(|pattern| pattern.fits(id))
    }

    /// The severity that is set there for a check.
    pub(super) fn severity_of(&self, id: &str) -> Option<Severity> {
        last(&self.severity, id)
    }
}

/// The last that is said of a check counts.
fn last(severities: &[(Pattern, Severity)], id: &str) -> Option<Severity> {
    severities.iter().rev().find(|(pattern, _)| pattern.fits(id)).map(|(_, severity)| *severity)
}

/// Whether `text` fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part).and_then(|at| rest.get(at + part.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}
