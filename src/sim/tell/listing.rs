//! Lists of models, and what a key may still do.

use crate::sim::ask::key::Key;
use crate::sim::json::{Json, object};
use crate::sim::profile::{Model, Profile, Vendor};

/// When the models came to be; no gateway's answer depends on it.
const CREATED: u64 = 1_760_000_000;
const CREATED_AT: &str = "2025-10-09T08:53:20Z";

/// The list of models that exist for a key.
pub(in crate::sim) fn models(profile: &Profile, key: Key) -> String {
    let models = profile.models_for(key);
    let data = Json::array(models.iter().map(|model| one(profile, model)));
    match profile.vendor {
        Vendor::Anthropic => object! {
            "data": data,
            "has_more": false,
            "first_id": models.first().map(|model| &model.id),
            "last_id": models.last().map(|model| &model.id),
        },
        Vendor::OpenRouter => object! { "data": data },
        Vendor::NexoRouter | Vendor::OpenAi => object! { "object": "list", "data": data },
    }
    .into_text()
}

/// One model of the list.
pub(in crate::sim) fn model(profile: &Profile, model: &Model) -> String {
    one(profile, model).into_text()
}

fn one(profile: &Profile, model: &Model) -> Json {
    let title = model.title.as_ref().unwrap_or(&model.id);
    match profile.vendor {
        Vendor::Anthropic => object! {
            "type": "model",
            "id": &model.id,
            "display_name": title.as_str(),
            "created_at": CREATED_AT,
        },
        Vendor::OpenRouter => object! {
            "id": &model.id,
            "canonical_slug": &model.id,
            "name": title.as_str(),
            "created": CREATED,
            "description": "A model of the simulator.",
            "context_length": 128_000_u64,
            "architecture": object! {
                "modality": "text->text",
                "input_modalities": Json::of(&["text"]),
                "output_modalities":
                    Json::of(&[if model.dimensions.is_some() { "embeddings" } else { "text" }]),
                "tokenizer": "Other",
                "instruct_type": Json::null(),
            },
            "pricing": object! { "prompt": "0.00000015", "completion": "0.0000006" },
            "top_provider": object! {
                "context_length": 128_000_u64,
                "max_completion_tokens": 16_384_u64,
                "is_moderated": false,
            },
            "per_request_limits": Json::null(),
            "supported_parameters": Json::of(&[
                "max_tokens", "reasoning", "response_format", "stop", "temperature", "tool_choice", "tools", "top_p",
            ]),
        },
        Vendor::NexoRouter | Vendor::OpenAi => object! {
            "id": &model.id,
            "object": "model",
            "created": CREATED,
            "owned_by": if profile.vendor == Vendor::OpenAi { "system" } else { "sim" },
        },
    }
}

/// OpenRouter's account of a key.
pub(in crate::sim) fn key(key: Key) -> String {
    let broke = key == Key::Broke;
    object! { "data": object! {
        "label": "sk-or-v1-sim...sim",
        "limit": if broke { 5.0 } else { 100.0 },
        "limit_reset": Json::null(),
        "limit_remaining": if broke { 0.0 } else { 74.5 },
        "include_byok_in_limit": false,
        "usage": if broke { 5.0 } else { 25.5 },
        "usage_daily": 0.0,
        "usage_weekly": 0.0,
        "usage_monthly": 0.0,
        "is_free_tier": false,
    } }
    .into_text()
}
