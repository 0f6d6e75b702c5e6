//! One JSON object a line for each finding.

use super::{Report, Tally};
use crate::export::json::FoundLine;
use crate::record::Rechecked;
use std::io::{self, Write};

/// The report as JSON lines.
#[derive(Debug)]
pub(super) struct Json;

impl Report for Json {
    fn exchange(&mut self, checked: &Rechecked, to: &mut dyn Write) -> io::Result<()> {
        for finding in &checked.findings {
            serde_json::to_writer(&mut *to, &FoundLine::new(&checked.summary, finding))?;
            to.write_all(b"\n")?;
        }
        Ok(())
    }

    fn end(&mut self, _tally: &Tally, _to: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }
}
