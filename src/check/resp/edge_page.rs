//! Error pages of a CDN.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A refusal (403 or 5xx) whose body is a web page.
    ///
    /// ## Why it matters
    ///
    /// The API never saw the request, or its answer did not come through: a CDN or a proxy in between answered.
    /// SDKs find no error in it and show the page. Source:
    /// <https://community.openai.com/t/error-code-524-message-gateway-timeout-param-none-type-cf-gateway-timeout/219369>.
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP/1.1 502 Bad Gateway
    /// Content-Type: text/html
    /// CF-Ray: 8f0…-FRA
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask again; for support, quote the ray id and the time. A 403 page is mostly a rule against the client's
    /// address or `User-Agent`.
    pub static CHECK = {
        id: "resp-edge-page",
        severity: Warning,
        summary: "error pages of a CDN or a proxy in place of the API's error",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(head) = subject.head() else { return };
    let refused = head.status >= 500 || head.status == 403;
    if !refused || !super::is_page(subject) || subject.exchange.own_answer.is_some() {
        return;
    }
    let text = |name: &str| head.headers.text(name).map(|value| value.chars().take(80).collect::<String>());
    let ids: Vec<(&str, String)> = ["cf-ray", "x-amz-cf-id", "x-vercel-id", "via", "server"]
        .into_iter()
        .filter_map(|name| Some((name, text(name)?)))
        .collect();
    let named: Vec<String> = ids.iter().map(|(name, value)| format!("`{name}: {value}`")).collect();
    let title = subject.digest.error_message.as_deref().unwrap_or("a web page");
    let title: String = title.chars().take(120).collect();
    let by = if named.is_empty() { String::new() } else { format!("; {}", named.join(", ")) };
    let quote = ids.first().filter(|(name, _)| *name != "server" && *name != "via");
    let fix = match (head.status, quote) {
        (403, _) => {
            "ask from another network, or with another `User-Agent`: a rule in front of the API said no"
                .to_owned()
        }
        (_, Some((name, value))) => format!("ask again; for support quote `{name}: {value}`"),
        (_, None) => "ask again; look at the hop that the evidence names".to_owned(),
    };
    found.push(
        Says::new(
            format!("status {} came as a web page: a CDN or a proxy answered, not the API", head.status),
            format!("{title}{by}"),
            fix,
        ),
        ids.first().map(|(name, _)| Place::response_header(name)),
    );
}
