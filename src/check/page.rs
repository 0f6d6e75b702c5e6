//! The page of a check, in Markdown.

use super::declare::{Check, Often};

impl Check {
    /// Its page: what it is in short, then what its declaration says.
    pub fn page(&self) -> String {
        let mut page = format!("# {}\n\nFinds {}.\n\n", self.id, self.summary);
        let piece = format!("- severity: {}\n", self.severity.as_str());
        page.push_str(&piece);
        let piece = format!("- speaks: {}", self.run.stage().as_str());
        page.push_str(&piece);
        page.push_str(match self.often {
            Often::Each => "\n",
            Often::OncePerSession => ", once a session for each gateway\n",
        });
        for threshold in self.thresholds {
            let (name, default, about) = (threshold.name, threshold.default, threshold.about);
            let piece = format!("- threshold `{name}`: {default} unless set; {about}\n");
            page.push_str(&piece);
        }
        page.push('\n');
        page.push_str(&self.sections());
        page
    }

    /// What its declaration says: the sections of [`doc`](Self::doc), without the blank before each line.
    pub fn sections(&self) -> String {
        let mut sections = String::new();
        for line in self.doc.trim_end().lines() {
            sections.push_str(line.strip_prefix(' ').unwrap_or(line));
            sections.push('\n');
        }
        sections
    }
}
