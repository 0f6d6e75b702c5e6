//! Which of a host's addresses is used: the first one that takes a connection (RFC 8305).
//!
//! An address that swallows what is sent to it, as one of a broken IPv6 network does, must not hold up one that
//! works: browsers, curl and the SDKs' HTTP clients all go on to the next while they wait for the first.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

/// How long an address has to itself before the next is tried beside it (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

/// The addresses that were tried, in order, and what became of it. It tells, too, where the race was called off.
#[derive(Debug)]
pub(super) struct Tried<E>(pub(super) Vec<(SocketAddr, Option<E>)>);

impl<E> Tried<E> {
    /// None yet.
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    fn failed(&mut self, address: SocketAddr, error: E) {
        if let Some((_, outcome)) = self.0.iter_mut().find(|(tried, _)| *tried == address) {
            *outcome = Some(error);
        }
    }
}

/// Tries the addresses, the next one whenever the one before has failed or has had its head start; the attempts
/// that are still under way when one has succeeded are dropped. `None` where all have failed, as `tried` then
/// says.
pub(super) async fn first<T, E, F: Future<Output = Result<T, E>>>(
    addresses: Vec<SocketAddr>,
    attempt: impl Fn(SocketAddr) -> F,
    tried: &mut Tried<E>,
) -> Option<T> {
    let mut waiting = families_in_turn(addresses).into_iter();
    let mut running = FuturesUnordered::new();
    loop {
        if let Some(address) = waiting.next() {
            tried.0.push((address, None));
            let attempt = attempt(address);
            running.push(async move { (address, attempt.await) });
        }
        tokio::select! {
            biased;
            ended = running.next() => match ended? {
                (_, Ok(connected)) => return Some(connected),
                (address, Err(error)) => tried.failed(address, error),
            },
            () = tokio::time::sleep(HEAD_START), if waiting.len() > 0 => {}
        }
    }
}

/// The addresses in the resolver's order, but for every second one being of the other family as long as there
/// is one (RFC 8305 §4).
fn families_in_turn(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (VecDeque<_>, VecDeque<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first);
    let mut turns = Vec::with_capacity(one.len() + other.len());
    while !(one.is_empty() && other.is_empty()) {
        turns.extend(one.pop_front());
        turns.extend(other.pop_front());
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    const V6: &str = "[2001:db8::1]:443";
    const V6_TOO: &str = "[2001:db8::2]:443";
    const V4: &str = "192.0.2.1:443";

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    /// What an address does with an attempt.
    #[derive(Debug, Clone, Copy)]
    enum Does {
        Takes(u64),
        Refuses(u64),
        Nothing,
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_that_takes_a_connection_wins() {
        use Does::{Nothing, Refuses, Takes};
        // What each address does after so many ms; who wins, when, and how many were tried.
        for (does, winner, after, count) in [
            (&[(V4, Takes(30))][..], Some(V4), 30, 1),
            (&[(V6, Takes(30)), (V4, Takes(0))], Some(V6), 30, 1),
            (&[(V6, Nothing), (V4, Takes(20))], Some(V4), 270, 2),
            (&[(V6, Refuses(10)), (V4, Takes(20))], Some(V4), 30, 2),
            (&[(V6, Takes(400)), (V4, Nothing)], Some(V6), 400, 2),
            (&[(V6, Nothing), (V6_TOO, Nothing), (V4, Takes(5))], Some(V4), 255, 2),
            (&[(V6, Refuses(1)), (V4, Refuses(2))], None, 3, 2),
        ] {
            let begun = Instant::now();
            let attempt = async |address: SocketAddr| {
                let did = does.iter().find(|(text, _)| text.parse() == Ok(address)).unwrap().1;
                match did {
                    Nothing => std::future::pending().await,
                    Takes(ms) | Refuses(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                }
                if matches!(did, Takes(_)) { Ok(address) } else { Err("refused") }
            };
            let mut tried = Tried::new();
            let texts: Vec<_> = does.iter().map(|(text, _)| *text).collect();
            let won = first(addresses(&texts), attempt, &mut tried).await;
            assert_eq!(won.map(|address| address.to_string()).as_deref(), winner, "{does:?}");
            assert_eq!(begun.elapsed(), Duration::from_millis(after), "{does:?}");
            assert_eq!(tried.0.len(), count, "{does:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_race_that_is_called_off_still_tells_what_was_tried() {
        let attempt = async |address: SocketAddr| {
            if address.is_ipv6() {
                return std::future::pending::<Result<(), _>>().await;
            }
            Err("refused")
        };
        let mut tried = Tried::new();
        let race = first(addresses(&[V6, V4]), attempt, &mut tried);
        tokio::time::timeout(Duration::from_secs(10), race).await.unwrap_err();
        let told: Vec<_> = tried.0.iter().map(|(address, outcome)| (address.to_string(), *outcome)).collect();
        assert_eq!(told, [(V6.to_owned(), None), (V4.to_owned(), Some("refused"))]);
    }

    #[test]
    fn families_take_turns() {
        let turns = families_in_turn(addresses(&[V6, V6_TOO, V4]));
        assert_eq!(turns, addresses(&[V6, V4, V6_TOO]));
        assert_eq!(families_in_turn(Vec::new()), []);
    }
}
