//! Keys with white space or foreign characters in them.

use super::{named, place_of, shown, wanted, with_defect};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::credential::Defect;

check! {
    /// ## What it looks for
    ///
    /// White space or a control character inside or behind a key, or a character beyond ASCII.
    ///
    /// ## Why it matters
    ///
    /// It belongs to what is compared, so a good key is answered with 401. It comes from copying and pasting:
    /// a line end from a file, a space from a web page, a dash or a hidden character that an editor put
    /// there. Source: <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// Authorization: Bearer sk-…ab12%20
    /// ```
    ///
    /// ## What to do
    ///
    /// Copy the key once more, and trim it where it is read: `.strip()` in Python, `.trim()` in JavaScript.
    /// `printf %s "$KEY" | xxd` shows what is in it.
    pub static CHECK = {
        id: "auth-whitespace-in-key",
        severity: Error,
        summary: "keys with white space or foreign characters in them",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    for (credential, defect) in with_defect(subject, &[Defect::Whitespace, Defect::NonAscii]) {
        if credential.defects.contains(&Defect::Placeholder) {
            continue;
        }
        let what = match defect {
            Defect::NonAscii => "a character beyond ASCII",
            _ => "white space or a control character",
        };
        found.push(
            Says {
                message: format!("the key in {} holds {what}", named(credential)),
                evidence: shown(credential),
                fix: format!("copy the key again and trim it, then send {}", wanted(subject, credential)),
            },
            [place_of(credential)],
        );
    }
}
