//! `gatetap ca`: where the local CA is, and how runtimes are told to trust it. Installs nothing.

use super::exit::Exit;
use super::world::Env;
use crate::tls::{Authority, Error, Files, write_bundle};
use serde_json::json;
use std::path::Path;

/// Show the local CA and how apps are told to trust it; installs nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "The CA is made on first use, on this machine alone. Its key never leaves it.")]
pub(super) struct CaArgs {
    /// One JSON object instead of a page
    #[arg(long)]
    json: bool,
}

impl CaArgs {
    /// Makes the files that are not there, and says where they are.
    pub(super) fn run(self, env: &mut Env<'_>) -> anyhow::Result<Exit> {
        let directory = env.directories.data.as_deref().ok_or(Error::NoDirectory)?;
        let files = Files::in_directory(directory);
        let authority = Authority::open(&files, env.clock.clone())?;
        // Without system roots the rest is still worth telling.
        let bundle = write_bundle(&files, authority.certificate());
        if self.json {
            let page = json!({
                "certificate": files.certificate,
                "key": files.key,
                "bundle": bundle.is_ok().then_some(&files.bundle),
                "sha256": authority.fingerprint(),
            });
            env.stdout.print(format_args!("{page}\n"))?;
        } else {
            let text = page(&files, &authority.fingerprint());
            env.stdout.print(format_args!("{text}"))?;
        }
        if let Err(error) = bundle {
            env.stderr
                .print(format_args!("warning: `{}` was not written: {error}\n", files.bundle.display()))?;
        }
        Ok(Exit::Fine)
    }
}

fn page(files: &Files, fingerprint: &str) -> String {
    let (ca, bundle, key) = (shown(&files.certificate), shown(&files.bundle), shown(&files.key));
    format!(
        "certificate  {ca}
key          {key} (yours alone: give it to nobody)
with roots   {bundle} (the system's roots and this CA, as of now)
SHA-256      {fingerprint}

Point an app at https://localhost:7117/v1 or, with `gatetap run --intercept HOST`, set
HTTPS_PROXY=http://localhost:7117 for it. Then tell it to trust this CA, for one process:

  curl                        curl --cacert {ca} …
  Node                        NODE_EXTRA_CA_CERTS={ca}
  Deno                        DENO_CERT={ca}
  Bun                         NODE_EXTRA_CA_CERTS={ca}
  Python: httpx, OpenSSL      SSL_CERT_FILE={bundle}
  Python: requests            REQUESTS_CA_BUNDLE={bundle}
  Go on Linux, Ruby, OpenSSL  SSL_CERT_FILE={bundle}
  Rust: rustls-native-certs   SSL_CERT_FILE={bundle}
  git                         GIT_SSL_CAINFO={bundle}
  AWS SDKs                    AWS_CA_BUNDLE={bundle}

SSL_CERT_FILE, REQUESTS_CA_BUNDLE and their like replace the system's roots, so they need the file
that holds both. NODE_EXTRA_CA_CERTS, DENO_CERT and --cacert take the CA alone.

  Java      keytool -importcert -noprompt -alias gatetap -file {ca} \\
              -keystore gatetap.jks -storepass changeit
            java -Djavax.net.ssl.trustStore=gatetap.jks -Djavax.net.ssl.trustStorePassword=changeit …
            (this keystore replaces Java's own roots)
  Firefox   Settings, Privacy & Security, Certificates, View Certificates, Authorities, Import
  Chrome    its certificate settings, Authorities, Import
  macOS     Go, Safari and Chrome read the keychain:
            security add-trusted-cert -r trustRoot -k ~/Library/Keychains/login.keychain-db {ca}
  Windows   certutil -user -addstore Root {ca}

gatetap runs none of these. Undo what you ran when you are done; whoever holds the key could pretend
to be any host to what trusts the CA.
"
    )
}

/// A path for a shell.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+~:@".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
