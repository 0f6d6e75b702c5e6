//! Keys that several apps share.

use crate::check::declare::check;
use crate::check::over_time::NEAR;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;
use std::collections::BTreeSet;

check! {
    /// ## What it looks for
    ///
    /// One key that was sent by three kinds of clients or more in this session, by their `User-Agent`. Said
    /// once a session.
    ///
    /// ## Why it matters
    ///
    /// Usage and limits can then not be told apart, and replacing the key stops all of them at once. Sources:
    /// <https://nexorouter.com/en/docs/faq/key-usage-investigation>,
    /// <https://nexorouter.com/en/docs/api-capabilities/api-keys>.
    ///
    /// ## Example
    ///
    /// ```text
    /// …ab12  OpenAI/Python, curl, axios
    /// ```
    ///
    /// ## What to do
    ///
    /// Give each app a key of its own; a name says in the usage log who it was.
    pub static CHECK = {
        id: "leak-shared-key",
        severity: Info,
        summary: "keys that several apps share",
        often: OncePerSession,
        thresholds: [("at_least", 3.0, "how many kinds of clients are several")],
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let (Some(_), Some(agent)) = (&own.fingerprint, &own.agent) else { return };
    let least = found.threshold("at_least");
    let mut families = BTreeSet::from([family(agent)]);
    let mut seen = Vec::new();
    for past in subject.before().take(NEAR).filter(|past| past.fingerprint == own.fingerprint) {
        if past.agent.as_deref().is_some_and(|agent| families.insert(family(agent))) {
            seen.push(past.id);
        }
    }
    if (families.len() as f64) < least {
        return;
    }
    let names: Vec<String> = families.iter().take(6).map(|family| format!("`{family}`")).collect();
    found.push(
        Says {
            message: format!("{} kinds of clients share one key", families.len()),
            evidence: names.join(", "),
            fix: "give each app a key of its own".to_owned(),
        },
        seen.into_iter().take(6).map(Place::Exchange),
    );
}

/// The product that a `User-Agent` names first.
fn family(agent: &str) -> &str {
    agent.split(['/', ' ']).next().unwrap_or(agent)
}
