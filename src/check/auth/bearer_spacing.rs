//! Keys that are not one space behind `Bearer`.

use super::{place_of, shown, wanted, with_defect};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::credential::Defect;

check! {
    /// ## What it looks for
    ///
    /// An `Authorization` header in which `Bearer` is glued to the key, or stands more than one space or a
    /// tab before it.
    ///
    /// ## Why it matters
    ///
    /// Exactly one space is asked for, and everything else is read as another key: the answer is 401
    /// `invalid_api_key`. Source: <https://nexorouter.com/en/docs/faq/api-key-invalid>.
    ///
    /// ## Example
    ///
    /// ```text
    /// Authorization: Bearersk-…ab12
    /// ```
    ///
    /// ## What to do
    ///
    /// Write `Bearer`, one space, and the key. The usual cause is a text put together from two variables, one
    /// of which holds a space of its own.
    pub static CHECK = {
        id: "auth-bearer-spacing",
        severity: Error,
        summary: "keys that are not one space behind `Bearer`",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    for (credential, defect) in with_defect(subject, &[Defect::GluedScheme, Defect::TwoSpaces, Defect::Tab]) {
        let message = match defect {
            Defect::GluedScheme => "`Bearer` is glued to the key",
            Defect::Tab => "a tab stands between `Bearer` and the key",
            _ => "more than one space stands between `Bearer` and the key",
        }
        .to_owned();
        found.push(
            Says {
                message,
                evidence: shown(credential),
                fix: format!("send {}, with exactly one space", wanted(subject, credential)),
            },
            [place_of(credential)],
        );
    }
}
