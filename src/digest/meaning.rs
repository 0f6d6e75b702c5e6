//! What an error is documented to mean.

use super::Digest;
use crate::gateway::errors::{self, ErrorCode};
use crate::gateway::profile::played_by;
use crate::wire::dialect::Dialect;

/// The documented error that an answer of `gateway` with this digest and status is, as far as one is known.
///
/// The gateway's own list is asked for the code, then for the stable kind beside it, then for a code that is
/// the status as a number. A gateway without a list of its own speaks like OpenAI or, by its dialect,
/// Anthropic; an error that no code names has no meaning here.
pub fn meaning(gateway: &str, digest: &Digest, status: Option<u16>) -> Option<&'static ErrorCode> {
    // A simulated gateway's errors are those of the gateway.
    let gateway = played_by(gateway);
    let own = errors::all().iter().any(|error| error.gateway == gateway);
    let gateway = match digest.dialect {
        _ if own => gateway,
        Dialect::Messages => "anthropic",
        _ => "openai",
    };
    let named = [&digest.error_code, &digest.error_kind]
        .into_iter()
        .flatten()
        .find_map(|code| errors::lookup(gateway, code));
    // The same code may come from a gateway behind the gateway.
    let elsewhere = || {
        // Anthropic's codes are kinds, which others give to errors of every sort.
        let code = digest.error_code.as_deref()?;
        errors::with_code(code).find(|error| error.gateway != "anthropic")
    };
    let by_number = || {
        let number: u16 = digest.error_code.as_deref()?.parse().ok()?;
        errors::with_status(gateway, number).next().or_else(|| errors::with_status(gateway, status?).next())
    };
    named.or_else(elsewhere).or_else(by_number)
}
