//! Keys without a scheme.

use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::credential::Defect;
use crate::exchange::finding::Place;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// An `Authorization` header whose value is a key alone, without a scheme before it.
    ///
    /// ## Why it matters
    ///
    /// The key is not read, and the answer is 401 `invalid_api_key`, though the key may be good.
    /// Source: <https://nexorouter.com/en/docs/troubleshooting>, which names it first.
    ///
    /// ## Example
    ///
    /// ```text
    /// Authorization: sk-…ab12
    /// ```
    ///
    /// ## What to do
    ///
    /// Write `Bearer`, one space, then the key.
    pub static CHECK = {
        id: "auth-no-bearer",
        severity: Error,
        summary: "keys without `Bearer` before them",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    for credential in subject.credentials() {
        if credential.place != "authorization" || !credential.defects.contains(&Defect::NoScheme) {
            continue;
        }
        let tail = credential.last4.as_deref().unwrap_or_default();
        found.push(
            Says {
                message: "`Authorization` has a key but no scheme".to_owned(),
                evidence: format!("`Authorization: …{tail}`, {}", counted(credential.length, "byte")),
                fix: format!("send `Authorization: Bearer …{tail}`"),
            },
            [Place::Header(Side::Request, "authorization".to_owned())],
        );
    }
}
