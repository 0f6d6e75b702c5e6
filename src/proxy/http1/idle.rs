//! Connections to gateways that wait for their next request.

use super::link::Link;
use crate::exchange::time::Micros;
use crate::proxy::connect::GatewayStream;
use crate::proxy::kept::{AppId, Kept};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};
use tokio::net::TcpStream;

/// So many idle connections are kept for one gateway.
const IDLE_PER_GATEWAY: usize = 64;

/// Idle connections by origin, those that have waited longest first. The lock is held to take one out or put one
/// back, never while waiting.
#[derive(Debug, Default)]
pub(in crate::proxy) struct Idle(Mutex<HashMap<Arc<str>, VecDeque<Waiting>>>);

#[derive(Debug)]
struct Waiting {
    link: Link<GatewayStream>,
    kept: Kept,
}

impl Idle {
    /// A connection to `origin` that is good for a request of `app`, whose gateway has neither closed it nor said
    /// anything.
    pub(super) fn take(&self, origin: &str, app: &AppId, now: Micros) -> Option<Link<GatewayStream>> {
        loop {
            let mut waiting = {
                let mut idle = self.lock();
                let links = idle.get_mut(origin)?;
                let at = links.iter().rposition(|waiting| waiting.kept.is_for(app, now))?;
                links.remove(at)?
            };
            if is_quiet(&mut waiting.link) {
                return Some(waiting.link);
            }
        }
    }

    /// Lets a connection wait for its next request, which it is `kept` for. Those that nobody can use any more go,
    /// and so do those that died while they waited longest.
    pub(super) fn put(&self, origin: &Arc<str>, mut link: Link<GatewayStream>, kept: Kept) {
        link.rest();
        let mut idle = self.lock();
        let links = idle.entry(Arc::clone(origin)).or_default();
        links.retain(|waiting| !waiting.kept.is_useless(kept.since()));
        // The one that has waited longest is the first to be closed; the others are looked at when they are its age.
        while links.front_mut().is_some_and(|longest| !is_quiet(&mut longest.link)) {
            links.pop_front();
        }
        if links.len() < IDLE_PER_GATEWAY {
            links.push_back(Waiting { link, kept });
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Arc<str>, VecDeque<Waiting>>> {
        // The map is whole even where its holder panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a request can be sent on the connection: nothing has come that nobody asked for, not even its
/// end. The system is asked, since the runtime may not have been told yet.
fn is_quiet(link: &mut Link<GatewayStream>) -> bool {
    match peek(link.stream.tcp()) {
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        // TLS says things of its own, such as new session tickets.
        Ok(1..) if link.stream.is_tls() => {
            let mut context = Context::from_waker(Waker::noop());
            link.poll_fill(&mut context).is_pending()
        }
        Ok(_) => false,
    }
}

#[cfg(unix)]
fn peek(stream: &TcpStream) -> io::Result<usize> {
    use rustix::net::{RecvFlags, recv};
    let (peeked, _) = recv(stream, &mut [0; 1][..], RecvFlags::PEEK | RecvFlags::DONTWAIT)?;
    Ok(peeked)
}

#[cfg(not(unix))]
fn peek(stream: &TcpStream) -> io::Result<usize> {
    let mut context = Context::from_waker(Waker::noop());
    match stream.poll_peek(&mut context, &mut tokio::io::ReadBuf::new(&mut [0])) {
        std::task::Poll::Ready(peeked) => peeked,
        std::task::Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}
