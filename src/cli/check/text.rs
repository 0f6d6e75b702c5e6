//! For people: what was found by check, the worst first, with the first examples, then one line that sums up.

use super::super::explain::markdown;
use super::super::style::{Style, paint};
use super::super::wrap::wrap;
use super::groups::{Example, Group, Groups};
use super::{Report, Tally};
use crate::exchange::text::printable;
use crate::record::Rechecked;
use std::io::{self, Write};

/// The report as text.
#[derive(Debug)]
pub(super) struct Text {
    groups: Groups,
    colour: bool,
    /// Where lines end; `None` lets them be as long as they are.
    width: Option<usize>,
    /// With the pages of the checks.
    explain: bool,
}

impl Text {
    pub(super) fn new(colour: bool, width: Option<usize>, explain: bool) -> Self {
        Self { groups: Groups::default(), colour, width, explain }
    }

    fn group(&self, group: &Group, to: &mut dyn Write) -> io::Result<()> {
        let severity = paint(self.colour, group.worst.into(), group.worst.as_str());
        let id = printable(&group.check);
        let id = paint(self.colour, Style::Strong, &id);
        writeln!(to, "{severity} {id}: {} ({})", group.summary(), group.count)?;
        let mut fix_before = None;
        for example in &group.examples {
            self.example(example, fix_before, to)?;
            fix_before = Some(example.finding.fix.as_str());
        }
        if let Some(rest) = group.rest() {
            self.line("  ", Style::Faint, &rest, to)?;
        }
        if let Some(check) = group.check().filter(|_| self.explain) {
            writeln!(to)?;
            let page = markdown::render(&check.page(), self.width, self.colour);
            for line in page.lines() {
                writeln!(to, "{}", format!("  | {line}").trim_end())?;
            }
        }
        writeln!(to)
    }

    /// A fix that has just been said is not said again.
    fn example(&self, example: &Example, fix_before: Option<&str>, to: &mut dyn Write) -> io::Result<()> {
        let finding = &example.finding;
        self.line("  ", Style::Strong, &example.line, to)?;
        self.line("    ", Style::Plain, &finding.message, to)?;
        self.line("    evidence: ", Style::Faint, &finding.evidence, to)?;
        if fix_before != Some(finding.fix.as_str()) {
            self.line("    fix: ", Style::Plain, &finding.fix, to)?;
        }
        Ok(())
    }

    /// A text from elsewhere after `lead`; where it goes on in another line, that one is indented.
    fn line(&self, lead: &str, style: Style, text: &str, to: &mut dyn Write) -> io::Result<()> {
        let text = printable(text);
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(lead.len()).max(20));
        let indent = " ".repeat(lead.len() - lead.trim_start().len() + 2);
        for (nth, piece) in wrap(&text, room).iter().enumerate() {
            let lead = if nth == 0 { lead } else { &indent };
            writeln!(to, "{lead}{}", paint(self.colour, style, piece))?;
        }
        Ok(())
    }
}

impl Report for Text {
    fn exchange(&mut self, checked: &Rechecked, _to: &mut dyn Write) -> io::Result<()> {
        self.groups.add(checked);
        Ok(())
    }

    fn end(&mut self, tally: &Tally, to: &mut dyn Write) -> io::Result<()> {
        let groups = std::mem::take(&mut self.groups).sorted();
        for group in &groups {
            self.group(group, to)?;
        }
        match groups.iter().find_map(Group::check).filter(|_| !self.explain) {
            Some(check) => writeln!(to, "{tally}; `gatetap explain {}` says more", check.id),
            None => writeln!(to, "{tally}"),
        }
    }
}
