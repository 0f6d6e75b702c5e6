//! What a path means in a profile.

use http::Method;

use super::ask::Form;
use super::profile::{Profile, Vendor};
use super::refusal::{Refusal, Skin};

/// The page that OpenRouter's website answers with where a path is not below its API.
const WEBSITE: &str = "<!DOCTYPE html><html lang=\"en\"><head><title>Not Found</title></head>\
<body><h1>404</h1><p>This page is the simulator's; the API is below /api/v1.</p></body></html>";

/// What an endpoint is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Endpoint {
    Models,
    Model(String),
    /// An API that writes.
    Text(Form),
    Embeddings,
    CountTokens,
    /// OpenRouter's account of a key.
    Key,
}

impl Endpoint {
    /// The endpoint at `path` in the profile, if there is one.
    pub(super) fn of(profile: &Profile, path: &str) -> Option<Self> {
        let rest = path.strip_prefix(&profile.base_path)?;
        let vendor = profile.vendor;
        let openai_like = vendor != Vendor::Anthropic;
        let more = matches!(vendor, Vendor::OpenAi | Vendor::OpenRouter);
        let messages = matches!(vendor, Vendor::Anthropic | Vendor::OpenRouter);
        match rest {
            "/models" => Some(Self::Models),
            "/chat/completions" if openai_like => Some(Self::Text(Form::Chat)),
            "/completions" if more => Some(Self::Text(Form::Completions)),
            "/responses" if more => Some(Self::Text(Form::Responses)),
            "/embeddings" if more => Some(Self::Embeddings),
            "/messages" if messages => Some(Self::Text(Form::Messages)),
            "/messages/count_tokens" if vendor == Vendor::Anthropic => Some(Self::CountTokens),
            "/key" if vendor == Vendor::OpenRouter => Some(Self::Key),
            _ => {
                let id = rest.strip_prefix("/models/").filter(|id| !id.is_empty())?;
                matches!(vendor, Vendor::OpenAi | Vendor::Anthropic).then(|| Self::Model(id.to_owned()))
            }
        }
    }

    pub(super) const fn method(&self) -> Method {
        match self {
            Self::Models | Self::Model(_) | Self::Key => Method::GET,
            Self::Text(_) | Self::Embeddings | Self::CountTokens => Method::POST,
        }
    }

    /// The value of `allow`.
    pub(super) const fn allow(&self) -> &'static str {
        match self {
            Self::Models | Self::Model(_) | Self::Key => "GET, OPTIONS",
            Self::Text(_) | Self::Embeddings | Self::CountTokens => "POST, OPTIONS",
        }
    }

    /// In whose manner it is spoken.
    pub(super) const fn skin(&self) -> Skin {
        match self {
            Self::Text(Form::Messages) | Self::CountTokens => Skin::Messages,
            Self::Text(Form::Responses) => Skin::Responses,
            _ => Skin::Chat,
        }
    }
}

/// The refusal of a path that is none, as that gateway has it.
pub(super) fn wrong_path(profile: &Profile, method: &Method, path: &str) -> Refusal {
    match profile.vendor {
        Vendor::NexoRouter | Vendor::OpenAi => {
            Refusal::uncoded(404, &format!("Invalid URL ({method} {path})"))
        }
        Vendor::OpenRouter if !path.starts_with(&profile.base_path) => {
            Refusal { page: Some(WEBSITE), ..Refusal::uncoded(404, "Not Found") }
        }
        Vendor::OpenRouter => Refusal::uncoded(404, "Not Found"),
        Vendor::Anthropic => Refusal::uncoded(404, "Not found"),
    }
}

/// The refusal of a method that the path does not take.
pub(super) fn wrong_method(profile: &Profile, method: &Method, path: &str) -> Refusal {
    match profile.vendor {
        Vendor::NexoRouter | Vendor::OpenAi => {
            Refusal::uncoded(405, &format!("Invalid method for URL ({method} {path})"))
        }
        Vendor::OpenRouter | Vendor::Anthropic => Refusal::uncoded(405, "Method Not Allowed"),
    }
}
