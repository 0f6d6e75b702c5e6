//! Speaking with the running proxy about its faults.

use crate::cli::control::{self, Asked, PATIENCE, Refused};
use crate::cli::error::{with_hint, wrong_usage};
use crate::cli::presence;
use crate::cli::world::Env;
use crate::fault::{Rule, spec};
use crate::gateway::keys::percent_encode;
use http::uri::Scheme;
use http::{Method, StatusCode, Uri};
use serde_json::Value;
use std::net::{Ipv4Addr, SocketAddr};

/// Where the proxy is.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Proxy {
    /// Where the running proxy listens [default: the one that runs here, else on 7117]
    #[arg(long, value_name = "URL", env = "GATETAP_URL", hide_env_values = true, value_parser = url)]
    url: Option<Uri>,

    /// The token that it printed, where it can be reached from beyond this machine; of one that runs here it is known
    #[arg(long, env = "GATETAP_TOKEN", hide_env_values = true)]
    token: Option<String>,
}

/// The URL of a listener.
fn url(text: &str) -> Result<Uri, String> {
    let url: Option<Uri> = text.parse().ok();
    let is_one = |url: &Uri| url.scheme() == Some(&Scheme::HTTP) && url.authority().is_some();
    url.filter(is_one).ok_or_else(|| "expected a URL such as http://127.0.0.1:7117".to_owned())
}

/// The address that a URL names, where it does so without a name that is somebody else's.
fn address(url: &Uri) -> Option<SocketAddr> {
    let host = match url.host()?.trim_matches(['[', ']']) {
        "localhost" => Ipv4Addr::LOCALHOST.into(),
        host => host.parse().ok()?,
    };
    Some(SocketAddr::new(host, url.port_u16().unwrap_or(80)))
}

impl Proxy {
    /// The armed rules with their counts.
    pub(super) fn armed(&self, env: &Env<'_>) -> anyhow::Result<Value> {
        self.ask(Method::GET, "", None, env)
    }

    /// Arms rules beside the others; gives all that are armed then.
    pub(super) fn arm(&self, rules: &[&Rule], env: &Env<'_>) -> anyhow::Result<Value> {
        let rules: Value = rules.iter().map(|rule| spec::to_table(rule)).collect();
        self.ask(Method::POST, "", Some(&rules), env)
    }

    /// Disarms the rules of one fault, or `all`; gives what is still armed.
    pub(super) fn disarm(&self, name: &str, env: &Env<'_>) -> anyhow::Result<Value> {
        if name == "all" {
            return self.ask(Method::DELETE, "", None, env);
        }
        let armed = self.armed(env)?;
        let named = |rule: &Value| rule["fault"] == name || rule["rule"] == name;
        if !armed.as_array().is_some_and(|rules| rules.iter().any(named)) {
            let hint = "`gatetap faults list` shows what is armed";
            return Err(wrong_usage(format!("no rule of `{name}` is armed"), hint));
        }
        self.ask(Method::DELETE, &format!("?fault={}", percent_encode(name)), None, env)
    }

    fn ask(&self, method: Method, query: &str, body: Option<&Value>, env: &Env<'_>) -> anyhow::Result<Value> {
        let url = match &self.url {
            Some(url) => url.clone(),
            None => presence::url_or("http://127.0.0.1:7117".to_owned(), env).parse()?,
        };
        let known = || presence::listening_at(address(&url)?, env)?.control_token;
        let token = self.token.clone().or_else(known);
        let asked = Asked { url: &url, token: token.as_deref(), patience: PATIENCE };
        asked.ask(method, &format!("/_gatetap/faults{query}"), body).map_err(|error| {
            let hint = match error.downcast_ref().map(|refused: &Refused| refused.status) {
                Some(StatusCode::UNAUTHORIZED) => "pass the token with --token or in GATETAP_TOKEN",
                _ => "`gatetap status` says where one runs; --url names its address",
            };
            let what =
                if control::is_nobody_there(&error) { "no gatetap listens" } else { "nothing was done" };
            with_hint(error.context(format!("{what} at {url}")), hint)
        })
    }
}
