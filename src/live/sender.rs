//! Sending recorded requests again, through a running gatetap.

use crate::exchange::ExchangeId;
use crate::proxy::Expected;
use crate::replay::Again;
use crate::wire::http1::AnswerEnd;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;

/// Sends recorded requests again through a running gatetap. It may outlive that; then sending fails.
#[derive(Debug, Clone)]
pub struct Sender {
    pub(super) address: Option<SocketAddr>,
    pub(super) expected: Expected,
    pub(super) upstream: String,
    pub(super) routes: BTreeMap<String, String>,
}

impl Sender {
    /// Whether this gatetap leads to `gateway`, by its recorded name, for that request.
    pub fn leads_to(&self, gateway: &str, again: &Again) -> bool {
        let there = match again.route() {
            None => Some(&self.upstream),
            Some(route) => self.routes.get(route),
        };
        there.is_some_and(|there| there == gateway)
    }

    /// Sends a recorded request again, through the proxy, and reads its answer to the end. What comes of it is in
    /// the recording, linked to `exchange`.
    ///
    /// # Errors
    /// Where there is no way to this gatetap itself.
    pub async fn send(&self, exchange: ExchangeId, again: &Again) -> io::Result<()> {
        let address = self.address.ok_or(io::ErrorKind::AddrNotAvailable)?;
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.bind(SocketAddr::new(address.ip(), 0))?;
        let _expected = self.expected.expect(socket.local_addr()?, exchange);
        let mut stream = socket.connect(address).await?;
        stream.set_nodelay(true)?;
        stream.write_all(&again.to_bytes(&address.to_string())).await?;
        let mut end = AnswerEnd::of(again.method());
        let mut bytes = Vec::with_capacity(64 << 10);
        loop {
            bytes.clear();
            match stream.read_buf(&mut bytes).await {
                // A cut is a fact that stands in the recording.
                Ok(0) | Err(_) => return Ok(()),
                Ok(_) if end.read(&bytes) => return Ok(()),
                Ok(_) => {}
            }
        }
    }
}
