//! Credentials: whether there is one, whether it is well written, whether it is the right one.

pub(super) mod bearer_spacing;
pub(super) mod key_changed_midway;
pub(super) mod missing;
pub(super) mod models_ok_chat_401;
pub(super) mod no_bearer;
pub(super) mod placeholder_key;
pub(super) mod quoted_key;
pub(super) mod repeated_401;
pub(super) mod truncated_key;
pub(super) mod two_credentials;
pub(super) mod whitespace_in_key;
pub(super) mod wrong_provider_key;
pub(super) mod x_api_key_on_openai_path;

use super::Context;
use crate::exchange::body::Side;
use crate::exchange::credential::{CredentialFacts, Defect};
use crate::exchange::finding::Place;
use crate::exchange::text::counted;

/// The credentials meant for the gateway: all but those of a proxy on the way and signatures of URLs. An
/// empty one is none.
pub(super) fn for_gateway<'a>(context: &Context<'a>) -> impl Iterator<Item = &'a CredentialFacts> {
    let is_meant = |credential: &&CredentialFacts| {
        credential.place != "proxy-authorization"
            && !credential.defects.contains(&Defect::Empty)
            && !is_signature(credential)
    };
    context.credentials().iter().filter(is_meant)
}

/// Those of them that have one of these defects.
pub(super) fn with_defect<'a>(
    context: &Context<'a>,
    defects: &'static [Defect],
) -> impl Iterator<Item = (&'a CredentialFacts, Defect)> {
    for_gateway(context).filter_map(|credential| {
        let defect = defects.iter().find(|defect| credential.defects.contains(defect))?;
        Some((credential, *defect))
    })
}

/// Whether this is a signature of a signed URL, which is good for that URL only.
pub(in crate::check) fn is_signature(credential: &CredentialFacts) -> bool {
    let place = credential.place.to_ascii_lowercase();
    place.starts_with('?') && ["sig", "x-amz", "x-goog"].iter().any(|part| place.contains(part))
}

/// Where a credential stands.
pub(super) fn place_of(credential: &CredentialFacts) -> Place {
    if credential.place.starts_with('?') {
        Place::Target
    } else {
        Place::Header(Side::Request, credential.place.clone())
    }
}

/// The header or parameter of a credential, as people write it.
pub(super) fn named(credential: &CredentialFacts) -> String {
    match credential.place.as_str() {
        "authorization" => "`Authorization`".to_owned(),
        place => format!("`{place}`"),
    }
}

/// What of a key may be shown.
pub(super) fn tail(credential: &CredentialFacts) -> String {
    format!("…{}", credential.last4.as_deref().unwrap_or_default())
}

/// A credential as evidence: where it stands, how it ends, how long it is.
pub(super) fn shown(credential: &CredentialFacts) -> String {
    let scheme = credential.scheme.as_ref().map(|scheme| format!("{scheme} ")).unwrap_or_default();
    let (place, tail, length) = (&credential.place, tail(credential), counted(credential.length, "byte"));
    format!("`{place}: {scheme}{tail}`, a key of {length}")
}

/// The header line that the gateway wants, with what may be shown of this key.
pub(super) fn wanted(context: &Context<'_>, credential: &CredentialFacts) -> String {
    let tail = tail(credential);
    match credential.place.as_str() {
        "authorization" => format!("`Authorization: Bearer {tail}`"),
        place if place.starts_with('?') => match context.profile() {
            Some(profile) => format!("`{}: {}`", profile.auth.header(), profile.auth.value(&tail)),
            None => format!("`Authorization: Bearer {tail}`"),
        },
        place => format!("`{place}: {tail}`"),
    }
}
