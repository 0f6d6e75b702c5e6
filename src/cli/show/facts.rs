//! Facts of an exchange in words, not yet made safe to show.

use super::Shown;
use crate::digest::{ArgumentsState, Digest, RateState, Sdk, ToolCall, Usage};
use crate::exchange::credential::CredentialFacts;
use crate::exchange::text::counted;
use crate::gateway::errors::{Confidence, ErrorCode, Retry};

pub(super) fn client(shown: &Shown) -> String {
    let client = &shown.whole.summary.digest.client;
    let mut parts: Vec<String> = Vec::new();
    parts.extend(client.agent.clone());
    let sdk = Sdk::of(&shown.whole.exchange.request.headers);
    if sdk.is_some() && client.agent.as_deref().and_then(Sdk::of_agent) != sdk {
        parts.extend(sdk.map(|sdk| format!("which is {sdk}")));
    }
    parts.extend(shown.whole.exchange.peer.as_ref().map(|peer| format!("from {peer}")));
    parts.extend(client.retry_count.filter(|count| *count > 0).map(|count| format!("attempt {}", count + 1)));
    parts.extend(client.timeout_s.map(|timeout| format!("gives up after {timeout} s")));
    if parts.is_empty() {
        parts.push("says nothing of itself".to_owned());
    }
    parts.join(", ")
}

pub(super) fn model(digest: &Digest) -> Option<String> {
    let model = match (&digest.model, &digest.model_answered) {
        (Some(asked), Some(answered)) if asked != answered => format!("{asked}, answered by {answered}"),
        (Some(model), _) => model.clone(),
        (None, Some(answered)) => format!("none asked for, answered by {answered}"),
        (None, None) => return None,
    };
    Some(match &digest.provider {
        Some(provider) => format!("{model}, through {provider}"),
        None => model,
    })
}

pub(super) fn finish(digest: &Digest) -> Option<String> {
    let reason = digest.finish_reason.clone()?;
    Some(match digest.native_finish_reason.as_ref().filter(|native| **native != reason) {
        Some(native) => format!("{reason}, in the provider's word {native}"),
        None => reason,
    })
}

/// The request's id as the gateway has it, and the answer's own.
pub(super) fn ids(digest: &Digest) -> Option<String> {
    match (&digest.request_id, &digest.answer_id) {
        (Some(request), Some(answer)) if request != answer => {
            Some(format!("{request}, the answer's {answer}"))
        }
        (Some(id), _) => Some(id.clone()),
        (None, Some(answer)) => Some(format!("none, the answer's {answer}")),
        (None, None) => None,
    }
}

/// What an error is documented to mean, and what to do.
pub(super) fn meaning(error: &ErrorCode) -> Vec<(&'static str, String)> {
    let sure = match error.confidence {
        Confidence::Documented => String::new(),
        other => format!(" ({})", other.as_str()),
    };
    let retry = match error.retry {
        Retry::Never => "does not help",
        retry => retry.as_str(),
    };
    vec![
        ("means", format!("{}{sure}", error.meaning)),
        ("to do", error.fix.clone()),
        ("retry", retry.to_owned()),
    ]
}

/// The limits that an answer told, one a line.
pub(super) fn limits(state: &RateState) -> Vec<String> {
    let mut lines: Vec<String> = state
        .windows
        .iter()
        .map(|window| {
            let left = match (window.remaining, window.limit) {
                (Some(left), Some(limit)) => format!("{left} of {limit} left"),
                (Some(left), None) => format!("{left} left"),
                (None, Some(limit)) => format!("{limit} allowed"),
                (None, None) => "no figures".to_owned(),
            };
            let back = match (window.resets_in, &window.reset) {
                (Some(after), _) => format!(", back in {after}"),
                (None, Some(raw)) => format!(", reset `{raw}`, in no known format"),
                (None, None) => String::new(),
            };
            match &window.counts {
                Some(what) => format!("{what}: {left}{back}"),
                None => format!("{left}{back}; of requests or of tokens is not said"),
            }
        })
        .collect();
    lines.extend(state.retry_after.map(|after| format!("asks to wait {after} before the next try")));
    lines.extend(state.should_retry.map(|should| {
        let helps = if should { "helps" } else { "does not help" };
        format!("says that trying again {helps}")
    }));
    lines
}

/// What is wrong with the arguments of a tool call, if anything is.
pub(super) fn arguments(call: &ToolCall) -> Option<String> {
    match call.state() {
        ArgumentsState::Valid => None,
        ArgumentsState::Empty => Some("no arguments".to_owned()),
        ArgumentsState::Unfinished => Some(format!(
            "the arguments are not valid JSON: they stop in the middle, after {}",
            counted(call.arguments.len() as u64, "byte")
        )),
        ArgumentsState::Broken { at, why } => {
            Some(format!("the arguments are not valid JSON from byte {at} on: {why}"))
        }
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
