//! Keys that are sent to another host than theirs.

use crate::check::declare::check;
use crate::check::hosts::{self, Reach};
use crate::check::over_time::NEAR;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A key that one gateway has accepted in this session and that now goes to another host. Hosts on this
    /// machine are left alone.
    ///
    /// ## Why it matters
    ///
    /// The other host refuses it, and has seen it. Source:
    /// <https://nexorouter.com/en/docs/faq/api-key-invalid>.
    ///
    /// ## Example
    ///
    /// ```text
    /// #3  api.nexorouter.com   200  …ab12
    /// #4  openrouter.ai        401  …ab12
    /// ```
    ///
    /// ## What to do
    ///
    /// Set the base URL and the key of one gateway together, in one place. Replace the key if you do not
    /// trust the other host.
    pub static CHECK = {
        id: "leak-unexpected-host",
        severity: Warning,
        summary: "keys that are sent to another host than theirs",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let own = subject.own;
    let Some(credential) = subject.credentials().first().filter(|credential| credential.length > 0) else {
        return;
    };
    let host = hosts::host(hosts::authority(&own.url));
    if hosts::reach(host) == Reach::Loopback || host.is_empty() {
        return;
    }
    let accepted =
        subject.before().take(NEAR).filter(|past| past.fingerprint == own.fingerprint).find(|past| {
            let other = hosts::host(hosts::authority(&past.url));
            other != host
                && !other.is_empty()
                && hosts::reach(other) != Reach::Loopback
                && past.ended_by(own.started_at).is_some_and(|ended| ended.status == Some(200))
        });
    let Some(accepted) = accepted else { return };
    let theirs = hosts::authority(&accepted.url);
    let tail = credential.last4.as_deref().unwrap_or_default();
    found.push(
        Says {
            message: format!("the key …{tail} of `{theirs}` goes to `{host}`"),
            evidence: format!("`{theirs}` has accepted it; this request goes to {}", own.url),
            fix: format!("send the key of `{host}` there, or set the base URL back to `{theirs}`"),
        },
        [Place::Target, Place::Exchange(accepted.id)],
    );
}
