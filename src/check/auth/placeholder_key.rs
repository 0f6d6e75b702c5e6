//! Placeholders where the key belongs.

use super::{named, place_of, shown, with_defect};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::credential::Defect;

check! {
    /// ## What it looks for
    ///
    /// A placeholder instead of a key, sent to a gateway that asks for one: `YOUR_API_KEY`, `<key>`,
    /// `${VAR}`, `undefined`, `None`, `null`, `xxxx`.
    ///
    /// ## Why it matters
    ///
    /// The variable with the key was not loaded in this process, or the example was never filled in; the
    /// answer is 401. Source: <https://nexorouter.com/en/docs/troubleshooting>.
    ///
    /// ## Example
    ///
    /// ```text
    /// Authorization: Bearer undefined
    /// ```
    ///
    /// ## What to do
    ///
    /// Set the variable where *this* process is started, and start it again: a shell, an editor, a container
    /// and a dev server each have an environment of their own. `undefined` and `None` are what JavaScript and
    /// Python write where the variable is not set at all.
    pub static CHECK = {
        id: "auth-placeholder-key",
        severity: Error,
        summary: "placeholders where the key belongs",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    // A server of one's own may take any key.
    let Some(profile) = subject.profile() else { return };
    for (credential, _) in with_defect(subject, &[Defect::Placeholder]) {
        found.push(
            Says {
                message: format!("{} has a placeholder where the key belongs", named(credential)),
                evidence: format!("{}, with the marks of a placeholder", shown(credential)),
                fix: format!(
                    "set `{}` in the environment of the app's own process and start it again",
                    profile.key_variable
                ),
            },
            [place_of(credential)],
        );
    }
}
