//! Runs the checks over one exchange.

use super::all::ALL;
use super::declare::{Check, Often, Run};
use super::found::Found;
use super::history::History;
use super::settings::Settings;
use super::subject::{Context, RequestSubject, Subject};
use crate::exchange::finding::{Finding, Severity};
use crate::gateway::profile::played_by;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The id of the finding that a check makes by failing. It is against gatetap.
pub const FAILED: &str = "check-failed";

/// The checks that run, tuned.
#[derive(Debug, Clone)]
pub struct Engine {
    checks: Vec<Tuned>,
    settings: Settings,
}

/// A check that runs.
#[derive(Debug, Clone)]
struct Tuned {
    check: &'static Check,
    severity: Option<Severity>,
    thresholds: Vec<(&'static str, f64)>,
}

impl Default for Engine {
    fn default() -> Self {
        Self::new(Settings::default())
    }
}

impl Engine {
    /// An engine that keeps to these settings.
    pub fn new(settings: Settings) -> Self {
        let tuned = |check: &&'static Check| Tuned {
            check,
            severity: settings.severity_of(check),
            thresholds: settings
                .thresholds
                .iter()
                .filter(|(id, _, _)| *id == check.id)
                .rev()
                .map(|(_, name, value)| (*name, *value))
                .collect(),
        };
        let checks = ALL.iter().filter(|check| settings.runs(check)).map(tuned).collect();
        Self { checks, settings }
    }

    /// The checks that run, in the order of the list.
    pub fn checks(&self) -> impl Iterator<Item = &'static Check> {
        self.checks.iter().map(|tuned| tuned.check)
    }

    /// The known gateway that one of that name is, plays, or answers like; else the name itself.
    pub(super) fn known_as<'a>(&self, gateway: &'a str) -> &'a str {
        let alike = self.settings.alike.iter().find(|(name, _)| name == gateway);
        alike.map_or_else(|| played_by(gateway), |(_, known)| known)
    }

    /// What the checks of the request's stage find.
    pub fn request(&self, subject: &RequestSubject<'_>) -> Vec<Finding> {
        self.run(&subject.context, |check, found| {
            if let Run::Request(run) = check.run {
                run(subject, found);
            }
        })
    }

    /// What the checks that need not wait for the end find.
    pub fn stream(&self, subject: &Subject<'_>) -> Vec<Finding> {
        self.run(&subject.context, |check, found| {
            if let Run::Stream(run) = check.run {
                run(subject, found);
            }
        })
    }

    /// What the checks of the answer find, now that it has ended.
    pub fn end(&self, subject: &Subject<'_>) -> Vec<Finding> {
        self.run(&subject.context, |check, found| match check.run {
            Run::Stream(run) | Run::End(run) => run(subject, found),
            Run::Request(_) => {}
        })
    }

    /// Takes out what has been said in this session and is said once only. With `note`, what is left counts
    /// as said.
    pub(super) fn hush(&self, findings: &mut Vec<Finding>, gateway: &str, history: &mut History, note: bool) {
        findings.retain(|finding| {
            let check = self.checks().find(|check| check.id == finding.check);
            match check.filter(|check| check.often == Often::OncePerSession) {
                Some(check) if note => history.say(check.id, gateway),
                Some(check) => !history.has_said(check.id, gateway),
                None => true,
            }
        });
    }

    fn run(&self, context: &Context<'_>, mut run: impl FnMut(&Check, &mut Found<'_>)) -> Vec<Finding> {
        let mut findings = Vec::new();
        let (gateway, path) = (context.exchange.gateway.as_str(), context.path());
        let overrides: Vec<_> =
            self.settings.overrides.iter().filter(|over| over.holds(gateway, path)).collect();
        for tuned in &self.checks {
            if overrides.iter().any(|over| over.ignores(tuned.check.id)) {
                continue;
            }
            let here = overrides.iter().rev().find_map(|over| over.severity_of(tuned.check.id));
            let mut found = Found {
                check: tuned.check,
                tuned: &tuned.thresholds,
                severity: here.or(tuned.severity),
                findings: &mut findings,
            };
            if catch_unwind(AssertUnwindSafe(|| run(tuned.check, &mut found))).is_err() {
                findings.push(failed(tuned.check));
            }
        }
        findings
    }
}

/// The finding against gatetap itself.
fn failed(check: &Check) -> Finding {
    Finding {
        check: FAILED.to_owned(),
        severity: Severity::Info,
        message: format!("gatetap's own check `{}` failed on this exchange", check.id),
        evidence: "the check panicked; the exchange itself passed and is recorded as it was".to_owned(),
        fix: format!("report it as a bug of gatetap with this exchange; until then ignore `{}`", check.id),
        places: Vec::new(),
    }
}
