//! Keys of a length that their vendor's keys do not have.

use super::{named, place_of, shown, with_defect};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::credential::Defect;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// A key with the gateway's own prefix whose length is another than that of all its keys.
    ///
    /// ## Why it matters
    ///
    /// A part of it was lost in copying, or something was added; the answer is 401. Sources:
    /// <https://nexorouter.com/en/docs/troubleshooting>, which names the incomplete copy; the lengths are
    /// those of <https://github.com/trufflesecurity/trufflehog> and <https://github.com/gitleaks/gitleaks>.
    ///
    /// ## Example
    ///
    /// ```text
    /// Authorization: Bearer sk-or-v1-…ab12      49 bytes; keys of OpenRouter have 73
    /// ```
    ///
    /// ## What to do
    ///
    /// Copy the whole key again. Many dashboards show it once only: then make a new one. Look for a limit of
    /// length where it is stored, and for a line break in the middle.
    pub static CHECK = {
        id: "auth-truncated-key",
        severity: Error,
        summary: "keys of a length that their vendor's keys do not have",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(profile) = subject.profile() else { return };
    for (credential, _) in with_defect(subject, &[Defect::WrongLength]) {
        // A key of another vendor is wrong at any length.
        if credential.vendor.is_none() || credential.vendor != profile.key_vendor {
            continue;
        }
        found.push(
            Says {
                message: format!(
                    "the key in {} has {}, which no key of {} has",
                    named(credential),
                    counted(credential.length, "byte"),
                    profile.title
                ),
                evidence: shown(credential),
                fix: format!("copy the whole key of {} again; see that nothing cuts it", profile.title),
            },
            [place_of(credential)],
        );
    }
}
