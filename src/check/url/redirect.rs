//! Calls that are redirected.

use super::endpoint;
use crate::check::declare::check;
use crate::check::hosts;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// An API call answered with 301, 302, 303, 307 or 308.
    ///
    /// ## Why it matters
    ///
    /// Clients that follow turn a POST into a GET at 301 to 303, and leave `Authorization` behind when the
    /// host changes: the request that arrives has no body or no key. Source:
    /// <https://www.rfc-editor.org/rfc/rfc9110#section-15.4>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 308 Permanent Redirect
    /// Location: https://api.example.com/v1/chat/completions
    /// ```
    ///
    /// ## What to do
    ///
    /// Set the base URL to where the redirect leads.
    pub static CHECK = {
        id: "url-redirect",
        severity: Warning,
        summary: "calls that are redirected",
        run: Stream(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let status = subject.status();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) || !subject.is_api_call() {
        return;
    }
    let location = subject.head().and_then(|head| head.headers.text("location"));
    let asked = hosts::authority(&subject.context.exchange.url);
    let loses = if status <= 303 { "; a client that follows sends a GET without a body" } else { "" };
    found.push(
        Says {
            message: format!("the call is redirected with {status}{loses}"),
            evidence: match location {
                Some(location) => format!("`Location: {location}`"),
                None => "there is no `Location`".to_owned(),
            },
            fix: match location {
                Some(location) if endpoint(hosts::path(location)).is_some() => {
                    format!("set the base URL so that the request goes to `{location}` at once")
                }
                _ => format!(
                    "that is no address of an API: see who answers at `{asked}`, a login or a wrong base URL"
                ),
            },
        },
        [Place::Header(Side::Response, "location".to_owned())],
    );
}
