//! Speaking with the running proxy about its faults.

use crate::cli::control;
use crate::cli::error::{Hint as _, wrong_usage};
use crate::cli::presence;
use crate::cli::world::Env;
use crate::fault::{Rule, spec};
use crate::gateway::keys::percent_encode;
use anyhow::Context as _;
use http::{Method, Uri};
use serde_json::Value;

/// Where the proxy is.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Proxy {
    /// Where the running proxy listens [default: the one that runs here, else on 7117]
    #[arg(long, value_name = "URL", env = "GATETAP_URL", hide_env_values = true)]
    url: Option<Uri>,
}

/// A proxy to ask.
#[derive(Debug)]
pub(super) struct Running {
    url: Uri,
}

impl Proxy {
    /// Finds it.
    pub(super) fn find(&self, env: &Env<'_>) -> anyhow::Result<Running> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => presence::url_or("http://127.0.0.1:7117".to_owned(), env).parse()?,
        };
        Ok(Running { url })
    }
}

impl Running {
    /// The armed rules with their counts.
    pub(super) fn armed(&self) -> anyhow::Result<Value> {
        self.ask(Method::GET, "", None)
    }

    /// Arms rules beside the others; gives all that are armed then.
    pub(super) fn arm(&self, rules: &[&Rule]) -> anyhow::Result<Value> {
        let rules: Value = rules.iter().map(|rule| spec::to_table(rule)).collect();
        self.ask(Method::POST, "", Some(&rules))
    }

    /// Disarms the rules of one fault, or `all`; gives what is still armed.
    pub(super) fn disarm(&self, name: &str) -> anyhow::Result<Value> {
        if name == "all" {
            return self.ask(Method::DELETE, "", None);
        }
        let armed = self.armed()?;
        let named = |rule: &Value| rule["fault"] == name || rule["rule"] == name;
        if !armed.as_array().is_some_and(|rules| rules.iter().any(named)) {
            let hint = "`gatetap faults list` shows what is armed";
            return Err(wrong_usage(format!("no rule of `{name}` is armed"), hint));
        }
        self.ask(Method::DELETE, &format!("?fault={}", percent_encode(name)), None)
    }

    fn ask(&self, method: Method, query: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        control::ask(&self.url, method, &format!("/_gatetap/faults{query}"), body)
            .with_context(|| format!("no gatetap can be asked at {}", self.url))
            .hint("`gatetap status` says where one runs; --url names its address")
    }
}
