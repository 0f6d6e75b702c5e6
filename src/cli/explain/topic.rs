//! What there is to explain: a variant a kind, and an arm for it in each question below.

use super::super::style::Style;
use crate::check::{ALL, Check};
use crate::digest::verdict;
use crate::exchange::end::Verdict;
use crate::fault::catalogue::{self, Entry, Fault};
use crate::fault::preset::{self, Preset};
use crate::gateway::errors::{self, Confidence, Detail, ErrorCode, Retry};
use crate::proxy::OwnError;
use crate::sim::{Assumption, assumptions};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// One thing that can be explained.
#[derive(Debug, Clone, Copy)]
pub(super) enum Topic {
    Check(&'static Check),
    Verdict(Verdict),
    /// A gateway's documented error.
    Error(&'static ErrorCode),
    /// A token of `x-gatetap-error`.
    Own(OwnError),
    /// A fault that is no documented error of its own.
    Fault(&'static Entry),
    /// Several faults in one word.
    Preset(&'static Preset),
    /// What the simulator assumes, because no vendor documents it.
    Assumption(&'static Assumption),
}

/// The faults that are not among the documented errors.
static FAULTS: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let is_error = |entry: &Entry| {
        let code = entry.gateway.and_then(|gateway| entry.name.strip_prefix(gateway)?.strip_prefix('.'));
        code.zip(entry.gateway).is_some_and(|(code, gateway)| errors::lookup(gateway, code).is_some())
    };
    catalogue::all().into_iter().filter(|entry| !is_error(entry)).collect()
});

impl Topic {
    /// Everything, group by group.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let checks = ALL.iter().map(|check| Self::Check(check));
        let verdicts = Verdict::ALL.into_iter().map(Self::Verdict);
        let own = OwnError::ALL.into_iter().map(Self::Own);
        let errors = errors::all().iter().map(Self::Error);
        let faults = FAULTS.iter().map(Self::Fault);
        let presets = preset::all().iter().map(Self::Preset);
        let assumed = assumptions().iter().map(Self::Assumption);
        checks.chain(verdicts).chain(own).chain(errors).chain(faults).chain(presets).chain(assumed)
    }

    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Check(check) => check.id,
            Self::Verdict(verdict) => verdict.as_str(),
            Self::Error(error) => &error.code,
            Self::Own(token) => token.as_str(),
            Self::Fault(fault) => &fault.name,
            Self::Preset(preset) => &preset.name,
            Self::Assumption(assumption) => &assumption.id,
        }
    }

    /// Whether a person may mean it by `name`: its own, an error's status, or an error of one gateway only.
    pub(super) fn goes_by(self, name: &str) -> bool {
        let named = |own: &str| own.eq_ignore_ascii_case(name);
        named(self.name())
            || match self {
                Self::Error(error) => {
                    let statuses = std::iter::once(&error.status).chain(&error.other_statuses);
                    named(&format!("{}.{}", error.gateway, error.code))
                        || statuses.into_iter().any(|status| named(&status.to_string()))
                }
                Self::Own(token) => named(token.status().as_str()),
                Self::Preset(preset) => name.strip_prefix("preset:").is_some_and(|name| name == preset.name),
                Self::Fault(fault) => {
                    matches!(catalogue::find(name), Some(Fault::Wire(wire)) if wire.name == fault.name)
                }
                Self::Check(_) | Self::Verdict(_) | Self::Assumption(_) => false,
            }
    }

    /// How far it is from what a person most likely means by `name`, where that is a status: errors that have
    /// it come before those that it was seen with too, and among them what is surer before what is not.
    pub(super) fn distance(self, name: &str) -> (bool, u8) {
        let (Self::Error(error), Ok(status)) = (self, name.parse::<u16>()) else { return (false, 0) };
        let unsure = match error.status_confidence() {
            Confidence::Documented => 0,
            Confidence::Observed => 1,
            Confidence::Assumed => 2,
        };
        (status != error.status, unsure)
    }

    /// The heading it stands under in the list.
    pub(super) fn group(&self) -> String {
        match self {
            Self::Check(check) => format!("checks: {}", check.family()),
            Self::Verdict(_) => "verdicts".to_owned(),
            Self::Error(error) => format!("errors of {}", error.gateway),
            Self::Own(_) => "gatetap's own errors, in x-gatetap-error".to_owned(),
            Self::Fault(Entry { gateway: Some(gateway), .. }) => format!("faults of {gateway}"),
            Self::Fault(_) => "faults of the wire".to_owned(),
            Self::Preset(_) => "presets of faults".to_owned(),
            Self::Assumption(_) => "what the simulator assumes".to_owned(),
        }
    }

    /// A word about it, for the list.
    pub(super) fn note(&self) -> (String, Style) {
        match self {
            Self::Check(check) => (check.severity.as_str().to_owned(), check.severity.into()),
            Self::Verdict(_) => (String::new(), Style::Plain),
            Self::Error(error) => (error.status.to_string(), Style::Faint),
            Self::Own(token) => (token.status().as_str().to_owned(), Style::Faint),
            Self::Fault(fault) => {
                (fault.status.map(|status| status.to_string()).unwrap_or_default(), Style::Faint)
            }
            Self::Preset(_) | Self::Assumption(_) => (String::new(), Style::Plain),
        }
    }

    /// It in half a line.
    pub(super) fn summary(self) -> &'static str {
        match self {
            Self::Check(check) => check.summary,
            Self::Verdict(verdict) => verdict.meaning(),
            Self::Error(error) => &error.meaning,
            Self::Own(token) => token.meaning(),
            Self::Fault(fault) => fault.summary,
            Self::Preset(preset) => &preset.summary,
            Self::Assumption(assumption) => &assumption.what,
        }
    }

    /// Its page, in Markdown.
    pub(super) fn page(self) -> String {
        match self {
            Self::Check(check) => check.page(),
            Self::Verdict(verdict) => verdict_page(verdict),
            Self::Error(error) => error_page(error),
            Self::Own(token) => own_page(token),
            Self::Fault(fault) => fault_page(fault),
            Self::Preset(preset) => preset_page(preset),
            Self::Assumption(assumption) => assumption_page(assumption),
        }
    }

    /// It for programs, with or without its page.
    pub(super) fn json(self, with_page: bool) -> Value {
        let mut value = match self {
            Self::Check(check) => json!({
                "kind": "check",
                "name": check.id,
                "summary": check.summary,
                "severity": check.severity.as_str(),
                "family": check.family(),
                "stage": check.run.stage().as_str(),
                "thresholds": check.thresholds.iter().map(|threshold| json!({
                    "name": threshold.name,
                    "default": threshold.default,
                    "about": threshold.about,
                })).collect::<Vec<_>>(),
            }),
            Self::Verdict(verdict) => json!({
                "kind": "verdict",
                "name": verdict.as_str(),
                "summary": verdict.meaning(),
            }),
            Self::Error(error) => json!({
                "kind": "error",
                "name": error.code,
                "summary": error.meaning,
                "gateway": error.gateway,
                "status": error.status,
                "other_statuses": error.other_statuses,
                "headers": headers(error),
                "body": body(error),
                "retry": error.retry.as_str(),
                "fix": error.fix,
                "source": error.source,
                "confidence": error.confidence.as_str(),
                "status_confidence": error.status_confidence().as_str(),
            }),
            Self::Own(token) => json!({
                "kind": "own-error",
                "name": token.as_str(),
                "summary": token.meaning(),
                "status": token.status().as_u16(),
                "fix": token.fix(),
            }),
            Self::Fault(fault) => json!({
                "kind": "fault",
                "name": fault.name,
                "summary": fault.summary,
                "gateway": fault.gateway,
                "status": fault.status,
                "parameters": fault.parameters.iter().map(|parameter| json!({
                    "name": parameter.name,
                    "default": parameter.default,
                    "about": parameter.meaning,
                })).collect::<Vec<_>>(),
                "source": fault.source,
                "confidence": fault.confidence.as_str(),
            }),
            Self::Preset(preset) => json!({
                "kind": "preset",
                "name": preset.name,
                "summary": preset.summary,
                "rules": preset.rules,
            }),
            Self::Assumption(assumption) => json!({
                "kind": "assumption",
                "name": assumption.id,
                "summary": assumption.what,
                "profiles": assumption.profiles,
                "on": assumption.on,
                "why": assumption.why,
            }),
        };
        if let (true, Some(object)) = (with_page, value.as_object_mut()) {
            object.insert("markdown".to_owned(), self.page().into());
        }
        value
    }
}

fn verdict_page(verdict: Verdict) -> String {
    format!(
        "# {verdict}\n\nA verdict. How the exchange ended: {}.\n\n## The rule\n\n{}\n\n\
         ## What to do\n\n`gatetap ls verdict:{verdict}` lists such exchanges; `gatetap show ID` names the evidence.\n",
        verdict.meaning(),
        verdict::rule(verdict),
    )
}

fn own_page(token: OwnError) -> String {
    format!(
        "# {token}\n\nOne of gatetap's own answers, given because there was none to pass on: status {}, \
         `x-gatetap-error: {token}`.\n\n## What it means\n\n{}\n\n## What to do\n\n{}\n",
        token.status().as_u16(),
        token.meaning(),
        token.fix(),
        token = token.as_str(),
    )
}

fn fault_page(fault: &Entry) -> String {
    let mut parameters = String::new();
    for parameter in fault.parameters {
        let line =
            format!("- `{}`: {} (default: {})\n", parameter.name, parameter.meaning, parameter.default);
        parameters.push_str(&line);
    }
    let whose = fault.gateway.map_or_else(|| "the wire".to_owned(), str::to_owned);
    let status = fault.status.map(|status| format!(", status {status}")).unwrap_or_default();
    format!(
        "# {name}\n\nA fault of {whose}{status}; {sure}. {summary}\n\n## What it takes\n\n{parameters}\n\
         ## How to inject it\n\n```text\ngatetap --fault {name},first=1\ncurl -H 'x-gatetap-fault: {name}' …\n```\n\n\
         Source: {source}\n",
        name = fault.name,
        sure = sure(fault.confidence),
        summary = fault.summary,
        source = fault.source,
    )
}

fn preset_page(preset: &Preset) -> String {
    format!(
        "# {name}\n\nA preset of faults. {}\n\n## Its rules\n\n```text\n{}\n```\n\n## How to arm it\n\n\
         ```text\ngatetap --fault preset:{name}\n```\n",
        preset.summary,
        preset.rules.join("\n"),
        name = preset.name,
    )
}

fn assumption_page(assumption: &Assumption) -> String {
    format!(
        "# {id}\n\nAn assumption of `gatetap sim`, for the profiles {profiles}. {what}\n\n## Why\n\n{why}\n\n\
         ## What rests on it\n\nAnswers of the sorts {on}. A request with the header `x-sim-assumed` is told in a \
         header of that name what its answer rests on.\n",
        id = assumption.id,
        profiles = assumption.profiles.join(", "),
        what = assumption.what,
        why = assumption.why,
        on = assumption.on.join(", "),
    )
}

const fn sure(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Documented => "documented",
        Confidence::Observed => "observed, not promised",
        Confidence::Assumed => "assumed",
    }
}

fn error_page(error: &ErrorCode) -> String {
    let others: Vec<String> = error.other_statuses.iter().map(ToString::to_string).collect();
    let others =
        if others.is_empty() { String::new() } else { format!("; {} were seen too", others.join(", ")) };
    let retry = match error.retry {
        Retry::Never => "Trying again does not help.".to_owned(),
        retry => format!("Try again {}.", retry.as_str()),
    };
    let mut answer = format!("HTTP/1.1 {}\n", error.status);
    for (name, value) in headers(error) {
        let piece = format!("{name}: {value}\n");
        answer.push_str(&piece);
    }
    format!(
        "# {code}\n\nAn error of {gateway}. {meaning}\n\n- status: {status}, {status_sure}{others}\n\
         - code and meaning: {code_sure}\n\n## What comes\n\nThe message is gatetap's wording.\n\n\
         ```text\n{answer}\n{body}\n```\n\n## What to do\n\n{fix}\n\n{retry}\n\nSource: <{source}>\n",
        code = error.code,
        gateway = error.gateway,
        meaning = error.meaning,
        status = error.status,
        status_sure = sure(error.status_confidence()),
        code_sure = sure(error.confidence),
        body = body(error),
        fix = error.fix,
        source = error.source,
    )
}

/// What stands in a page for a time that depends on when the answer is given.
const RESET: &str = "(when the limit is reset)";

/// The headers that it comes with.
fn headers(error: &ErrorCode) -> Vec<(String, String)> {
    let wait = error.retry_after.map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
    let told = |(name, value): &(String, String)| {
        (name.clone(), value.replace("{reset_ms}", RESET).replace("{reset}", RESET))
    };
    wait.into_iter().chain(error.headers.iter().map(told)).collect()
}

/// The body of an example.
fn body(error: &ErrorCode) -> String {
    error.body(&Detail { model: Some("MODEL"), request_id: Some("REQUEST-ID"), ..Detail::default() })
}
