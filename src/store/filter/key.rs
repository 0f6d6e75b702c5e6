//! The keys.

use crate::exchange::nearest::nearest;

/// A key of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "`KEYS` says what each is")]
pub enum Key {
    Status,
    Model,
    Path,
    Verdict,
    Is,
    Finding,
    Severity,
    Gateway,
    Key,
    Code,
    Finish,
    Ttft,
    Duration,
    Tokens,
    Since,
    Session,
    Note,
}

/// A key with its documentation.
#[derive(Debug, Clone, Copy)]
pub struct KeyInfo {
    /// The key.
    pub key: Key,
    /// Its word.
    pub name: &'static str,
    /// Whether it is compared with `<` and `>` too.
    pub compares: bool,
    /// A term that shows how it is used.
    pub example: &'static str,
    /// What it asks.
    pub about: &'static str,
}

/// Every key, in the order of the documentation.
pub const KEYS: [KeyInfo; 17] = [
    info(Key::Status, "status", true, "status>=400", "the HTTP status; `4xx` is a whole class"),
    info(Key::Model, "model", false, "model:gpt-*", "the model asked for or answered"),
    info(Key::Path, "path", false, "path:/v1/chat*", "the path, as the app sent it"),
    info(Key::Verdict, "verdict", false, "verdict:incomplete", "how it ended"),
    info(Key::Is, "is", false, "is:error", "streaming, error, injected, replayed, open or cancelled"),
    info(Key::Finding, "finding", false, "finding:auth-*", "the id of a check that fired"),
    info(Key::Severity, "severity", false, "severity:error", "how bad a finding is"),
    info(Key::Gateway, "gateway", false, "gateway:openrouter", "the gateway's name"),
    info(Key::Key, "key", false, "key:ab12", "the key's last four, or how its fingerprint begins"),
    info(Key::Code, "code", false, "code:rate_limit_exceeded", "the error's code"),
    info(Key::Finish, "finish", false, "finish:length", "the finish reason"),
    info(Key::Ttft, "ttft", true, "ttft>1s", "the time to the first token"),
    info(Key::Duration, "duration", true, "duration>2s", "the time it took"),
    info(Key::Tokens, "tokens", true, "tokens>1000", "tokens of prompt and answer together"),
    info(Key::Since, "since", false, "since:10m", "begun within that time, or at or after that moment"),
    info(Key::Session, "session", false, "session:last", "a session's number, or `last`"),
    info(Key::Note, "note", false, "note:flaky", "what its note has in it; `note:*` is any note"),
];

const fn info(
    key: Key,
    name: &'static str,
    compares: bool,
    example: &'static str,
    about: &'static str,
) -> KeyInfo {
    KeyInfo { key, name, compares, example, about }
}

impl KeyInfo {
    /// The key of that word, in any case.
    pub(super) fn named(word: &str) -> Option<&'static Self> {
        KEYS.iter().find(|info| info.name.eq_ignore_ascii_case(word))
    }

    /// What to do about a word that is no key.
    pub(super) fn hint_for(word: &str) -> String {
        if let Some(near) = nearest(word, KEYS.iter().map(|info| info.name)) {
            return format!("did you mean `{near}`?");
        }
        let names: Vec<&str> = KEYS.iter().map(|info| info.name).collect();
        format!("the keys are {}; put it in quotes to search for it as text", names.join(", "))
    }
}
