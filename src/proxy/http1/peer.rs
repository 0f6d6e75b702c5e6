//! Whether an app that says nothing more has left, or only has nothing more to say.
//!
//! On the wire the two look alike: an app that closed its connection and one that closed only its sending
//! half both send a FIN, and only an answer would show the difference. The FIN is passed on to the gateway
//! in both cases, as if there were no gatetap. But while the app is on the same machine, its system knows
//! more: a connection that no process holds any more has been left.

#[cfg(any(target_os = "linux", test))]
use crate::proxy::stream::canonical;
#[cfg(any(target_os = "linux", test))]
use std::net::IpAddr;
use std::net::SocketAddr;

/// Whether the app at `peer`, connected to `local`, has closed its connection altogether. `false` also
/// where that cannot be known: on another machine, or where the system does not tell.
pub(super) async fn has_left(peer: SocketAddr, local: Option<SocketAddr>) -> bool {
    let Some(local) = local else { return false };
    tokio::task::spawn_blocking(move || look(peer, local)).await.unwrap_or(false)
}

#[cfg(target_os = "linux")]
fn look(peer: SocketAddr, local: SocketAddr) -> bool {
    let held = rows(peer, local)
        .into_iter()
        .find_map(|(table, peer, local)| is_held(&std::fs::read_to_string(table).ok()?, peer, local));
    held == Some(false)
}

/// The tables that the app's own socket can stand in, and what the two addresses are called there. A listener of
/// IPv6 that takes IPv4 writes both as addresses of its own, and so may the app, but neither knows how the other does.
#[cfg(any(target_os = "linux", test))]
fn rows(peer: SocketAddr, local: SocketAddr) -> Vec<(&'static str, SocketAddr, SocketAddr)> {
    let mapped = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => SocketAddr::new(ip.to_ipv6_mapped().into(), address.port()),
        IpAddr::V6(_) => address,
    };
    let (peer, local) = (canonical(peer), canonical(local));
    let mut rows = Vec::new();
    if peer.is_ipv4() {
        rows.push(("/proc/self/net/tcp", peer, local));
    }
    rows.push(("/proc/self/net/tcp6", mapped(peer), mapped(local)));
    rows
}

#[cfg(not(target_os = "linux"))]
fn look(_peer: SocketAddr, _local: SocketAddr) -> bool {
    false
}

/// Whether a process holds the connection from `from` to `to`, by the system's table (`proc_pid_net(5)`);
/// `None` if it is not in there.
#[cfg(any(target_os = "linux", test))]
fn is_held(table: &str, from: SocketAddr, to: SocketAddr) -> Option<bool> {
    let (from, to) = (written(from), written(to));
    let row =
        table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>()).find(|columns| {
            columns.get(1).is_some_and(|column| *column == from)
                && columns.get(2).is_some_and(|column| *column == to)
        })?;
    row.get(9).map(|inode| *inode != "0")
}

/// An address as the table writes it: words of four bytes as the machine reads them, in hexadecimal.
#[cfg(any(target_os = "linux", test))]
fn written(address: SocketAddr) -> String {
    let octets = match address.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let words = octets.chunks(4).map(|word| {
        let word: [u8; 4] = word.try_into().unwrap_or_default();
        format!("{:08X}", u32::from_ne_bytes(word))
    });
    format!("{}:{:04X}", words.collect::<String>(), address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ipv4_is_looked_for_under_both_of_its_names() {
        let found = |peer: &str, local: &str| rows(peer.parse().unwrap(), local.parse().unwrap());
        let plain = found("127.0.0.1:5000", "127.0.0.1:7117");
        assert_eq!(plain, found("[::ffff:127.0.0.1]:5000", "[::ffff:127.0.0.1]:7117"));
        let told: Vec<_> = plain.iter().map(|(table, peer, _)| (*table, peer.to_string())).collect();
        let expected =
            [("/proc/self/net/tcp", "127.0.0.1:5000"), ("/proc/self/net/tcp6", "[::ffff:127.0.0.1]:5000")];
        assert_eq!(told, expected.map(|(table, peer)| (table, peer.to_owned())));
        assert_eq!(found("[::1]:5000", "[::1]:7117").len(), 1);
    }

    #[test]
    fn a_connection_without_an_owner_is_left() {
        let table = format!(
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: {} {} 05 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 20 4 30 10 -1\n\
             1: {} {} 05 00000000:00000000 03:00001762 00000000     0        0 0 3 0\n",
            written("127.0.0.1:5000".parse().unwrap()),
            written("127.0.0.1:7117".parse().unwrap()),
            written("[::1]:5001".parse().unwrap()),
            written("[::1]:7117".parse().unwrap()),
        );
        let held = |from: &str, to: &str| is_held(&table, from.parse().unwrap(), to.parse().unwrap());
        assert_eq!(held("127.0.0.1:5000", "127.0.0.1:7117"), Some(true));
        assert_eq!(held("[::1]:5001", "[::1]:7117"), Some(false));
        assert_eq!(held("127.0.0.1:5002", "127.0.0.1:7117"), None);
    }
}
