//! The environment variables from which SDKs and tools read where to send requests.

/// One variable that holds a base URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseUrlVariable {
    /// Its name.
    pub name: &'static str,
    /// Whether its value ends in `/v1`; where not, who reads it adds that.
    pub with_v1: bool,
    /// The gateway it belongs to; what a route to another upstream is called after.
    pub gateway: &'static str,
    /// Who reads it.
    pub read_by: &'static str,
}

/// Every variable that is set for a wrapped command, the most common first.
///
/// Sources: `_client.py` of openai 3.52 and anthropic 2.11 for Python, `client.ts` of openai 6.49 and
/// @anthropic-ai/sdk 1.11 for Node, the older openai 0.28 for Python, and `LiteLLM`'s providers.
pub const BASE_URL_VARIABLES: [BaseUrlVariable; 8] = [
    BaseUrlVariable {
        name: "OPENAI_BASE_URL",
        with_v1: true,
        gateway: "openai",
        read_by: "the OpenAI SDKs, the AI SDK, LiteLLM",
    },
    BaseUrlVariable {
        name: "OPENAI_API_BASE",
        with_v1: true,
        gateway: "openai",
        read_by: "the OpenAI SDK before 1.0, LangChain, LiteLLM",
    },
    BaseUrlVariable {
        name: "OPENAI_API_HOST",
        with_v1: false,
        gateway: "openai",
        read_by: "command line clients that add the path themselves",
    },
    BaseUrlVariable {
        name: "ANTHROPIC_BASE_URL",
        with_v1: false,
        gateway: "anthropic",
        read_by: "the Anthropic SDKs, Claude Code",
    },
    BaseUrlVariable { name: "ANTHROPIC_API_BASE", with_v1: false, gateway: "anthropic", read_by: "LiteLLM" },
    BaseUrlVariable {
        name: "OPENROUTER_BASE_URL",
        with_v1: true,
        gateway: "openrouter",
        read_by: "OpenRouter's SDK and tools",
    },
    BaseUrlVariable { name: "OPENROUTER_API_BASE", with_v1: true, gateway: "openrouter", read_by: "LiteLLM" },
    BaseUrlVariable { name: "NEXOROUTER_BASE_URL", with_v1: true, gateway: "nexorouter", read_by: "apps" },
];
