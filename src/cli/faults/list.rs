//! What is armed, and what there is.

use super::control::Proxy;
use crate::cli::exit::Exit;
use crate::cli::world::Env;
use crate::exchange::text::{counted, printable};
use crate::fault::{catalogue, preset};
use crate::gateway::errors::Confidence;
use serde_json::{Value, json};

/// Shows what is armed and what there is.
#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// One JSON object a line
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    proxy: Proxy,
}

impl ListArgs {
    /// Prints the lists.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        // Without a running proxy the catalogue is still worth reading.
        let armed = self.proxy.find(env).and_then(|proxy| proxy.armed()).ok();
        if self.json {
            return lines(armed.as_ref(), env);
        }
        match &armed {
            Some(armed) => {
                print_armed(armed, env)?;
            }
            None => env.stdout.print(format_args!("nothing is armed: no gatetap runs there\n"))?,
        }
        env.stdout.print(format_args!("\npresets\n"))?;
        for preset in preset::all() {
            env.stdout.print(format_args!("  preset:{:<28}  {}\n", preset.name, preset.summary))?;
        }
        let mut group = None;
        for entry in catalogue::all() {
            if group != Some(entry.gateway) {
                group = Some(entry.gateway);
                env.stdout.print(format_args!("\n{}\n", entry.gateway.unwrap_or("on any wire")))?;
            }
            let status = entry.status.map_or_else(String::new, |status| format!("{status}  "));
            let sure = if entry.confidence == Confidence::Documented {
                String::new()
            } else {
                format!(" ({})", entry.confidence.as_str())
            };
            env.stdout.print(format_args!("  {:<35}  {status}{}{sure}\n", entry.name, entry.summary))?;
        }
        env.stdout.print(format_args!("\nalso any status from 400 to 599, such as 503\n"))?;
        Ok(Exit::Fine)
    }
}

/// Prints the armed rules.
pub(super) fn print_armed(armed: &Value, env: &mut Env<'_>) -> anyhow::Result<Exit> {
    let rules = armed.as_array().map(Vec::as_slice).unwrap_or_default();
    if rules.is_empty() {
        env.stdout.print(format_args!("nothing is armed\n"))?;
    }
    for rule in rules {
        let text = rule["rule"].as_str().unwrap_or_default();
        let left = rule["left_s"].as_f64().map(|left| format!(", {left:.0} s left")).unwrap_or_default();
        env.stdout.print(format_args!(
            "armed  {}  met {} of {}{left}\n",
            printable(text),
            rule["injected"],
            counted(rule["matched"].as_u64().unwrap_or_default(), "request")
        ))?;
    }
    Ok(Exit::Fine)
}

fn lines(armed: Option<&Value>, env: &mut Env<'_>) -> anyhow::Result<Exit> {
    for rule in armed.and_then(Value::as_array).into_iter().flatten() {
        let mut rule = rule.clone();
        rule["kind"] = "armed".into();
        env.stdout.print(format_args!("{rule}\n"))?;
    }
    for preset in preset::all() {
        let line = json!({
            "kind": "preset", "name": format!("preset:{}", preset.name), "summary": preset.summary,
            "rules": preset.rules,
        });
        env.stdout.print(format_args!("{line}\n"))?;
    }
    for entry in catalogue::all() {
        let parameters: Vec<Value> = entry
            .parameters
            .iter()
            .map(|parameter| {
                json!({
                    "name": parameter.name, "kind": parameter.kind.as_str(), "default": parameter.default,
                    "meaning": parameter.meaning,
                })
            })
            .collect();
        let line = json!({
            "kind": "fault", "name": entry.name, "gateway": entry.gateway, "status": entry.status,
            "summary": entry.summary, "source": entry.source, "confidence": entry.confidence.as_str(),
            "parameters": parameters,
        });
        env.stdout.print(format_args!("{line}\n"))?;
    }
    Ok(Exit::Fine)
}
