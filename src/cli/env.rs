//! `gatetap env`: prints what points a shell's programs here.

use super::error::wrong_usage;
use super::exit::Exit;
use super::presence;
use super::world::Env;
use crate::config::{Given, Listen, Settings};
use crate::live::child::{base_urls, local_url, no_proxy, proxy_variables};
use crate::tls::{Authority, Error, Files, write_bundle};
use clap::ValueEnum;

/// Print what points a shell's programs at a running gatetap
#[derive(Debug, clap::Args)]
#[command(after_help = "In each shell:
  bash, zsh    eval \"$(gatetap env)\"
  fish         gatetap env --shell fish | source
  PowerShell   gatetap env --shell powershell | Out-String | Invoke-Expression")]
pub(super) struct EnvArgs {
    /// The shell to write for [default: that of $SHELL]
    #[arg(long, value_enum)]
    shell: Option<Shell>,

    /// Where gatetap listens: ADDRESS:PORT, or a PORT [default: the one that runs here, else 7117]
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "GATETAP_LISTEN",
        hide_env_values = true,
        value_delimiter = ','
    )]
    listen: Vec<Listen>,

    /// Also the variables of proxies and CAs, for tunnels that are opened
    #[arg(long)]
    intercept: bool,
}

/// A shell, by its way to set a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
    Powershell,
}

impl EnvArgs {
    /// Prints them.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let is_given = !self.listen.is_empty();
        let given = Given { listen: self.listen, ..Given::default() };
        let settings = Settings::resolve(given, &env.directories)?;
        let url = settings.listen.first().map(|listen| local_url(listen.address)).unwrap_or_default();
        let url = if is_given { url } else { presence::url_or(url, env) };
        if url.ends_with(":0") {
            return Err(wrong_usage(
                "port 0 is any free port: which one, only the gatetap that took it knows",
                "name that port, or leave --listen out: a gatetap that runs here is found",
            ));
        }
        let variable = |name: &str| std::env::var(name).ok();
        let mut set = base_urls(&url, &[]);
        set.push(("GATETAP_URL".to_owned(), url.clone()));
        set.extend(no_proxy(variable));
        if self.intercept {
            let directory = env.directories.data.as_deref().ok_or(Error::NoDirectory)?;
            let files = Files::in_directory(directory);
            let authority = Authority::open(&files, env.clock.clone())?;
            write_bundle(&files, authority.certificate())?;
            set.extend(proxy_variables(&url, &files.certificate, &files.bundle, variable));
        }
        let shell = self.shell.unwrap_or_else(|| Shell::of(variable("SHELL").as_deref()));
        for (name, value) in set {
            env.stdout.print(format_args!("{}\n", shell.export(&name, &value)))?;
        }
        Ok(Exit::Fine)
    }
}

impl Shell {
    /// The shell of that path; bash where it is no known one.
    fn of(path: Option<&str>) -> Self {
        let name = path.and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        Self::from_str(name, true).unwrap_or(if cfg!(windows) { Self::Powershell } else { Self::Bash })
    }

    fn export(self, name: &str, value: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("export {name}='{}'", value.replace('\'', r"'\''")),
            Self::Fish => {
                format!("set -gx {name} '{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
            }
            Self::Powershell => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }
}
