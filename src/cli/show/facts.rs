//! Facts of an exchange in words, not yet made safe to show.

use super::Shown;
use crate::digest::{Digest, Usage};
use crate::exchange::credential::CredentialFacts;

pub(super) fn client(shown: &Shown) -> String {
    let client = &shown.whole.summary.digest.client;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(client.agent.clone());
    parts.extend(shown.whole.exchange.peer.as_ref().map(|peer| format!("from {peer}")));
    parts.extend(client.retry_count.filter(|count| *count > 0).map(|count| format!("attempt {}", count + 1)));
    parts.extend(client.timeout_s.map(|timeout| format!("gives up after {timeout} s")));
    if parts.is_empty() {
        parts.push("says nothing of itself".to_owned());
    }
    parts.join(", ")
}

pub(super) fn model(digest: &Digest) -> Option<String> {
    match (&digest.model, &digest.model_answered) {
        (Some(asked), Some(answered)) if asked != answered => {
            Some(format!("{asked}, answered by {answered}"))
        }
        (Some(model), _) => Some(model.clone()),
        (None, Some(answered)) => Some(format!("none asked for, answered by {answered}")),
        (None, None) => None,
    }
}

pub(super) fn key(facts: &CredentialFacts) -> String {
    let mut parts = vec![format!(
        "in {}{}",
        facts.place,
        facts.scheme.as_ref().map(|scheme| format!(" after {scheme}")).unwrap_or_default()
    )];
    parts.extend(facts.vendor.as_ref().map(|vendor| format!("looks like {vendor}")));
    parts.push(counted(facts.length, "byte"));
    parts.extend(facts.last4.as_ref().map(|last| format!("ends in {last}")));
    parts.push(format!("fingerprint {}", facts.fingerprint));
    if !facts.defects.is_empty() {
        let defects: Vec<&str> = facts.defects.iter().map(|defect| defect.as_str()).collect();
        parts.push(format!("defects: {}", defects.join(", ")));
    }
    parts.join(", ")
}

pub(super) fn tokens(usage: &Usage) -> Option<String> {
    let parts: Vec<String> = [
        (usage.input, "in"),
        (usage.output, "out"),
        (usage.total, "in all"),
        (usage.cached, "from a cache"),
        (usage.reasoning, "for reasoning"),
    ]
    .into_iter()
    .filter_map(|(count, what)| count.map(|count| format!("{count} {what}")))
    .chain(usage.cost.map(|cost| format!("cost {cost}")))
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

pub(super) fn error(digest: &Digest) -> Option<String> {
    match (&digest.error_code, &digest.error_message) {
        (Some(code), Some(message)) => Some(format!("{code}: {message}")),
        (code, message) => code.clone().or_else(|| message.clone()),
    }
}

/// `count` of something.
pub(super) fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}
