//! What a request's credentials come to. An app sends the same with every request, so that is remembered.

use super::memo::Shelf;
use super::secrets::Secrets;
use crate::exchange::credential::CredentialFacts;
use crate::exchange::head::{Headers, Line, split_target};
use crate::gateway::credential::credential_facts;
use crate::gateway::keys;
use crate::gateway::set_header::SetHeader;
use std::cell::RefCell;
use std::sync::Arc;

/// So many sets of credentials are remembered; no more, for these are the secrets themselves.
const MOST: usize = 32;

thread_local! {
    /// The recorder masks on one thread, so nobody waits for anybody here.
    static KNOWN: RefCell<Shelf<Carried>> = RefCell::new(Shelf::new(MOST));
}

/// What a request's credentials come to.
#[derive(Debug, Clone)]
pub(super) struct Carried {
    /// What may not be found in anything that is kept.
    pub(super) secrets: Arc<Secrets>,
    /// What is kept of them.
    pub(super) facts: Vec<CredentialFacts>,
}

impl Carried {
    /// Of a request with these header lines, whose values may have white space around them, with this target, and with
    /// what configuration has set. `salt` is the recording's own.
    pub(super) fn of(headers: &Headers, target: &str, set: &[SetHeader], salt: &[u8]) -> Self {
        let tells = |(name, _): &&Line| keys::table().header(name).is_some();
        let credentials: Vec<_> = headers.iter().filter(tells).collect();
        // A target tells of nothing but by its query, its fragment, or its user.
        let told = Some(target).filter(|target| target.contains(['?', '#', '@']));
        let set: Vec<&str> = set.iter().filter_map(|set| set.secret.as_deref()).collect();
        let print = KNOWN.with_borrow(|known| known.print(&(&credentials, told, &set, salt)));
        if let Some(known) = KNOWN.with_borrow(|known| known.get(print)) {
            return known;
        }
        let mut secrets = Secrets::of_request(headers, target);
        secrets.add(set.into_iter());
        let facts = credential_facts(headers, split_target(target).1, salt);
        let carried = Self { secrets: Arc::new(secrets), facts };
        KNOWN.with_borrow_mut(|known| known.put(print, carried.clone()));
        carried
    }
}
