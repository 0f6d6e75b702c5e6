//! `gatetap faults`: what can be injected, what is armed on the running proxy, and how clients took it.

mod control;
mod list;
mod report;

use super::exit::Exit;
use super::world::Env;
use crate::config::FaultRules;
use control::Proxy;

/// Inject faults: list them, arm and disarm rules on the running proxy, report how clients took them
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct FaultsArgs {
    #[command(subcommand)]
    command: Option<FaultsCommand>,

    #[command(flatten)]
    list: list::ListArgs,
}

#[derive(Debug, clap::Subcommand)]
enum FaultsCommand {
    /// List what is armed on the running proxy, and every fault there is
    List(list::ListArgs),
    /// Arm rules on the running proxy, beside those that are armed
    Arm(ArmArgs),
    /// Disarm rules on the running proxy
    Disarm(DisarmArgs),
    /// Report how clients took the faults of a recording
    Report(report::ReportArgs),
}

#[derive(Debug, clap::Args)]
struct ArmArgs {
    /// `NAME[,key=value…]` or `preset:NAME`
    #[arg(value_name = "RULE", required = true)]
    rules: Vec<FaultRules>,

    #[command(flatten)]
    proxy: Proxy,
}

#[derive(Debug, clap::Args)]
struct DisarmArgs {
    /// The name of a fault, or `all`
    #[arg(value_name = "NAME", default_value = "all")]
    name: String,

    #[command(flatten)]
    proxy: Proxy,
}

impl FaultsArgs {
    /// Does what was asked for.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        match self.command {
            None => self.list.run(env),
            Some(FaultsCommand::List(list)) => list.run(env),
            Some(FaultsCommand::Arm(arm)) => {
                let rules: Vec<_> = arm.rules.iter().flat_map(|rules| &rules.0).collect();
                let armed = arm.proxy.find(env)?.arm(&rules)?;
                list::print_armed(&armed, env)
            }
            Some(FaultsCommand::Disarm(disarm)) => {
                let left = disarm.proxy.find(env)?.disarm(&disarm.name)?;
                list::print_armed(&left, env)
            }
            Some(FaultsCommand::Report(report)) => report.run(env),
        }
    }
}
