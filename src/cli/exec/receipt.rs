//! What a wrapped command sent, in one line.

use crate::exchange::SessionId;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Severity;
use crate::exchange::text::counted;
use crate::exchange::time::WallTime;
use crate::store::filter::{Filter, SessionName as SessionTerm, Term};
use crate::store::{Page, Reader};
use std::path::Path;

/// How many exchanges are read at a time.
const PAGE: u32 = 500;

/// What a session comes to.
#[derive(Debug, Default)]
pub(super) struct Receipt {
    calls: u64,
    /// Calls that ended otherwise than `complete`, or were cut by the app itself.
    errors: u64,
    cut_by_app: u64,
    input: u64,
    output: u64,
    cost: Option<f64>,
    /// Findings, by their severity: info, warning, error.
    findings: [u64; 3],
    /// The worst severity of a finding.
    pub(super) worst: Option<Severity>,
    session: SessionId,
}

/// Reads what a session comes to.
pub(super) fn read(recording: &Path, session: SessionId, now: WallTime) -> anyhow::Result<Receipt> {
    let reader = Reader::open(recording)?;
    let filter = Filter::from(Term::Session(SessionTerm::Number(session)));
    let mut receipt = Receipt { session, ..Receipt::default() };
    let mut after = Some(0);
    loop {
        let page = reader.select(&filter, Page { after, before: None, limit: Some(PAGE) }, now)?;
        let Some(last) = page.last() else {
            return Ok(receipt);
        };
        after = Some(last.id);
        for summary in &page {
            receipt.calls += 1;
            match summary.verdict {
                Verdict::Complete | Verdict::Open => {}
                Verdict::CutByApp => receipt.cut_by_app += 1,
                _ => receipt.errors += 1,
            }
            let usage = summary.digest.usage;
            receipt.input += usage.input.unwrap_or_default();
            receipt.output += usage.output.unwrap_or_default();
            if let Some(cost) = usage.cost {
                *receipt.cost.get_or_insert(0.0) += cost;
            }
            if summary.findings.is_empty() {
                continue;
            }
            for finding in reader.exchange(summary.id)?.map(|whole| whole.findings).unwrap_or_default() {
                if let Some(count) = receipt.findings.get_mut(finding.severity as usize) {
                    *count += 1;
                }
                receipt.worst = receipt.worst.max(Some(finding.severity));
            }
        }
    }
}

impl Receipt {
    /// The line.
    pub(super) fn line(&self, recording: &Path) -> String {
        let [infos, warnings, errors] = self.findings;
        let mut parts = vec![counted(self.calls, "call")];
        parts.extend((self.errors > 0).then(|| format!("{} failed", self.errors)));
        parts.extend((self.cut_by_app > 0).then(|| format!("{} cut by the app", self.cut_by_app)));
        if self.input + self.output > 0 {
            parts.push(format!("{} in, {} out", counted(self.input, "token"), self.output));
        }
        parts.extend(self.cost.map(|cost| format!("cost {cost:.6}")));
        let found: Vec<String> =
            [(Severity::Error, errors), (Severity::Warning, warnings), (Severity::Info, infos)]
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(severity, count)| severity.counted(count))
                .collect();
        if !found.is_empty() {
            parts.push(format!("found {}", found.join(", ")));
        }
        let look = if self.calls > 0 {
            format!("; gatetap ls session:{} --db {}", self.session, recording.display())
        } else {
            "; the command sent nothing here".to_owned()
        };
        format!("gatetap: {}{look}", parts.join(", "))
    }
}
