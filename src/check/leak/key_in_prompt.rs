//! Keys in prompts.

use crate::check::Past;
use crate::check::declare::check;
use crate::check::over_time::{NEAR, ended_at};
use crate::check::{Found, Says, Subject};
use crate::exchange::body::Side;
use crate::exchange::finding::{Place, Span};

check! {
    /// ## What it looks for
    ///
    /// A secret that gatetap hid in the body of a request: something of a known key's shape, or the very key
    /// that the request carries. Also a private key in PEM form in what the last turn brings. A conversation
    /// that goes on is told of once, until there are more.
    ///
    /// ## Why it matters
    ///
    /// What stands in a prompt is kept by the gateway and the provider, and may come back in an answer.
    /// Source: <https://nexorouter.com/docs/faq/data-security>.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"role":"user","content":"my .env: OPENAI_API_KEY=sk-proj-…"}
    /// ```
    ///
    /// ## What to do
    ///
    /// Replace the key, then keep it out: leave `.env` and key files out of what an agent may read, and
    /// filter what tools return.
    pub static CHECK = {
        id: "leak-key-in-prompt",
        severity: Error,
        summary: "keys in prompts",
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let (hidden, own) = (subject.context.exchange.request_hidden, subject.own);
    let count = hidden.count + u64::from(subject.request.private_key);
    if count == 0 || !subject.dialect().generates() {
        return;
    }
    let now = ended_at(subject);
    let same = |past: &&Past| {
        past.agent == own.agent && past.fingerprint == own.fingerprint && past.path == own.path
    };
    let earlier = subject.before().take(NEAR).filter(same).filter(|past| past.request.messages > 0);
    // The turn before this one in the same conversation has fewer messages, or it is another attempt.
    let before = earlier
        .filter(|past| past.request.messages <= own.request.messages)
        .find_map(|past| past.ended_by(now));
    if before.is_some_and(|ended| ended.hidden >= count) {
        return;
    }
    let place = match hidden.first {
        Some(offset) => Place::Bytes(Side::Request, Span { offset, length: 1 }),
        None => Place::Json(Side::Request, "/messages".to_owned()),
    };
    let what = match (hidden.own, subject.request.private_key) {
        (0, true) if hidden.count == 0 => "a private key in PEM form",
        (0, _) => "what has the shape of a key",
        _ => "the key that the request itself is sent with",
    };
    found.push(
        Says {
            message: format!("the prompt holds {what}"),
            evidence: match hidden.first {
                Some(at) => format!(
                    "{count} in {} bytes of body, the first at byte {at}; hidden in the recording",
                    subject.context.exchange.request_bytes
                ),
                None => "the line `PRIVATE KEY-----` in the last turn; the recording keeps it".to_owned(),
            },
            fix: "replace the key, and keep files and tool results with keys out of the prompt".to_owned(),
        },
        [place],
    );
}
