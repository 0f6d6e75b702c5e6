//! The authority's files: where they lie, and how they come to be whole or not at all.

use super::Error;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rustls::pki_types::CertificateDer;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Where the files of the local authority lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate, which apps are told to trust.
    pub certificate: PathBuf,
    /// The key, readable by its owner alone.
    pub key: PathBuf,
    /// The system's roots and the certificate, for what reads one file only.
    pub bundle: PathBuf,
}

impl Files {
    /// The files in `directory`.
    pub fn in_directory(directory: &Path) -> Self {
        Self {
            certificate: directory.join("ca.pem"),
            key: directory.join("ca-key.pem"),
            bundle: directory.join("ca-bundle.pem"),
        }
    }
}

/// Writes the system's roots and `certificate`, in PEM, into `files.bundle`, in place of what was there.
///
/// # Errors
/// [`Error::NoRoots`] where the system's roots cannot be read, [`Error::File`] where the file cannot be
/// written.
pub fn write_bundle(files: &Files, certificate: &CertificateDer<'_>) -> Result<usize, Error> {
    let roots = super::gateway::system_certificates()?;
    let mut text = String::new();
    for root in roots.iter().chain([certificate]) {
        text.push_str(&pem(root));
    }
    let failed = |source| Error::File { path: files.bundle.clone(), source };
    let draft = write_draft(&files.bundle, text.as_bytes(), 0o644).map_err(failed)?;
    fs::rename(&draft, &files.bundle).map_err(failed)?;
    Ok(roots.len())
}

/// Puts `bytes` into a new file at `path`, whole or not at all. Where the file is there already, also
/// because another process was faster, it is left as it is.
pub(super) fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let failed = |source| Error::File { path: path.to_owned(), source };
    if let Some(parent) = path.parent().filter(|parent| !parent.exists()) {
        make_private_directory(parent).map_err(failed)?;
    }
    let draft = write_draft(path, bytes, mode).map_err(failed)?;
    // Unlike renaming, linking never replaces what is there.
    let linked = fs::hard_link(&draft, path);
    drop(fs::remove_file(&draft));
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

/// The text of a file; `None` if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<String>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::File { path: path.to_owned(), source }),
    }
}

/// Refuses a key that others can read.
#[cfg(unix)]
pub(super) fn check_private(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::PermissionsExt as _;
    let found = fs::metadata(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
    let others = found.permissions().mode() & 0o077;
    if others == 0 { Ok(()) } else { Err(Error::Exposed { path: path.to_owned() }) }
}

/// Elsewhere the user's directories are private by themselves.
#[cfg(not(unix))]
pub(super) fn check_private(_: &Path) -> Result<(), Error> {
    Ok(())
}

/// Writes a new file beside `path`, and gives its name.
fn write_draft(path: &Path, bytes: &[u8], mode: u32) -> io::Result<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let draft = PathBuf::from(name);
    // A process of the same number may have died over it.
    drop(fs::remove_file(&draft));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(draft)
}

fn make_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn pem(certificate: &CertificateDer<'_>) -> String {
    let encoded = BASE64_STANDARD.encode(certificate);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in encoded.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text.push_str("-----END CERTIFICATE-----\n");
    text
}
