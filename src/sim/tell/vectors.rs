//! Embeddings: seeded vectors of length one; the same text gets the same vector.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;
use serde_json::Value;

use crate::sim::ask::{Rules, json};
use crate::sim::json::{Json, object};
use crate::sim::refusal::{Reason, Refusal};
use crate::sim::{estimated_tokens, hash};

/// The most inputs that one request may hold.
const MOST_INPUTS: usize = 2048;

/// The answer to a request for embeddings.
pub(in crate::sim) fn embeddings(rules: Rules<'_>, seed: u64, bytes: &[u8]) -> Result<String, Refusal> {
    let body = json(bytes)?;
    let (model, named) = rules.model(&body)?;
    let Some(own) = model.dimensions else {
        let message = format!("The model '{named}' does not make embeddings.");
        return Err(Refusal::invalid("model", &message));
    };
    let inputs = inputs(&body)?;
    let dimensions = match body.get("dimensions") {
        None | Some(Value::Null) => own,
        Some(wish) => wish
            .as_u64()
            .and_then(|wish| usize::try_from(wish).ok())
            .filter(|wish| (1..=own).contains(wish))
            .ok_or_else(|| Refusal::invalid("dimensions", &format!("dimensions must be 1 to {own}.")))?,
    };
    let as_base64 = match body.get("encoding_format").and_then(Value::as_str) {
        None | Some("float") => false,
        Some("base64") => true,
        Some(_) => {
            return Err(Refusal::invalid("encoding_format", "encoding_format must be float or base64."));
        }
    };
    let tokens: u64 = inputs.iter().map(|(_, tokens)| tokens).sum();
    if tokens > rules.max_input_tokens {
        return Err(Refusal::new(Reason::Tokens));
    }
    let data = inputs.iter().enumerate().map(|(index, (text, _))| {
        let vector = vector(hash(hash(seed, model.id.as_bytes()), text.as_bytes()), dimensions);
        let embedding = if as_base64 {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            Json::from(STANDARD.encode(bytes))
        } else {
            Json::of(&vector)
        };
        object! { "object": "embedding", "index": index, "embedding": embedding }
    });
    let answer = object! {
        "object": "list",
        "data": Json::array(data),
        "model": named,
        "usage": object! { "prompt_tokens": tokens, "total_tokens": tokens },
    };
    Ok(answer.into_text())
}

/// Each input as text, with its tokens: texts, or tokens that stand for themselves.
fn inputs(body: &Value) -> Result<Vec<(String, u64)>, Refusal> {
    let text = |text: &str| (text.to_owned(), estimated_tokens(text.len() as u64));
    let tokens = |tokens: &[Value]| (Value::from(tokens).to_string(), tokens.len() as u64);
    let wrong =
        || Refusal::invalid("input", "input must be a non-empty string, or a non-empty array of them.");
    match body.get("input") {
        Some(Value::String(input)) if !input.is_empty() => Ok(vec![text(input)]),
        Some(Value::Array(inputs)) if inputs.len() > MOST_INPUTS => Err(wrong()),
        Some(Value::Array(inputs)) if inputs.first().is_some_and(Value::is_number) => {
            Ok(vec![tokens(inputs)])
        }
        Some(Value::Array(inputs)) if !inputs.is_empty() => inputs
            .iter()
            .map(|input| match input {
                Value::String(input) if !input.is_empty() => Ok(text(input)),
                Value::Array(input) if !input.is_empty() => Ok(tokens(input)),
                _ => Err(wrong()),
            })
            .collect(),
        _ => Err(wrong()),
    }
}

fn vector(seed: u64, dimensions: usize) -> Vec<f32> {
    let mut rng = Rng::with_seed(seed);
    let drawn: Vec<f32> = std::iter::repeat_with(|| rng.f32().mul_add(2.0, -1.0)).take(dimensions).collect();
    let length = drawn.iter().map(|number| number * number).sum::<f32>().sqrt().max(f32::EPSILON);
    drawn.into_iter().map(|number| number / length).collect()
}
