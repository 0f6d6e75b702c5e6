//! The line of a tunnel to the recorder, and what the recorder keeps of it.

use super::Recorder;
use super::thread::Message;
use crate::exchange::end::{BodyEnd, OwnAnswer};
use crate::exchange::time::{Micros, Moment};
use crate::exchange::tunnel::{Tunnel, TunnelId};
use crate::store::{Error, Writer};
use std::collections::BTreeMap;
use std::net::SocketAddr;

/// The line of one tunnel to the recorder.
#[derive(Debug)]
pub struct TunnelTrack {
    recorder: Recorder,
    key: u64,
    began: Micros,
    tunnel: Tunnel,
}

/// The tunnels that are not written yet, and the numbers of those that are and may change.
#[derive(Debug, Default)]
pub(super) struct TunnelLines {
    waiting: BTreeMap<u64, Tunnel>,
    ids: BTreeMap<u64, TunnelId>,
}

impl Recorder {
    /// Writes down that a tunnel to `host` was asked for at `began`.
    pub fn tunnel(&self, began: Moment, peer: SocketAddr, host: String) -> TunnelTrack {
        let tunnel = Tunnel {
            id: 0,
            session: 0,
            started_at: began.wall,
            peer: Some(peer.to_string()),
            host,
            connect: None,
            end: None,
            sent_bytes: 0,
            received_bytes: 0,
            ended: None,
            failure: None,
        };
        TunnelTrack { recorder: self.clone(), key: self.next_key(), began: began.mono, tunnel }
    }
}

impl TunnelTrack {
    /// The connection to the host was made, which took so long.
    pub fn connected(&mut self, connect: Micros) {
        self.tunnel.connect = Some(connect);
        self.tell();
    }

    /// There is no tunnel.
    pub fn failed(mut self, failure: OwnAnswer) {
        self.tunnel.failure = Some(failure);
        self.tunnel.end = Some(self.recorder.clock().mono().since(self.began));
        self.tell();
    }

    /// So many bytes have passed so far, from the app and from the host.
    pub fn passed(&mut self, sent: u64, received: u64) {
        (self.tunnel.sent_bytes, self.tunnel.received_bytes) = (sent, received);
        self.tell();
    }

    /// It has ended.
    pub fn ended(mut self, end: BodyEnd) {
        self.tunnel.ended = Some(end);
        self.tunnel.end = Some(self.recorder.clock().mono().since(self.began));
        self.tell();
    }

    fn tell(&self) {
        self.recorder.send(Message::Tunnel { key: self.key, tunnel: Box::new(self.tunnel.clone()) });
    }
}

impl TunnelLines {
    pub(super) fn take(&mut self, key: u64, tunnel: Tunnel) {
        self.waiting.insert(key, tunnel);
    }

    /// What was written so far is gone: whatever changes is written as something new.
    pub(super) fn start_anew(&mut self) {
        self.ids.clear();
    }

    pub(super) fn is_dirty(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Writes what changed, inside a transaction. Nothing in here changes before [`TunnelLines::settle`].
    pub(super) fn write(&self, writer: &Writer) -> Result<Vec<(u64, TunnelId)>, Error> {
        let written = self.waiting.iter().map(|(key, tunnel)| {
            let id = self.ids.get(key).copied().unwrap_or_default();
            Ok((*key, writer.put_tunnel(&Tunnel { id, ..tunnel.clone() })?))
        });
        written.collect()
    }

    /// What was written is committed.
    pub(super) fn settle(&mut self, written: Vec<(u64, TunnelId)>) {
        for (key, id) in written {
            match self.waiting.remove(&key) {
                Some(Tunnel { end: Some(_), .. }) => self.ids.remove(&key),
                _ => self.ids.insert(key, id),
            };
        }
    }
}
