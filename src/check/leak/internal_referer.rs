//! Referers that name an address inside.

use crate::check::declare::check;
use crate::check::hosts::{self, Reach};
use crate::check::{Found, RequestSubject, Says};
use crate::exchange::body::Side;
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// An `HTTP-Referer` or `Referer` on this machine or in a private network, sent to OpenRouter. Said once
    /// a session.
    ///
    /// ## Why it matters
    ///
    /// It becomes the app's identity there, and an address inside says something of your network; one on
    /// `localhost` is taken only together with `X-OpenRouter-Title`. Source:
    /// <https://github.com/OpenRouterTeam/docs> (`app-attribution.mdx`).
    ///
    /// ## Example
    ///
    /// ```text
    /// HTTP-Referer: http://10.0.0.5:3000
    /// ```
    ///
    /// ## What to do
    ///
    /// Send the app's public address and a title, or neither.
    pub static CHECK = {
        id: "leak-internal-referer",
        severity: Info,
        summary: "referers that name an address inside",
        often: OncePerSession,
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    if !subject.is_gateway("openrouter") {
        return;
    }
    let referer = |name: &'static str| Some((name, subject.headers().text(name)?));
    let Some((name, referer)) = referer("http-referer").or_else(|| referer("referer")) else { return };
    let reach = hosts::reach(hosts::host(hosts::authority(referer)));
    let has_title =
        ["x-openrouter-title", "x-title"].iter().any(|title| subject.headers().first(title).is_some());
    let message = match reach {
        Reach::Loopback if !has_title => {
            "the app names itself by `localhost` and without a title, so it is not counted as one"
        }
        Reach::Loopback | Reach::Private => "the app names itself by an address inside",
        Reach::Public => return,
    };
    found.push(
        Says {
            message: message.to_owned(),
            evidence: format!("`{name}: {}`", hosts::authority(referer)),
            fix: "send the app's public address as `HTTP-Referer` and its name as `X-OpenRouter-Title`, or neither".to_owned(),
        },
        [Place::Header(Side::Request, name.to_owned())],
    );
}
