//! Refusals: a documented error of the profile's gateway, with what this request has to do with it.

use serde_json::Value;

use super::json::{Json, object};
use super::profile::{Codes, Profile, Vendor};
use crate::gateway::errors::{self, Detail, ErrorCode, Shape};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Invalid,
    Key,
    Model,
    Bytes,
    Tokens,
    Rate,
    Quota,
    /// An error that has no code, with that status.
    Uncoded(u16),
}

/// One refusal.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    pub(super) message: Option<String>,
    pub(super) param: Option<String>,
    pub(super) model: Option<String>,
    pub(super) retry_after: Option<u64>,
    /// What is sent instead of an error body: a website's page.
    pub(super) page: Option<&'static str>,
}

/// In whose manner an API is spoken, where a gateway has several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skin {
    Chat,
    Responses,
    Messages,
}

impl Refusal {
    pub(super) fn new(reason: Reason) -> Self {
        Self { reason, message: None, param: None, model: None, retry_after: None, page: None }
    }

    /// A field that is not as it has to be.
    pub(super) fn invalid(param: &str, message: &str) -> Self {
        let message = Some(message.to_owned());
        Self { message, param: Some(param.to_owned()), ..Self::new(Reason::Invalid) }
    }

    /// A body that is not as it has to be.
    pub(super) fn body(message: &str) -> Self {
        Self { message: Some(message.to_owned()), ..Self::new(Reason::Invalid) }
    }

    pub(super) fn key(message: &str) -> Self {
        Self { message: Some(message.to_owned()), ..Self::new(Reason::Key) }
    }

    pub(super) fn model(id: &str) -> Self {
        Self { model: Some(id.to_owned()), ..Self::new(Reason::Model) }
    }

    pub(super) fn uncoded(status: u16, message: &str) -> Self {
        Self { message: Some(message.to_owned()), ..Self::new(Reason::Uncoded(status)) }
    }

    /// The error of the catalog that says this.
    pub(super) fn error(&self, profile: &Profile) -> Option<&'static ErrorCode> {
        let Codes { invalid, key, model, bytes, tokens, rate, quota, .. } = &profile.codes;
        let code = match self.reason {
            Reason::Invalid => invalid,
            Reason::Key => key,
            Reason::Model => model,
            Reason::Bytes => bytes,
            Reason::Tokens => tokens,
            Reason::Rate => rate,
            Reason::Quota => quota,
            Reason::Uncoded(_) => &None,
        };
        errors::lookup(&profile.name, code.as_deref()?)
    }

    pub(super) fn status(&self, profile: &Profile) -> u16 {
        match (self.error(profile), self.reason) {
            (Some(error), _) => error.status,
            (None, Reason::Uncoded(status)) => status,
            (None, Reason::Bytes) => 413,
            (None, _) => 400,
        }
    }

    /// The body, in the manner that is spoken.
    pub(super) fn body_text(&self, profile: &Profile, skin: Skin, request_id: &str) -> String {
        let message = self.message.clone().or_else(|| self.usual_message(profile));
        let detail = Detail {
            message: message.as_deref(),
            param: self.param.as_deref(),
            model: self.model.as_deref(),
            request_id: Some(request_id),
            retry_after: self.retry_after,
            ..Detail::default()
        };
        let error = self.error(profile);
        match (error, profile.vendor, skin) {
            (Some(error), Vendor::OpenRouter, Skin::Responses | Skin::Messages) => {
                skinned(error, &detail, skin).into_text()
            }
            (Some(error), ..) => error.body(&detail),
            (None, ..) => self.uncoded_body(profile, message.as_deref().unwrap_or_default(), request_id),
        }
    }

    /// What a gateway says where the catalog's words would not fit.
    fn usual_message(&self, profile: &Profile) -> Option<String> {
        match (profile.vendor, self.reason) {
            (Vendor::Anthropic, Reason::Model) => {
                Some(format!("model: {}", self.model.as_deref().unwrap_or_default()))
            }
            (Vendor::Anthropic, Reason::Tokens) => Some("prompt is too long".to_owned()),
            (_, Reason::Bytes) if self.error(profile).is_none() => {
                Some("The request body is too large.".to_owned())
            }
            _ => None,
        }
    }

    fn uncoded_body(&self, profile: &Profile, message: &str, request_id: &str) -> String {
        let status = u64::from(self.status(profile));
        match profile.shape {
            Shape::OpenAi => object! { "error": object! {
                "message": message,
                "type": "invalid_request_error",
                "param": self.param.as_ref(),
                "code": Json::null(),
            } },
            Shape::OpenRouter => object! { "error": object! { "message": message, "code": status } },
            Shape::Anthropic => {
                let kind = if status == 404 { "not_found_error" } else { "invalid_request_error" };
                object! {
                    "type": "error",
                    "error": object! { "type": kind, "message": message },
                    "request_id": request_id,
                }
            }
        }
        .into_text()
    }
}

/// OpenRouter's body for an error on its Responses or Messages API.
pub(super) fn skinned(error: &ErrorCode, detail: &Detail<'_>, skin: Skin) -> Json {
    let message = match detail.message {
        Some(message) => message.to_owned(),
        None => error.message.replace("{model}", detail.model.unwrap_or("unknown")),
    };
    let metadata = error.metadata.as_ref().and_then(|metadata| metadata.get("error_type"));
    let error_type = metadata.and_then(Value::as_str).or(error.kind.as_deref()).unwrap_or("unmapped");
    if skin == Skin::Responses {
        let code = match error_type {
            "invalid_request" | "context_length_exceeded" | "invalid_prompt" => "invalid_prompt",
            "rate_limit_exceeded" => "rate_limit_exceeded",
            "content_policy_violation" => "image_content_policy_violation",
            _ => "server_error",
        };
        return object! {
            "id": "resp_sim_refused",
            "status": "failed",
            "error": object! { "code": code, "message": message },
            "error_type": error_type,
        };
    }
    let kind = match error_type {
        "authentication" => "authentication_error",
        "payment_required" => "billing_error",
        "permission_denied" => "permission_error",
        "not_found" => "not_found_error",
        "rate_limit_exceeded" => "rate_limit_error",
        "payload_too_large" => "request_too_large",
        "provider_overloaded" => "overloaded_error",
        "timeout" => "timeout_error",
        _ if error.status == 400 => "invalid_request_error",
        _ => "api_error",
    };
    object! {
        "type": "error",
        "error": object! { "type": kind, "message": message, "error_type": error_type },
        "request_id": Json::null(),
    }
}
