//! Speaking with the running proxy's control API.

use crate::cli::error::{Hint as _, wrong_usage};
use crate::cli::runtime;
use crate::fault::{Rule, spec};
use anyhow::{Context as _, anyhow};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::time::Duration;
use tokio::net::TcpStream;

/// How long the proxy may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the proxy is.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Proxy {
    /// Where the running proxy listens
    #[arg(
        long,
        value_name = "URL",
        env = "GATETAP_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:7117"
    )]
    url: Uri,
}

impl Proxy {
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
        self.ask(Method::DELETE, &format!("?fault={name}"), None)
    }

    fn ask(&self, method: Method, query: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let asked = async {
            tokio::time::timeout(PATIENCE, self.exchange(method, query, body))
                .await
                .unwrap_or_else(|_| Err(anyhow!("it did not answer in {} s", PATIENCE.as_secs())))
        };
        runtime::start()?
            .block_on(asked)
            .with_context(|| format!("no gatetap can be asked at {}", self.url))
            .hint("is `gatetap run` running? --url names another address")
    }

    async fn exchange(&self, method: Method, query: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let authority = self.url.authority().context("the URL has no host")?;
        let port = authority.port_u16().unwrap_or(80);
        let host = authority.host().trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, port)).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move { drop(connection.await) });
        let text = body.map(Value::to_string).unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("/_gatetap/faults{query}"))
            .header(HOST, authority.as_str())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(text)))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status == StatusCode::OK {
            return Ok(answer);
        }
        let reason = answer["error"]["message"].as_str().unwrap_or("it says no more");
        Err(anyhow!("it answered {status}: {reason}"))
    }
}
