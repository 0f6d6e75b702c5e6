//! Where a recorded exchange went.

use crate::config::Upstream;
use crate::digest::summary::Whole;
use crate::gateway::profile::{Gateway, profile, split_route};
use crate::replay::Chooser;

/// Where an exchange went, as far as that can be told and reached again.
pub(super) fn origin(whole: &Whole) -> Option<Upstream> {
    let name = whole.summary.gateway.as_str();
    if name == "sim" || name.starts_with("sim:") || profile(name).is_some() {
        return name.parse().ok();
    }
    if name.is_empty() || Chooser::is_replay(name) {
        return None;
    }
    // The base URL is what stood in the place of the local one.
    let url = whole.exchange.url.split('?').next().unwrap_or_default();
    let target = whole.exchange.request.path();
    let target = split_route(target).map_or_else(|| target.into(), |(_, rest)| rest);
    let rest = target.strip_prefix("/v1").unwrap_or(&target);
    Some(Upstream::Gateway(Gateway::parse(url.strip_suffix(rest)?).ok()?))
}
