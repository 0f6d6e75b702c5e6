//! A bill for what nobody read.

use crate::check::declare::check;
use crate::check::words::span;
use crate::check::{Found, Says, Subject};
use crate::exchange::end::Verdict;

check! {
    /// ## What it looks for
    ///
    /// On OpenRouter, a request that the app closed before its end and that goes on all the same: one that was not
    /// streamed, or one at a provider that cannot be stopped.
    ///
    /// ## Why it matters
    ///
    /// Cancelling works for streams at supporting providers only; else the model finishes, unread, and all of it is
    /// billed. Source: <https://openrouter.ai/docs/api_reference/streaming>, which lists the providers.
    ///
    /// ## Example
    ///
    /// ```text
    /// {"model":"acme/small"}   without `stream`, closed by the app after 2 s
    /// ```
    ///
    /// ## What to do
    ///
    /// Stream what may be cancelled, and pin a provider that can be stopped (`provider.order`, `provider.only`).
    pub static CHECK = {
        id: "cancel-still-billed",
        severity: Warning,
        summary: "cancelled requests that are billed in full",
        run: End(run),
    }
}

/// The providers that cannot be stopped. Source: <https://openrouter.ai/docs/api_reference/streaming>.
const UNSTOPPABLE: [&str; 24] = [
    "ai21",
    "aionlabs",
    "alibaba",
    "amazon bedrock",
    "aws bedrock",
    "featherless",
    "google",
    "google ai studio",
    "groq",
    "huggingface",
    "inferencenet",
    "inflection",
    "kluster",
    "lambda",
    "minimax",
    "mistral",
    "modal",
    "nebius",
    "perplexity",
    "reflection",
    "replicate",
    "sambanova",
    "targon",
    "zerooneai",
];

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let sent = subject.exchange.timing.sent.is_some() || subject.head().is_some();
    if !subject.is_gateway("openrouter")
        || subject.verdict() != Verdict::CutByApp
        || !sent
        || !subject.dialect().generates()
    {
        return;
    }
    let provider = subject.digest.provider.as_deref();
    let unstoppable = provider.filter(|name| UNSTOPPABLE.contains(&name.to_ascii_lowercase().as_str()));
    let why = match (subject.digest.streaming, unstoppable) {
        (_, Some(provider)) => format!("`{provider}` cannot be stopped"),
        (false, None) => "it was not streamed".to_owned(),
        (true, None) => return,
    };
    found.push(
        Says {
            message: format!("cancelled after {}, and billed in full: {why}", span(subject.took())),
            evidence: subject.judgement.evidence.clone(),
            fix: if unstoppable.is_some() {
                "pin a provider that can be stopped: `provider: {\"order\": [\"OpenAI\", \"Anthropic\"]}`"
                    .to_owned()
            } else {
                "send `\"stream\": true` where an answer may be cancelled".to_owned()
            },
        },
        [],
    );
}
