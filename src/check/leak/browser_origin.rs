//! Keys that are sent from a browser.

use crate::check::declare::check;
use crate::check::hosts::{self, Reach};
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::{Place, Severity};

check! {
    /// ## What it looks for
    ///
    /// A credential together with an `Origin` of a web page, or with
    /// `anthropic-dangerous-direct-browser-access`. A page on this machine is a warning: it is on its way to
    /// one. Node's own `fetch`, desktop apps and editors are left alone.
    ///
    /// ## Why it matters
    ///
    /// A key in a page belongs to everybody who opens it. Sources:
    /// <https://nexorouter.com/en/docs/scenarios/candidate-checklist>,
    /// <https://github.com/anthropics/anthropic-sdk-typescript>.
    ///
    /// ## Example
    ///
    /// ```text
    /// Origin: https://app.example.com
    /// Authorization: Bearer sk-…ab12
    /// ```
    ///
    /// ## What to do
    ///
    /// Call the gateway from your own server, and the server from the page. Replace the key if the page was
    /// public.
    pub static CHECK = {
        id: "leak-browser-origin",
        severity: Error,
        summary: "keys that are sent from a browser",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    // Desktop apps are made of a browser, and have the key on their user's own machine.
    let is_desktop = subject.agent().is_some_and(|agent| agent.contains("Electron/"));
    let Some(credential) = subject.credentials().first().filter(|_| !is_desktop) else { return };
    let header = |name: &str| Place::Header(Side::Request, name.to_owned());
    let origin = subject.headers().text("origin").filter(|origin| origin.starts_with("http"));
    let flag = subject.headers().text("anthropic-dangerous-direct-browser-access").map(str::trim);
    let (severity, evidence, place) = match (origin, flag) {
        (Some(origin), _) => {
            let is_here = hosts::reach(hosts::host(hosts::authority(origin))) != Reach::Public;
            let severity = if is_here { Severity::Warning } else { Severity::Error };
            (severity, format!("`Origin: {origin}`"), header("origin"))
        }
        (None, Some("true")) => (
            Severity::Error,
            "`anthropic-dangerous-direct-browser-access: true`".to_owned(),
            header("anthropic-dangerous-direct-browser-access"),
        ),
        _ => return,
    };
    let tail = credential.last4.as_deref().unwrap_or_default();
    found.push_as(
        severity,
        Says {
            message: format!("a web page sends the key …{tail}, which all who open it can read"),
            evidence,
            fix: "let your own server call the gateway, and replace the key if the page was public"
                .to_owned(),
        },
        [place],
    );
}
