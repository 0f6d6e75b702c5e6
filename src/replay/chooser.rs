//! What a replay will make of a request, before the request is sent to it.

use super::library::Library;
use super::{Among, OwnWord, Tally};
use crate::exchange::head::RequestHead;
use crate::gateway::profile::{Profile, played_by, profile, profiles};
use std::sync::Arc;

/// Tells the proxy where a request that goes to a replay ends up: so that it is recorded under the right name, what
/// the HTTP library does not pass on is compared all the same, and what nothing answers can go elsewhere.
#[derive(Debug, Clone)]
pub struct Chooser {
    pub(super) library: Arc<Library>,
    pub(super) tally: Tally,
    pub(super) word: OwnWord,
}

/// A recorded exchange that will answer a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What the replay is called for this request: `replay`, or `replay:NAME` after the gateway that had answered.
    pub gateway: String,
    /// What stands for the local `/v1` at that gateway.
    pub base_path: &'static str,
    /// It was recorded on the same route; else it stands in for one that was not.
    pub same_route: bool,
    /// What the replay is told by [`OWN_HEADER`](super::OWN_HEADER), so that it answers with just this exchange.
    pub ticket: String,
}

impl Chooser {
    /// What a replay is called where nobody knows which gateway it plays.
    pub const NAME: &str = "replay";

    /// Whether a gateway of that name is a replay.
    pub fn is_replay(gateway: &str) -> bool {
        let rest = gateway.strip_prefix(Self::NAME);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }

    /// The exchange that will answer a request, whose head and body are as they came from the app. Turns are taken
    /// only when the replay is asked.
    pub async fn choose(&self, head: RequestHead, body: Vec<u8>) -> Option<Choice> {
        let library = Arc::clone(&self.library);
        let looked = tokio::task::spawn_blocking(move || {
            library.look(&head, &body).map(|(turn, gateway)| (turn, gateway.to_owned()))
        });
        // A panic there has been reported; the replay itself looks again.
        let (turn, gateway) = looked.await.ok()??;
        let base_path = profile(played_by(&gateway)).map_or("/v1", Profile::base_path);
        let same_route = matches!(turn.among, Among::Same | Among::Route);
        Some(Choice { gateway: replayed(&gateway), base_path, same_route, ticket: self.word.ticket(turn) })
    }

    /// Counts a request that nothing recorded answers and that is sent on.
    pub fn forwarded(&self) {
        self.tally.forwarded();
    }
}

/// What a replay of that gateway is called: as with the simulator, the default one goes without saying.
fn replayed(gateway: &str) -> String {
    let played = played_by(gateway);
    let is_default = profiles().first().is_some_and(|profile| profile.name == played);
    if is_default || played.is_empty() {
        Chooser::NAME.to_owned()
    } else {
        format!("{}:{played}", Chooser::NAME)
    }
}
