//! A recorded request, made ready to be sent again: with the key that the recording does not hold, and with
//! what is to be different.

use super::Volatile;
use super::request::{Request, hides_its_text};
use crate::exchange::Exchange;
use crate::exchange::body::Body;
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::BodyEnd;
use crate::gateway::mask::{mask_raw_head, mask_target};
use crate::gateway::profile::split_route;
use crate::wire::coding;
use serde_json::Value;

/// What is to be different.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// Members of the body, by their JSON pointers.
    pub members: Vec<(String, Value)>,
    /// Headers that replace those of their names; an empty value takes them out.
    pub headers: Vec<(String, String)>,
}

/// Why a request cannot be sent again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Obstacle {
    /// It is still being sent.
    #[error("its request is still under way")]
    Open,
    /// The request broke off.
    #[error("its request broke off: {0}")]
    Broken(String),
    /// The recording does not hold all of the body.
    #[error("not all of its request body was kept")]
    Cut,
    /// The recording holds asterisks in place of what was said.
    #[error("its text was not kept: it was recorded with --redact-bodies")]
    Redacted,
    /// What followed was no HTTP.
    #[error("it asked for another protocol, of which no answer can be sent again")]
    Tunnel,
    /// A change has nothing to apply to.
    #[error("its body is no JSON document that could be changed")]
    NoJson,
    /// A pointer leads nowhere.
    #[error("its body has no place `{0}`")]
    NoPlace(String),
    /// The key is not in the recording.
    #[error("its key is not in the recording, and nobody gave one")]
    NoKey,
}

/// A request that can be sent. Holds a key: it is never shown but masked.
#[derive(Clone, PartialEq, Eq)]
pub struct Again {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// Headers that the sender makes anew.
const REPLACED: [&str; 6] =
    ["host", "content-length", "transfer-encoding", "connection", "expect", "proxy-connection"];

/// The header by which SDKs count their attempts: this is a first one.
const RETRY_COUNT: &str = "x-stainless-retry-count";

impl Again {
    /// The request of `exchange` with `changes`, and with `key` where it carried one.
    ///
    /// # Errors
    /// [`Obstacle`].
    pub fn of(
        exchange: &Exchange,
        body: &Body,
        changes: &Changes,
        key: Option<&str>,
    ) -> Result<Self, Obstacle> {
        let switched = exchange.response.as_ref().is_some_and(|head| head.status == 101);
        if switched || exchange.request.method == "CONNECT" {
            return Err(Obstacle::Tunnel);
        }
        match &exchange.request_end {
            None => return Err(Obstacle::Open),
            Some(BodyEnd::Broken { detail, .. }) => return Err(Obstacle::Broken(detail.clone())),
            Some(BodyEnd::Whole) => {}
        }
        if body.cut.is_some() || (body.bytes.len() as u64) < exchange.request_bytes {
            return Err(Obstacle::Cut);
        }
        let compared = Request::with_credentials(
            &exchange.request,
            &body.bytes,
            &Volatile::none(),
            &exchange.credentials,
        );
        if hides_its_text(&compared) {
            return Err(Obstacle::Redacted);
        }
        let mut again = Self {
            method: exchange.request.method.clone(),
            target: path_and_query(&exchange.request.target).to_owned(),
            headers: exchange
                .request
                .headers
                .iter()
                .filter(|(name, _)| !is_any(name, &REPLACED) && !name.starts_with(':'))
                .map(|(name, value)| (name.to_string(), value.to_vec()))
                .collect(),
            body: body.bytes.clone(),
        };
        again.set_header(RETRY_COUNT, "");
        for facts in &exchange.credentials {
            again.authorize(facts, key.ok_or(Obstacle::NoKey)?);
        }
        if !changes.members.is_empty() {
            again.change(&exchange.request.headers, &changes.members)?;
        }
        for (name, value) in &changes.headers {
            again.set_header(name, value);
        }
        Ok(again)
    }

    /// What goes over the wire, for a server that is reached as `host`.
    pub fn to_bytes(&self, host: &str) -> Vec<u8> {
        [self.head(&self.target, host), self.body.clone()].concat()
    }

    /// The same for people: the key masked.
    pub fn shown(&self, host: &str) -> Vec<u8> {
        [mask_raw_head(&self.head(&mask_target(&self.target), host)), self.body.clone()].concat()
    }

    /// Its head, with this target.
    fn head(&self, target: &str, host: &str) -> Vec<u8> {
        let mut head = format!("{} {target} HTTP/1.1\r\nHost: {host}\r\n", self.method).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value);
            head.extend_from_slice(b"\r\n");
        }
        if !self.body.is_empty() || !matches!(self.method.as_str(), "GET" | "HEAD" | "DELETE") {
            head.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Whether its body is a JSON document.
    pub fn is_json(&self) -> bool {
        serde_json::from_slice::<serde::de::IgnoredAny>(&self.body).is_ok()
    }

    /// The name in a target that begins with `/@NAME/`.
    pub fn route(&self) -> Option<&str> {
        split_route(&self.target).map(|(name, _)| name)
    }

    /// The same, straight to the gateway that its `/@NAME/` led to.
    #[must_use]
    pub fn without_route(mut self) -> Self {
        if let Some((_, rest)) = split_route(&self.target) {
            self.target = rest.into_owned();
        }
        self
    }

    /// How many tokens it may take: of the prompt, by the rule of thumb of four bytes each; and the most that the
    /// answer may have, if the request says so.
    pub fn estimated_tokens(&self) -> (u64, Option<u64>) {
        let body: Option<Value> = serde_json::from_slice(&self.body).ok();
        let most = ["/max_tokens", "/max_completion_tokens", "/max_output_tokens"]
            .into_iter()
            .find_map(|place| body.as_ref()?.pointer(place)?.as_u64());
        ((self.body.len() as u64).div_ceil(4), most)
    }

    /// Puts the key where the recorded one stood.
    fn authorize(&mut self, facts: &CredentialFacts, key: &str) {
        if let Some(parameter) = facts.place.strip_prefix('?') {
            let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
            let query: Vec<String> = query
                .split('&')
                .map(|pair| match pair.split_once('=') {
                    Some((name, _)) if name == parameter => format!("{name}={key}"),
                    _ => pair.to_owned(),
                })
                .collect();
            self.target = format!("{path}?{}", query.join("&"));
            return;
        }
        // A scheme that was forgotten, or glued to the key, is part of what is sent again.
        let scheme = facts.scheme.as_ref().map(|scheme| format!("{scheme} ")).unwrap_or_default();
        self.set_header(&facts.place, &format!("{scheme}{key}"));
    }

    /// Replaces a header where it stands, or adds it; without a value it goes.
    fn set_header(&mut self, name: &str, value: &str) {
        let place = self.headers.iter().position(|(known, _)| known.eq_ignore_ascii_case(name));
        let written = place.and_then(|at| self.headers.get(at)).map_or(name, |(known, _)| known).to_owned();
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        if !value.is_empty() {
            let at = place.unwrap_or(self.headers.len()).min(self.headers.len());
            self.headers.insert(at, (written, value.as_bytes().to_vec()));
        }
    }

    fn change(
        &mut self,
        headers: &crate::exchange::head::Headers,
        members: &[(String, Value)],
    ) -> Result<(), Obstacle> {
        let decoded = coding::decode(headers, &self.body, coding::DEFAULT_CAP).bytes;
        let mut document: Value = serde_json::from_slice(&decoded).map_err(|_no_json| Obstacle::NoJson)?;
        for (pointer, value) in members {
            set(&mut document, pointer, value.clone()).ok_or_else(|| Obstacle::NoPlace(pointer.clone()))?;
        }
        self.body = document.to_string().into_bytes();
        self.set_header("content-encoding", "");
        Ok(())
    }
}

impl std::fmt::Debug for Again {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Again").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Writes a value at a pointer; a member that is not there is added to its object. Null takes a member out.
fn set(document: &mut Value, pointer: &str, value: Value) -> Option<()> {
    let (parent, name) = pointer.rsplit_once('/')?;
    match document.pointer_mut(parent)? {
        Value::Object(members) => {
            let name = name.replace("~1", "/").replace("~0", "~");
            if value.is_null() {
                members.remove(&name);
            } else {
                members.insert(name, value);
            }
        }
        Value::Array(elements) => *elements.get_mut(name.parse::<usize>().ok()?)? = value,
        _ => return None,
    }
    Some(())
}

/// The target as a path: an absolute one loses its origin.
fn path_and_query(target: &str) -> &str {
    match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => {
            rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/")
        }
        _ => target,
    }
}

fn is_any(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}
