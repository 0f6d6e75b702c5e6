//! Keys that leave this machine unencrypted.

use crate::check::declare::check;
use crate::check::hosts::{self, Reach};
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::{Place, Severity};

check! {
    /// ## What it looks for
    ///
    /// A request with a credential that goes to a gateway by `http://` and not to this machine. An info where
    /// the address is private. Said once a session.
    ///
    /// ## Why it matters
    ///
    /// Everybody on the way can read the key and the prompts. Source:
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-17>.
    ///
    /// ## Example
    ///
    /// ```text
    /// --upstream http://llm.example.com
    /// ```
    ///
    /// ## What to do
    ///
    /// Use `https://`. In a network of one's own, a key of its own that is good for nothing else limits the
    /// harm.
    pub static CHECK = {
        id: "url-plain-http",
        severity: Warning,
        summary: "keys that leave this machine unencrypted",
        often: OncePerSession,
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let url = subject.exchange.url.as_str();
    let Some(credential) = subject.credentials().first().filter(|_| url.starts_with("http://")) else {
        return;
    };
    let authority = hosts::authority(url);
    let severity = match hosts::reach(hosts::host(authority)) {
        Reach::Loopback => return,
        Reach::Private => Severity::Info,
        Reach::Public => Severity::Warning,
    };
    found.push_as(
        severity,
        Says {
            message: format!("the key goes to `{authority}` unencrypted"),
            evidence: format!("sent to {url}, with a credential in `{}`", credential.place),
            fix: format!("set the upstream to `https://{authority}`"),
        },
        [Place::Target],
    );
}
