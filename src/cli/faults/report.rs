//! `gatetap faults report`: how clients took the faults of a recording.

use crate::cli::exit::Exit;
use crate::cli::recording::RecordingArgs;
use crate::cli::world::Env;
use crate::cli::xml::escaped;
use crate::digest::summary::{Summary, Whole};
use crate::digest::{Digester, rate_state};
use crate::exchange::SessionId;
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::text::printable;
use crate::exchange::time::Micros;
use crate::fault::Story;
use crate::fault::report::{Attempt, Case, Judgement, report};
use crate::store::{Page, Reader};
use clap::ValueEnum;
use serde_json::json;
use std::collections::BTreeSet;

/// An answer's text shorter than this may stand in a later request by chance.
const TELLING: usize = 4;

/// Judges how clients took the faults.
#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// How it is written: for people, as one JSON object a line, or as XML for CI
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    #[command(flatten)]
    recording: RecordingArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Junit,
}

impl ReportArgs {
    /// Prints the report; exits with 1 where an app should be changed.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let reader = self.recording.open(env)?;
        let summaries = reader.summaries(Page::default())?;
        let sessions: BTreeSet<SessionId> = summaries
            .iter()
            .filter(|summary| summary.fault.is_some())
            .map(|summary| summary.session)
            .collect();
        let mut cases = Vec::new();
        for session in sessions {
            let of_session: Vec<&Summary> =
                summaries.iter().filter(|summary| summary.session == session).collect();
            cases.extend(report(&attempts(&reader, &of_session)?));
        }
        let text = match self.format {
            Format::Text => text(&cases),
            Format::Json => cases.iter().map(|case| line(case).to_string() + "\n").collect(),
            Format::Junit => junit(&cases),
        };
        env.stdout.print(format_args!("{text}"))?;
        let bad = cases.iter().any(|case| case.judgement.is_bad());
        Ok(if bad { Exit::Findings } else { Exit::Fine })
    }
}

/// What the report needs of a session's exchanges.
fn attempts(reader: &Reader, summaries: &[&Summary]) -> anyhow::Result<Vec<Attempt>> {
    let mut attempts: Vec<Attempt> = Vec::new();
    // What was left of broken answers, by the place of their attempt.
    let mut broken: Vec<(usize, String)> = Vec::new();
    for summary in summaries {
        let request = reader.body(summary.id, Side::Request)?;
        let body = String::from_utf8_lossy(&request.bytes);
        for (at, text) in &broken {
            let escaped = serde_json::to_string(text).unwrap_or_default();
            let used = body.contains(escaped.trim_matches('"'));
            if let (true, Some(attempt)) = (used, attempts.get_mut(*at)) {
                attempt.used_later = true;
            }
        }
        let whole = if summary.fault.is_some() { reader.exchange(summary.id)? } else { None };
        if let Some(whole) = whole.as_ref().filter(|_| summary.verdict != Verdict::Complete) {
            let text = answer(reader, whole)?;
            if text.chars().count() >= TELLING {
                broken.push((attempts.len(), text));
            }
        }
        attempts.push(Attempt {
            id: summary.id,
            story: Story::new(&summary.method, &summary.path, &request.bytes),
            began: summary.started_at,
            ended: summary.duration.map(|duration| summary.started_at.plus(duration)),
            gateway: summary.gateway.clone(),
            status: summary.status,
            verdict: summary.verdict,
            fault: summary.fault.clone(),
            retry_after: whole.as_ref().and_then(retry_after),
            used_later: false,
        });
    }
    Ok(attempts)
}

/// The text of an answer, as far as it came.
fn answer(reader: &Reader, whole: &Whole) -> anyhow::Result<String> {
    let Some(head) = &whole.exchange.response else { return Ok(String::new()) };
    let body = reader.body(whole.summary.id, Side::Response)?;
    let mut digester = Digester::new(&whole.exchange.request);
    digester.response_head(head);
    digester.response_chunk(&body.bytes, Micros(0));
    digester.response_end(Micros(0));
    Ok(digester.text().answer.trim().to_owned())
}

/// How long the answer says to wait.
fn retry_after(whole: &Whole) -> Option<Micros> {
    let exchange = &whole.exchange;
    let at = exchange.started_at.plus(exchange.timing.head.unwrap_or_default());
    rate_state(&exchange.response.as_ref()?.headers, &[], at).retry_after
}

fn text(cases: &[Case]) -> String {
    let line = |case: &Case| {
        let mark = match case.judgement {
            Judgement::Unseen => "?",
            bad if bad.is_bad() => "✗",
            _ => "✓",
        };
        let tries =
            if case.retries == 1 { "1 retry".to_owned() } else { format!("{} retries", case.retries) };
        let (fault, reason) = (printable(&case.fault), printable(&case.reason));
        let (id, judgement, outcome) = (case.id, case.judgement.as_str(), case.outcome);
        format!("{mark} #{id}  {fault}  {judgement}: {reason} ({tries}, ended {outcome})\n")
    };
    let mut lines: Vec<String> = cases.iter().map(line).collect();
    let bad = cases.iter().filter(|case| case.judgement.is_bad()).count();
    lines.push(match cases.len() {
        0 => "no fault was injected in this recording\n".to_owned(),
        all => match cases.iter().filter(|case| case.judgement == Judgement::Unseen).count() {
            0 => format!("{all} injected, {bad} taken badly\n"),
            unseen => format!("{all} injected, {bad} taken badly, {unseen} cannot be told\n"),
        },
    });
    lines.concat()
}

fn line(case: &Case) -> serde_json::Value {
    let ms = |time: Option<Micros>| time.map(Micros::as_ms);
    json!({
        "id": case.id,
        "fault": case.fault,
        "status": case.status,
        "attempts": case.retries + 1,
        "retry_after_ms": ms(case.retry_after),
        "waited_ms": ms(case.waited),
        "outcome": case.outcome.as_str(),
        "judgement": case.judgement.as_str(),
        "bad": case.judgement.is_bad(),
        "reason": case.reason,
    })
}

fn junit(cases: &[Case]) -> String {
    let bad = cases.iter().filter(|case| case.judgement.is_bad()).count();
    let all = cases.len();
    let case = |case: &Case| {
        let failure = if case.judgement.is_bad() {
            let (judgement, reason) = (case.judgement.as_str(), escaped(&case.reason));
            format!("<failure type=\"{judgement}\" message=\"{reason}\"/>")
        } else {
            String::new()
        };
        let (fault, id) = (escaped(&case.fault), case.id);
        format!("<testcase classname=\"{fault}\" name=\"exchange {id}\">{failure}</testcase>\n")
    };
    let cases: Vec<String> = cases.iter().map(case).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n\
         <testsuite name=\"gatetap faults\" tests=\"{all}\" failures=\"{bad}\">\n{}</testsuite>\n</testsuites>\n",
        cases.concat()
    )
}
