//! What a recording shows of each gateway beside the exchange in question, for a note for its support.

use crate::export::Probes;
use crate::store::{Error, Page, Reader};
use std::collections::BTreeMap;

/// Exchanges read from the recording at a time.
const PAGE: u32 = 500;

/// Whether lists of models and small plain requests were seen to work, by the gateway's name. Looks at every
/// exchange of the recording.
///
/// # Errors
/// As for [`Reader::summaries`].
pub fn probes(reader: &Reader) -> Result<BTreeMap<String, Probes>, Error> {
    let mut probes: BTreeMap<String, Probes> = BTreeMap::new();
    let mut after = Some(0);
    loop {
        let page = reader.summaries(Page { after, before: None, limit: Some(PAGE) })?;
        let Some(last) = page.last() else {
            return Ok(probes);
        };
        after = Some(last.id);
        for summary in &page {
            probes.entry(summary.gateway.clone()).or_default().take(summary);
        }
    }
}
