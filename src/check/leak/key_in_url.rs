//! Keys in URLs.

use crate::check::auth::is_signature;
use crate::check::declare::check;
use crate::check::hosts;
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::finding::Place;
use crate::exchange::text::counted;

check! {
    /// ## What it looks for
    ///
    /// A key in the query of a call (`?key=`, `?api_key=`, `?access_token=`), or a key's shape in its path.
    /// Google's API, which documents `?key=`, is left alone, and so are signatures of signed URLs.
    ///
    /// ## Why it matters
    ///
    /// URLs are written down everywhere: in logs of servers and proxies, in histories of browsers, in
    /// `Referer` headers. A header is not. Source: <https://www.rfc-editor.org/rfc/rfc6750#section-5.3>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST /v1/chat/completions?api_key=sk-…ab12 HTTP/1.1
    /// ```
    ///
    /// ## What to do
    ///
    /// Send the key in a header, `Authorization: Bearer KEY`, and replace the key: it lies in logs by now.
    pub static CHECK = {
        id: "leak-key-in-url",
        severity: Error,
        summary: "keys in URLs",
        run: Request(run),
    }
}

/// What is shorter is no key.
const LEAST: u64 = 8;

/// So many asterisks in a row stand for a key.
const MASKED: &str = "********";

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let host = hosts::host(hosts::authority(&subject.exchange.url));
    if host == "googleapis.com" || host.ends_with(".googleapis.com") {
        return;
    }
    let in_query = subject
        .credentials()
        .iter()
        .find(|one| one.place.starts_with('?') && !is_signature(one) && one.length >= LEAST);
    let (what, evidence) = match in_query {
        Some(credential) => {
            let tail = credential.last4.as_deref().unwrap_or_default();
            let name = credential.place.trim_start_matches('?');
            (
                format!("the query has a key in `{name}`"),
                format!("`?{name}=…{tail}`, {}", counted(credential.length, "byte")),
            )
        }
        None if subject.path().contains(MASKED) => {
            ("the path has a key in it".to_owned(), format!("`{}`", subject.path()))
        }
        None => return,
    };
    found.push(
        Says {
            message: format!("{what}, where every log on the way keeps it"),
            evidence,
            fix: match subject.profile() {
                Some(profile) => format!(
                    "send it as `{}: {}`, and replace the key",
                    profile.auth.header(),
                    profile.auth.value("KEY")
                ),
                None => "send it as `Authorization: Bearer KEY`, and replace the key".to_owned(),
            },
        },
        [Place::Target],
    );
}
