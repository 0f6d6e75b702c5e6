//! Which SDK asked, from what it says of itself.

use crate::exchange::head::Headers;
use std::fmt;

/// An SDK or an HTTP client, and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sdk {
    /// Which it is.
    pub name: SdkName,
    /// Its version, as it says it.
    pub version: Option<String>,
}

/// The clients that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SdkName {
    /// `openai` for Python, sync or async.
    OpenAiPython,
    /// `openai` for Node.
    OpenAiNode,
    /// `anthropic` for Python, sync or async.
    AnthropicPython,
    /// `@anthropic-ai/sdk`.
    AnthropicNode,
    /// Vercel's AI SDK.
    AiSdk,
    /// LiteLLM, without an SDK under it.
    LiteLlm,
    /// curl.
    Curl,
    /// axios.
    Axios,
    /// httpx.
    Httpx,
    /// requests.
    Requests,
    /// Node's own fetch.
    NodeFetch,
}

/// The products that a `User-Agent` begins with, in lower case.
const AGENTS: [(&str, SdkName); 15] = [
    ("openai/python", SdkName::OpenAiPython),
    ("asyncopenai/python", SdkName::OpenAiPython),
    ("openai/js", SdkName::OpenAiNode),
    ("anthropic/python", SdkName::AnthropicPython),
    ("asyncanthropic/python", SdkName::AnthropicPython),
    ("anthropic/js", SdkName::AnthropicNode),
    ("ai-sdk/", SdkName::AiSdk),
    ("ai/", SdkName::AiSdk),
    ("litellm/", SdkName::LiteLlm),
    ("curl/", SdkName::Curl),
    ("axios/", SdkName::Axios),
    ("python-httpx/", SdkName::Httpx),
    ("python-requests/", SdkName::Requests),
    ("undici", SdkName::NodeFetch),
    ("node", SdkName::NodeFetch),
];

impl Sdk {
    /// The SDK that a request's headers name; `None` if they name none that is known.
    ///
    /// `x-stainless-package-version` is more exact than the `User-Agent`, which apps replace.
    pub fn of(headers: &Headers) -> Option<Self> {
        let agent = headers.text("user-agent").and_then(Self::of_agent);
        let version = headers.text("x-stainless-package-version").map(str::to_owned);
        if let Some(sdk) = agent {
            return Some(Self { version: version.or(sdk.version), ..sdk });
        }
        let anthropic = headers.first("anthropic-version").is_some();
        let name = match (headers.text("x-stainless-lang")?, anthropic) {
            ("python", false) => SdkName::OpenAiPython,
            ("python", true) => SdkName::AnthropicPython,
            ("js", false) => SdkName::OpenAiNode,
            ("js", true) => SdkName::AnthropicNode,
            _ => return None,
        };
        Some(Self { name, version })
    }

    /// The SDK that a `User-Agent` names.
    pub fn of_agent(agent: &str) -> Option<Self> {
        let small = agent.trim().to_ascii_lowercase();
        let (prefix, name) = AGENTS.into_iter().find(|(prefix, _)| small.starts_with(prefix))?;
        let rest = small.get(prefix.len()..).unwrap_or_default();
        let version = rest
            .split([' ', '/', ';', ','])
            .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
            .map(str::to_owned);
        Some(Self { name, version })
    }
}

impl SdkName {
    /// Its name, as package registries have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAiPython => "openai for Python",
            Self::OpenAiNode => "openai for Node",
            Self::AnthropicPython => "anthropic for Python",
            Self::AnthropicNode => "@anthropic-ai/sdk",
            Self::AiSdk => "AI SDK",
            Self::LiteLlm => "LiteLLM",
            Self::Curl => "curl",
            Self::Axios => "axios",
            Self::Httpx => "httpx",
            Self::Requests => "requests",
            Self::NodeFetch => "Node's fetch",
        }
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_str())?;
        match &self.version {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}
