//! What support wants to know: every field that the gateway's pages ask for, and never a key.

use super::conclusion::Conclusion;
use super::facts::{Answer, Facts};
use super::settings::Settings;
use crate::exchange::credential::CredentialFacts;
use crate::export::json::rfc3339;

/// The note, as lines of text.
pub(super) fn note(
    settings: &Settings,
    facts: &Facts,
    conclusion: Conclusion,
    credential: Option<&CredentialFacts>,
) -> String {
    let works = |answer: Option<&Answer>| match answer {
        None => "not asked".to_owned(),
        Some(answer) if answer.is_good() => "works".to_owned(),
        Some(answer) => {
            let status =
                answer.status.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"));
            let code = answer.code.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
            format!("fails: {status}{code}, {}", answer.verdict)
        }
    };
    let asked = [&facts.models, &facts.chat, &facts.other, &facts.stream, &facts.straight];
    let asked: Vec<&Answer> = asked.into_iter().flatten().collect();
    // What is asked about is what failed, else what was asked last.
    let about = asked.iter().find(|answer| !answer.is_good()).or_else(|| asked.last());
    let mut lines = vec![
        format!("Conclusion: {} ({})", conclusion.says(), conclusion.id()),
        format!("Gateway: {}", settings.gateway.base_url()),
    ];
    if let Some(about) = about {
        lines.push(format!("Endpoint: {}", about.endpoint));
        lines.extend(about.model.as_ref().map(|model| format!("Model: {model}")));
        lines.push(format!("Time: {} (took {})", rfc3339(about.at), about.took));
        lines.extend(about.request_id.as_ref().map(|id| format!("Request ID: {id}")));
        lines.extend(about.status.map(|status| format!("HTTP status: {status}")));
        lines.extend(about.code.as_ref().map(|code| format!("Error code: {code}")));
    }
    lines.push(format!("GET /v1/models: {}", works(facts.models.as_ref())));
    lines.push(format!("Small call without streaming: {}", works(facts.chat.as_ref())));
    lines.push(format!("Another model: {}", works(facts.other.as_ref())));
    lines.push(format!("Small stream: {}", works(facts.stream.as_ref())));
    lines.push(match (&settings.key.variable, credential) {
        (None, None) => "Key: none".to_owned(),
        (Some(variable), None) => format!("Key: none ({variable} is not set)"),
        (variable, Some(credential)) => {
            let last4 = credential.last4.as_ref().map(|last4| format!("ending in {last4}"));
            let known: Vec<String> = variable.iter().cloned().chain(last4).collect();
            format!("Key: {}", if known.is_empty() { "set".to_owned() } else { known.join(", ") })
        }
    });
    lines.push(format!("Proxy: {}", facts.proxy.as_deref().unwrap_or("none")));
    lines.push(concat!("Client: gatetap ", env!("CARGO_PKG_VERSION")).to_owned());
    lines.join("\n")
}
