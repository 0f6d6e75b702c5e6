//! What a certificate says of itself.

use x509_parser::prelude::{FromDer as _, X509Certificate, X509Name};

/// Whom a certificate names, and who signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Whose it is.
    pub subject: String,
    /// Who signed it: the organization, else the common name.
    pub issuer: String,
}

impl Signed {
    /// Reads a certificate in DER; `None` if it is none. Nothing is verified.
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        Some(Self { subject: name(certificate.subject()), issuer: name(certificate.issuer()) })
    }
}

/// Organization and common name, as far as there are such.
fn name(name: &X509Name<'_>) -> String {
    let organizations = name.iter_organization().filter_map(|part| part.as_str().ok());
    let common = name.iter_common_name().filter_map(|part| part.as_str().ok());
    let parts: Vec<&str> = organizations.chain(common).collect();
    if parts.is_empty() { name.to_string() } else { parts.join(", ") }
}
