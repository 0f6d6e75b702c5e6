//! Calls of the documentation's local address.

use crate::check::declare::check;
use crate::check::hosts::{self, Reach};
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// An upstream at `localhost:3001`. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// NexoRouter's documentation prints `http://localhost:3001/v1` as the base URL for developing the
    /// gateway itself; copied from there it leads nowhere, or to another program. Source:
    /// <https://nexorouter.com/en/docs>.
    ///
    /// ## Example
    ///
    /// ```text
    /// --upstream http://localhost:3001/v1
    /// ```
    ///
    /// ## What to do
    ///
    /// If you do not run the gateway yourself, use `https://api.nexorouter.com/v1`.
    pub static CHECK = {
        id: "url-local-dev-upstream",
        severity: Info,
        summary: "calls of the documentation's local address",
        often: OncePerSession,
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let authority = hosts::authority(&subject.exchange.url);
    let Some(host) = authority.strip_suffix(":3001") else { return };
    if hosts::reach(hosts::host(host)) != Reach::Loopback {
        return;
    }
    found.push(
        Says {
            message: format!(
                "the upstream is `{authority}`, the local address of NexoRouter's documentation"
            ),
            evidence: format!("sent to {}", subject.exchange.url),
            fix: "if no gateway of yours runs there, set the upstream to `https://api.nexorouter.com/v1`"
                .to_owned(),
        },
        [Place::Target],
    );
}
