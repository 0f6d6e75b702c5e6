//! Apps that change their key within a session.

use super::{for_gateway, place_of, tail};
use crate::check::Past;
use crate::check::declare::check;
use crate::check::over_time::NEAR;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// An app, known by its `User-Agent` and address, that sends another key to the same gateway than it did
    /// before in this session.
    ///
    /// ## Why it matters
    ///
    /// Often that is several `.env` files, or a tool that falls back to a key of its own: usage and limits
    /// are then split over two keys. Source: <https://nexorouter.com/en/docs/api-capabilities/api-keys>.
    ///
    /// ## Example
    ///
    /// ```text
    /// #3  …ab12  OpenAI/Python 3.52.0
    /// #4  …cd34  OpenAI/Python 3.52.0
    /// ```
    ///
    /// ## What to do
    ///
    /// If that was not meant, use one key for each app and environment, and see which file or variable the
    /// second one comes from.
    pub static CHECK = {
        id: "auth-key-changed-midway",
        severity: Info,
        summary: "apps that change their key within a session",
        often: OncePerSession,
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let (Some(fingerprint), Some(_)) = (&own.fingerprint, &own.agent) else { return };
    let same_app = |past: &&Past| {
        past.agent == own.agent
            && past.peer == own.peer
            && past.gateway == own.gateway
            && past.fingerprint.is_some()
    };
    let Some(past) = subject.before().take(NEAR).find(same_app) else { return };
    if past.fingerprint.as_ref() == Some(fingerprint) {
        return;
    }
    let Some(credential) = for_gateway(subject).next() else { return };
    found.push(
        Says {
            message: format!("the app now sends the key {}; before it sent another", tail(credential)),
            evidence: format!("both from `{}`", own.agent.as_deref().unwrap_or_default()),
            fix: "if that is not meant, look for a second `.env` file or variable; use one key for each app"
                .to_owned(),
        },
        [place_of(credential), Place::Exchange(past.id)],
    );
}
