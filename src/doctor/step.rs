//! What one step has found.

use crate::exchange::time::Micros;
use serde_json::{Value, json};

/// A step, in the order of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepName {
    /// Which gateway, and who says so.
    Config,
    /// The key's variable.
    Key,
    /// The key's form, and how it is sent.
    Auth,
    /// The base URL's path.
    BasePath,
    /// The proxies of the environment.
    Proxy,
    /// The gateway's name.
    Dns,
    /// TCP over both families of addresses.
    Tcp,
    /// TLS, and who signed the certificate.
    Tls,
    /// `GET /v1/models`.
    Models,
    /// Whether the model is among them.
    Listed,
    /// A small call.
    Chat,
    /// Another model, where one fails.
    OtherModel,
    /// A small stream.
    Stream,
    /// The same stream without the proxy of the environment.
    StraightStream,
}

/// How a step went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should.
    Passed,
    /// Worth a look, and nothing that must fail.
    Doubtful,
    /// It failed.
    Failed,
    /// There was nothing to look at, or it would have told nothing.
    Skipped,
}

/// One step and what it has found.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Which.
    pub name: StepName,
    /// How it went.
    pub state: State,
    /// What was found, as a sentence without its stop.
    pub says: String,
    /// How long it took, where it waited for something.
    pub took: Option<Micros>,
    /// What programs want to know of it: an object.
    pub facts: Value,
}

impl StepName {
    /// The word in JSON, and at the start of its line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Key => "key",
            Self::Auth => "auth",
            Self::BasePath => "base-path",
            Self::Proxy => "proxy",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Models => "models",
            Self::Listed => "listed",
            Self::Chat => "chat",
            Self::OtherModel => "other-model",
            Self::Stream => "stream",
            Self::StraightStream => "stream-straight",
        }
    }
}

impl State {
    /// The word in JSON, and in its line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Doubtful => "doubtful",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

impl Step {
    pub(super) fn new(name: StepName, state: State, says: impl Into<String>) -> Self {
        Self { name, state, says: says.into(), took: None, facts: json!({}) }
    }

    pub(super) fn took(mut self, took: Micros) -> Self {
        self.took = Some(took);
        self
    }

    pub(super) fn with(mut self, facts: Value) -> Self {
        self.facts = facts;
        self
    }
}
