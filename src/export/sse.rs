//! The streams themselves, as files that an event-stream reader takes: content codings undone, broken ends
//! as they were.
//!
//! The first stream is written byte for byte. Each further one stands behind a comment that says which
//! exchange it is of, and behind the blank line that ends whatever the one before it left open.

use super::{Export, Exported, Outcome, json};
use crate::exchange::body::Side;
use crate::exchange::text::printable;
use crate::wire::media;
use std::io::{self, Write};

#[derive(Debug, Default)]
pub(super) struct Sse {
    has_one: bool,
    /// How the stream before ended.
    last_bytes: Vec<u8>,
}

impl Export for Sse {
    fn exchange(&mut self, one: &Exported, out: &mut dyn Write) -> io::Result<Outcome> {
        let exchange = one.exchange();
        let announced = exchange.response.as_ref().is_some_and(|head| media::is_event_stream(&head.headers));
        if !announced && one.whole.summary.digest.events == 0 {
            return Ok(Outcome::LeftOut("no stream"));
        }
        let (bytes, _) = one.decoded(Side::Response);
        if std::mem::replace(&mut self.has_one, true) {
            if !ends_an_event(&self.last_bytes) {
                out.write_all(b"\n\n")?;
            }
            let target = printable(&exchange.request.target);
            let at = json::rfc3339(exchange.started_at);
            writeln!(
                out,
                ": exchange {}, {at}, {} {target}",
                exchange.id,
                printable(&exchange.request.method)
            )?;
            writeln!(out)?;
        }
        out.write_all(&bytes)?;
        self.last_bytes = bytes.get(bytes.len().saturating_sub(4)..).unwrap_or_default().to_vec();
        Ok(Outcome::Written)
    }
}

/// Whether a reader has nothing left after these last bytes of a stream.
fn ends_an_event(tail: &[u8]) -> bool {
    tail.is_empty() || [&b"\n\n"[..], b"\r\r", b"\r\n\r\n"].iter().any(|blank| tail.ends_with(blank))
}
