//! What a headless run says of findings while traffic passes.

use super::world::Env;
use crate::exchange::text::printable;
use crate::record::Recorder;
use std::io::Write;

/// Says of each check once what it found first: what is wrong with a setup is found in every request. What is
/// merely worth knowing is not said.
#[derive(Debug)]
pub(super) struct FindingsTalk {
    recorder: Recorder,
    told: usize,
}

impl FindingsTalk {
    /// Speaks of what `recorder` records.
    pub(super) fn of(recorder: Recorder) -> Self {
        Self { recorder, told: 0 }
    }

    /// Says on stderr what has been found since the last call.
    pub(super) fn go_on(&mut self, env: &mut Env<'_>) -> anyhow::Result<()> {
        for first in self.recorder.found_after(self.told) {
            self.told += 1;
            let (id, finding) = (first.exchange, first.finding);
            let (severity, message) = (finding.severity.as_str(), printable(&finding.message));
            writeln!(env.stderr, "#{id} {severity}: {message} ({})", printable(&finding.check))?;
        }
        Ok(())
    }
}
