//! What a request is compared by.

use super::canonical::Volatile;
use crate::exchange::credential::CredentialFacts;
use crate::exchange::head::{Headers, RequestHead};
use crate::gateway::credential::credential_facts;
use crate::gateway::mask::mask_text;
use crate::gateway::profile::split_route;
use crate::wire::coding;
use serde_json::Value;
use std::fmt;

/// A request, as far as it is compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The name of the route that it took: `/@NAME/…`.
    pub route: Option<String>,
    /// The path, without a route's prefix.
    pub path: String,
    /// The query without its `?` and without credentials.
    pub query: String,
    /// What kind of credential it carries.
    pub auth: Auth,
    /// The body, decoded.
    pub body: Vec<u8>,
    /// The body as it is compared, if it is JSON.
    pub canonical: Option<Value>,
}

/// What kind of credential a request carries. A key itself is never compared, or known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// None.
    Absent,
    /// One that no gateway can read: without its scheme, a placeholder, with blanks in it.
    Malformed,
    /// One that is well written, by its salted fingerprint.
    WellFormed(String),
    /// None, and it was answered all the same: nobody asked for one, or whoever recorded it left it out.
    Unasked,
}

impl Request {
    /// A request, with the salt of the recording that it is to be compared with.
    pub fn new(head: &RequestHead, body: &[u8], volatile: &Volatile, salt: &[u8]) -> Self {
        let facts = credential_facts(&head.headers, head.query(), salt);
        // A recorded body is masked.
        Self::with_credentials(head, &mask_text(body), volatile, &facts)
    }

    /// A recorded request, whose head is masked and whose credential facts are kept.
    pub fn with_credentials(
        head: &RequestHead,
        body: &[u8],
        volatile: &Volatile,
        facts: &[CredentialFacts],
    ) -> Self {
        let body = decoded(&head.headers, body);
        let path = head.path();
        let (route, path) = match split_route(path) {
            Some((name, rest)) => (Some(name.to_owned()), rest),
            None => (None, path.into()),
        };
        Self {
            method: head.method.clone(),
            route,
            path: path.into_owned(),
            query: query(head.query().unwrap_or_default(), facts),
            auth: Auth::of(facts),
            canonical: volatile.canonical(&body),
            body,
        }
    }

    /// The model it asks for.
    pub fn model(&self) -> Option<&str> {
        self.canonical.as_ref()?.get("model")?.as_str()
    }

    /// Its messages, in whichever dialect.
    pub fn messages(&self) -> Option<&Value> {
        let body = self.canonical.as_ref()?;
        ["messages", "input", "prompt"].into_iter().find_map(|name| body.get(name))
    }

    /// What its last message says.
    pub fn last_message(&self) -> Option<&Value> {
        let messages = self.messages()?;
        let last = messages.as_array().map_or(Some(messages), |messages| messages.last())?;
        last.get("content").or(Some(last))
    }

    /// Whether it wants a stream.
    pub fn streams(&self) -> bool {
        self.canonical.as_ref().and_then(|body| body.get("stream")).and_then(Value::as_bool) == Some(true)
    }
}

impl Auth {
    fn of(facts: &[CredentialFacts]) -> Self {
        match facts.first() {
            None => Self::Absent,
            Some(_) if facts.iter().any(|facts| facts.defects.iter().any(|defect| !is_harmless(*defect))) => {
                Self::Malformed
            }
            Some(first) => Self::WellFormed(first.fingerprint.clone()),
        }
    }
}

impl fmt::Display for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Absent => "no credential",
            Self::Malformed => "a malformed credential",
            Self::WellFormed(_) => "a well-formed credential",
            Self::Unasked => "no credential, and none was asked for",
        })
    }
}

/// A key of another length, and a second credential, are what offline runs have: they use a made-up key.
fn is_harmless(defect: crate::exchange::credential::Defect) -> bool {
    use crate::exchange::credential::Defect;
    matches!(defect, Defect::WrongLength | Defect::Differs)
}

/// Whether a recorded request has lost its text: with `--redact-bodies` all that a person or a model wrote is asterisks.
pub(super) fn hides_its_text(request: &Request) -> bool {
    let mut texts = Texts::default();
    match &request.canonical {
        Some(_) => request.messages().into_iter().for_each(|messages| texts.take(messages)),
        // Below some members not even the structure stays.
        None => texts.text(&String::from_utf8_lossy(&request.body)),
    }
    texts.hidden > 0 && texts.plain == 0
}

/// How many texts there are.
#[derive(Debug, Default)]
struct Texts {
    hidden: usize,
    plain: usize,
}

impl Texts {
    fn take(&mut self, value: &Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(elements) => elements.iter().for_each(|element| self.take(element)),
            Value::Object(members) => {
                // Names of kinds stay.
                let texts =
                    members.iter().filter(|(name, _)| !matches!(name.as_str(), "role" | "type" | "id"));
                texts.for_each(|(_, value)| self.take(value));
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if text.contains('*') && !text.contains(char::is_alphanumeric) {
            self.hidden += 1;
        } else if !text.trim().is_empty() {
            self.plain += 1;
        }
    }
}

fn decoded(headers: &Headers, body: &[u8]) -> Vec<u8> {
    coding::decode(headers, body, coding::DEFAULT_CAP).bytes
}

/// The query without its credentials, whose values are masked on one side.
fn query(query: &str, facts: &[CredentialFacts]) -> String {
    let is_credential = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        facts.iter().any(|facts| facts.place.strip_prefix('?') == Some(name))
    };
    query.split('&').filter(|pair| !is_credential(pair)).collect::<Vec<_>>().join("&")
}
