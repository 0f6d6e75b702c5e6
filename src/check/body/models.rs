//! What checks of models share.

use crate::check::Context;
use crate::exchange::nearest::most_like;
use serde_json::{Map, Value};

/// So many listed ids are compared to find the nearest one.
const MOST_COMPARED: usize = 1_000;

/// The models that a body asks, with their pointers: `model`, and OpenRouter's `models`.
pub(super) fn asked(members: &Map<String, Value>) -> impl Iterator<Item = (String, &str)> {
    let one = members.get("model").and_then(Value::as_str).map(|model| ("/model".to_owned(), model));
    let list = members.get("models").and_then(Value::as_array).into_iter().flatten().take(16).enumerate();
    one.into_iter().chain(list.filter_map(|(at, model)| Some((format!("/models/{at}"), model.as_str()?))))
}

/// The ids that the gateway listed last, if it listed any.
pub(super) fn listed<'a>(context: &Context<'a>) -> Option<&'a [String]> {
    context.history.models(&context.exchange.gateway).filter(|models| !models.is_empty())
}

/// The id without OpenRouter's variant: `acme/small:nitro` is `acme/small`.
pub(super) fn bare<'a>(context: &Context<'_>, model: &'a str) -> &'a str {
    if context.is_gateway("openrouter") { model.split(':').next().unwrap_or(model) } else { model }
}

/// The id that is most like this one, if one is.
pub(super) fn nearest<'a>(model: &str, listed: &'a [String]) -> Option<&'a str> {
    // As far apart as the names of flags may be.
    const NEAR: f64 = 0.8;
    most_like(model, listed.iter().take(MOST_COMPARED).map(String::as_str), NEAR)
}
