//! Keys of another vendor than the gateway.

use super::{for_gateway, place_of, shown};
use crate::check::declare::check;
use crate::check::{Found, RequestSubject, Says};
use crate::gateway::profile::profile;

check! {
    /// ## What it looks for
    ///
    /// A key whose prefix says that another vendor issued it than the gateway it is sent to. A bare `sk-`
    /// says nothing and is left alone.
    ///
    /// ## Why it matters
    ///
    /// It is the most common cause of `invalid_api_key`, and it shows a key to somebody who has no business
    /// with it. Source: <https://nexorouter.com/en/docs/faq/api-key-invalid>.
    ///
    /// ## Example
    ///
    /// ```text
    /// POST https://api.nexorouter.com/v1/chat/completions
    /// Authorization: Bearer sk-ant-…ab12
    /// ```
    ///
    /// ## What to do
    ///
    /// Use the key of the gateway that the base URL names, or the base URL of the vendor that issued the key.
    /// Tools that read `OPENAI_API_KEY` by themselves do so whatever the base URL is.
    pub static CHECK = {
        id: "auth-wrong-provider-key",
        severity: Error,
        summary: "keys of another vendor than the gateway",
        run: Request(run),
    }
}

fn run(subject: &RequestSubject<'_>, found: &mut Found<'_>) {
    let Some(profile) = subject.profile() else { return };
    for credential in for_gateway(subject) {
        let Some(vendor) = credential.vendor.as_deref() else { continue };
        if profile.key_vendor.as_deref() == Some(vendor) {
            continue;
        }
        let issuer = issuer(vendor);
        found.push(
            Says {
                message: format!("a key of {issuer} goes to {}", profile.title),
                evidence: format!("{}, with the prefix of {issuer}", shown(credential)),
                fix: format!(
                    "send the key of {} (`{}`), or set the base URL to that of {issuer}",
                    profile.title, profile.key_variable
                ),
            },
            [place_of(credential)],
        );
    }
}

/// The vendor's name, as it writes it.
fn issuer(vendor: &str) -> &str {
    let names = [
        ("google", "Google"),
        ("groq", "Groq"),
        ("xai", "xAI"),
        ("huggingface", "Hugging Face"),
        ("perplexity", "Perplexity"),
        ("replicate", "Replicate"),
        ("nvidia", "NVIDIA"),
        ("together", "Together"),
        ("fireworks", "Fireworks"),
        ("cerebras", "Cerebras"),
        ("aws", "AWS"),
        ("github", "GitHub"),
    ];
    let known = names.into_iter().find(|(name, _)| *name == vendor).map(|(_, title)| title);
    known.or_else(|| profile(vendor).map(|profile| profile.title.as_str())).unwrap_or(vendor)
}
