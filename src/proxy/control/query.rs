//! What stands behind the `?` of a control request.

use super::Refusal;
use crate::gateway::keys::percent_decode;
use http::StatusCode;

/// The parameters of a query in their order, each with its decoded value.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (&str, String)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // A form writes blanks as `+`.
        let value = percent_decode(value.replace('+', " ").as_bytes());
        (name, String::from_utf8_lossy(&value).into_owned())
    })
}

/// Why a request with this parameter is not served, where there are only the `known` ones.
pub(super) fn unknown(name: &str, known: &[&str]) -> Refusal {
    let be = if known.len() == 1 { "is" } else { "are" };
    let reason = format!("there is no parameter `{name}`; there {be} {}", known.join(" and "));
    Refusal::new(StatusCode::BAD_REQUEST, reason)
}
