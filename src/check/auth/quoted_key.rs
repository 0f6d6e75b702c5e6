//! Keys in quotes.

use super::{named, place_of, shown, wanted, with_defect};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::credential::Defect;

check! {
    /// ## What it looks for
    ///
    /// A credential that begins or ends with a quote.
    ///
    /// ## Why it matters
    ///
    /// The quotes are sent as a part of the key, and no key has them: the answer is 401. Source:
    /// <https://nexorouter.com/en/docs/faq/api-key-invalid>.
    ///
    /// ## Example
    ///
    /// ```text
    /// Authorization: Bearer "sk-…ab12"
    /// ```
    ///
    /// ## What to do
    ///
    /// Take the quotes out where the key is set. Shells and most readers of `.env` files take them off;
    /// `docker --env-file`, systemd's `EnvironmentFile` of old, and secrets pasted into a web form do not.
    pub static CHECK = {
        id: "auth-quoted-key",
        severity: Error,
        summary: "keys in quotes",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    for (credential, _) in with_defect(subject, &[Defect::Quoted]) {
        let message = format!("the key in {} stands in quotes", named(credential));
        found.push(
            Says {
                message,
                evidence: shown(credential),
                fix: format!(
                    "send {}, without quotes; take them out of the `.env` file or secret that holds the key",
                    wanted(subject, credential)
                ),
            },
            [place_of(credential)],
        );
    }
}
