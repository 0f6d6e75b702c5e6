//! HTML pages where an API should answer.

use super::right_base;
use crate::check::declare::check;
use crate::check::hosts;
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;
use crate::wire::media;

check! {
    /// ## What it looks for
    ///
    /// A call of an API that is answered with an HTML page, at a status below 500: a wrong base URL, a login
    /// page, or a block by a CDN.
    ///
    /// ## Why it matters
    ///
    /// SDKs do not notice at status 200: OpenAI's and Anthropic's give a text where an object is due, and
    /// streams yield nothing at all, without an error. Measured with openai 3.52.0 for Python and others.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 200 OK
    /// Content-Type: text/html
    ///
    /// <!doctype html><title>Sign in</title>…
    /// ```
    ///
    /// ## What to do
    ///
    /// Read the page's title: it names who answered. Then set the base URL to that of the API, or sign in to
    /// the network that shows its own page.
    pub static CHECK = {
        id: "url-html-reply",
        severity: Error,
        summary: "HTML pages where an API should answer",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let (Some(head), exchange) = (subject.head(), subject.context.exchange) else { return };
    // A redirect is another matter, and so is a page of an edge that failed.
    let has_page = matches!(head.status, 200..=299 | 400..=499);
    if !has_page || !subject.is_api_call() || exchange.own_answer.is_some() {
        return;
    }
    let declared = head.headers.text("content-type").is_some_and(|kind| media::is(kind, "text/html"));
    let start = subject.plain.trim_ascii_start().get(..9).unwrap_or_default().to_ascii_lowercase();
    let looks = start.starts_with(b"<!doctype") || start.starts_with(b"<html");
    if !declared && !looks {
        return;
    }
    let title = subject.digest.error_message.as_deref().or_else(|| page_title(subject.plain));
    let title = title.map(|title| format!(", title `{}`", short(title))).unwrap_or_default();
    found.push(
        Says {
            message: format!("`{}` is answered with an HTML page", subject.path()),
            evidence: format!(
                "status {}, content type `{}`{title}",
                head.status,
                head.headers.text("content-type").unwrap_or("none")
            ),
            fix: format!(
                "see whose page that is at {}; the API of this app is at `{}`",
                hosts::authority(&exchange.url),
                right_base(subject)
            ),
        },
        [Place::Header(Side::Response, "content-type".to_owned())],
    );
}

/// What stands in the page's `<title>`, as far as its start has one.
fn page_title(page: &[u8]) -> Option<&str> {
    let start = page.get(..page.len().min(4096))?;
    let text = std::str::from_utf8(start)
        .or_else(|error| std::str::from_utf8(start.get(..error.valid_up_to()).unwrap_or_default()))
        .ok()?;
    let (_, after) = text.split_once("<title>")?;
    Some(after.split_once("</")?.0.trim())
}

fn short(title: &str) -> String {
    title.chars().take(80).collect()
}
