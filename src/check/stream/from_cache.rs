//! Streams replayed from a cache.

use super::flow::Flow;
use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;

check! {
    /// ## What it looks for
    ///
    /// A streamed answer whose head says that it came from a cache: `X-OpenRouter-Cache-Status: HIT`, or that
    /// of another gateway.
    ///
    /// ## Why it matters
    ///
    /// It comes at once, and its usage is zero. That looks like buffering and like a wrong bill, and is
    /// neither. Source: <https://openrouter.ai/docs/guides/features/response-caching>.
    ///
    /// ## Example
    ///
    /// ```text
    /// X-OpenRouter-Cache-Status: HIT
    /// ```
    ///
    /// ## What to do
    ///
    /// Nothing, unless a fresh answer was wanted: then turn the cache off for this request.
    pub static CHECK = {
        id: "stream-from-cache",
        severity: Info,
        summary: "streams replayed from a cache",
        often: OncePerSession,
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some((name, flow)) = super::is_from_cache(subject).zip(Flow::of(subject)) else { return };
    let value = subject.head().and_then(|head| head.headers.text(name)).unwrap_or_default();
    found.push(
        Says::new(
            "the stream was replayed from a cache, so that it came at once is no sign of buffering",
            format!("`{name}: {value}`; {} pieces in {}", flow.pieces, flow.span()),
            "nothing to do; turn the cache off where a fresh answer is wanted",
        ),
        [Place::response_header(name)],
    );
}
