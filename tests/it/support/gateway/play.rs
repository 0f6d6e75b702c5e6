//! One connection: the script on one side, the reading on the other.

use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use tokio::net::TcpStream;
use tokio::sync::watch;

use super::{Departure, Left, Log, Plan, Request, Step, Written};
use crate::support::http1::{BodyReader, Framing, Head, Piece};

/// How a script ended.
enum Ended {
    /// There is nothing more to do; the connection is kept until the peer leaves.
    Done,
    /// The connection closes, or is already gone.
    Closed,
    /// The connection breaks.
    Reset,
}

struct Line {
    stream: TcpStream,
    number: usize,
    reading: watch::Sender<bool>,
    log: Arc<Log>,
}

pub(super) async fn connection(stream: TcpStream, number: usize, plan: Arc<Plan>, log: Arc<Log>) {
    let line = Line { stream, number, reading: watch::Sender::new(true), log };
    if line.stream.set_nodelay(true).is_err() {
        return line.left(Left::Reset);
    }
    let ended = tokio::select! {
        ended = line.play(&plan) => ended,
        never = line.listen() => match never {},
    };
    if matches!(ended, Ended::Reset) {
        line.stream.set_zero_linger().unwrap();
    }
    let Line { stream, log, .. } = line;
    drop(stream);
    log.change(|seen| seen.connections[number].gone = true);
}

impl Line {
    async fn play(&self, plan: &Plan) -> Ended {
        let ended = match plan {
            Plan::Connections(scripts) => self.steps(nth(scripts, self.number)).await,
            Plan::Requests { answers, next } => loop {
                let Some(()) = self.whole_request().await else {
                    break Ended::Closed;
                };
                let n = next.fetch_add(1, Ordering::Relaxed);
                match self.steps(nth(answers, n)).await {
                    Ended::Done => {}
                    ended => break ended,
                }
            },
        };
        if matches!(ended, Ended::Done) {
            self.peer_leaves().await;
        }
        ended
    }

    async fn steps(&self, steps: &[Step]) -> Ended {
        for step in steps {
            let there = match step {
                Step::ReadHead => self.read_head().await,
                Step::ReadBody => self.read_body().await,
                Step::Write(bytes) => self.write(bytes).await,
                Step::Wait(gate) => {
                    gate.pass().await;
                    Some(())
                }
                Step::PauseReading => {
                    self.reading.send_replace(false);
                    Some(())
                }
                Step::ResumeReading => {
                    self.reading.send_replace(true);
                    Some(())
                }
                Step::Hang => {
                    self.peer_leaves().await;
                    None
                }
                Step::HalfClose => self.half_close(),
                Step::Close => None,
                Step::Reset => return Ended::Reset,
            };
            if there.is_none() {
                return Ended::Closed;
            }
        }
        Ended::Done
    }

    async fn whole_request(&self) -> Option<()> {
        self.read_head().await?;
        self.read_body().await
    }

    async fn read_head(&self) -> Option<()> {
        let connection = self.number;
        self.take(|unread, requests| {
            let head = Head::take_from(unread)?;
            requests.push(Request {
                connection,
                head,
                body: Vec::new(),
                chunks: Vec::new(),
                trailers: Vec::new(),
                head_at: Instant::now(),
                whole_at: None,
            });
            Some(Ok(()))
        })
        .await
    }

    async fn read_body(&self) -> Option<()> {
        let connection = self.number;
        let mut reader = None;
        self.take(|unread, requests| {
            let request = requests.iter_mut().rfind(|request| request.connection == connection)?;
            let reader = match &mut reader {
                Some(reader) => reader,
                none => match request.head.request_framing() {
                    Ok(framing) => none.insert(BodyReader::new(framing)),
                    Err(problem) => return Some(Err(problem)),
                },
            };
            loop {
                match reader.next(unread) {
                    Ok(Some(Piece::Data(data))) => {
                        if reader.framing() == Framing::Chunked {
                            request.chunks.push(data.len());
                        }
                        request.body.extend_from_slice(&data);
                    }
                    Ok(Some(Piece::End(trailers))) => {
                        request.trailers = trailers;
                        request.whole_at = Some(Instant::now());
                        return Some(Ok(()));
                    }
                    Ok(None) => return None,
                    Err(problem) => return Some(Err(problem)),
                }
            }
        })
        .await
    }

    /// Takes from what was read and not yet used, until `take` has what it wants, or the peer has left
    /// without sending that, or sent something else.
    async fn take(
        &self,
        mut take: impl FnMut(&mut Vec<u8>, &mut Vec<Request>) -> Option<Result<(), String>>,
    ) -> Option<()> {
        let taken = self.log.once(|seen| {
            let connection = seen.connections.get_mut(self.number)?;
            let mut unread = connection.raw.get(connection.read_by_script..)?.to_vec();
            let taken = take(&mut unread, &mut seen.requests);
            connection.read_by_script = connection.raw.len() - unread.len();
            match taken {
                Some(result) => Some(Some(result)),
                None => connection.departure.map(|_| None),
            }
        });
        match taken.await? {
            Ok(()) => {
                self.log.change(|_| ());
                Some(())
            }
            Err(problem) => {
                self.log.change(|seen| seen.problems.push(problem));
                None
            }
        }
    }

    async fn write(&self, bytes: &[u8]) -> Option<()> {
        let (at, length) = (Instant::now(), bytes.len());
        // Logged before the first byte goes, so that whoever has received bytes finds their write here.
        self.log.change(|seen| seen.connections[self.number].written.push(Written { at, length }));
        let mut left = bytes;
        while !left.is_empty() {
            let wrote = match self.stream.writable().await {
                Ok(()) => self.stream.try_write(left),
                Err(error) => Err(error),
            };
            match wrote {
                Ok(count) => left = &left[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => {
                    self.left(Left::Reset);
                    return None;
                }
            }
        }
        Some(())
    }

    fn half_close(&self) -> Option<()> {
        let same_socket = self.stream.as_fd().try_clone_to_owned().ok()?;
        std::net::TcpStream::from(same_socket).shutdown(Shutdown::Write).ok()
    }

    async fn peer_leaves(&self) {
        self.log.once(|seen| seen.connections.get(self.number)?.departure).await;
    }

    async fn listen(&self) -> Infallible {
        let mut reading = self.reading.subscribe();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            if reading.wait_for(|reading| *reading).await.is_err() || self.stream.readable().await.is_err() {
                break;
            }
            if !*self.reading.borrow() {
                continue;
            }
            match self.stream.try_read(&mut buffer) {
                Ok(0) => {
                    self.left(Left::Fin);
                    break;
                }
                Ok(count) => self.log.change(|seen| {
                    seen.connections[self.number].raw.extend_from_slice(&buffer[..count]);
                }),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(_) => {
                    self.left(Left::Reset);
                    break;
                }
            }
        }
        std::future::pending().await
    }

    fn left(&self, how: Left) {
        let at = Instant::now();
        self.log.change(|seen| {
            seen.connections[self.number].departure.get_or_insert(Departure { how, at });
        });
    }
}

fn nth(scripts: &[Vec<Step>], n: usize) -> &[Step] {
    &scripts[n.min(scripts.len() - 1)]
}
