//! One connection of an app that speaks HTTP/1: its requests, one after another.

use super::exchange::{After, exchange};
use super::link::{Link, Socket};
use super::message::Request;
use super::own;
use crate::proxy::app_connection::Connection;
use crate::proxy::own_answer::{Failure, Token};
use crate::wire::http1::{HEAD_LIMIT, Problem, head_end};
use bytes::{Buf as _, Bytes};
use std::time::Duration;

/// How long a head may take from its first byte to its last. No app is that slow by itself.
pub(in crate::proxy) const HEAD_TIME: Duration = Duration::from_secs(60);

/// How an HTTP/2 connection begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How long an app may go on sending what nobody reads any more, so that it sees its answer.
const LINGER: Duration = Duration::from_secs(2);

/// What becomes of a connection.
#[derive(Debug)]
pub(in crate::proxy) enum Next<A> {
    /// It is over.
    Over,
    /// It speaks HTTP/2 by prior knowledge, from its first byte.
    Http2(Link<A>),
}

/// What reading a head came to.
enum Arrived {
    Head(Bytes),
    Preface,
    /// Nothing more comes.
    Over,
    Bad {
        raw: Bytes,
        failure: Failure,
    },
}

/// Answers the requests of a connection until it ends, or gatetap is to stop.
pub(in crate::proxy) async fn serve<A: Socket>(mut app: Link<A>, connection: &Connection) -> Next<A> {
    let stop = &connection.stop;
    let mut first = true;
    loop {
        app.rest();
        let arrived = tokio::select! {
            biased;
            arrived = head(&mut app, first) => arrived,
            () = stop.cancelled() => return Next::Over,
        };
        let after = match arrived {
            Arrived::Preface => return Next::Http2(app),
            Arrived::Over => return Next::Over,
            Arrived::Bad { raw, failure } => own::refuse(connection, &mut app, &raw, &failure).await,
            Arrived::Head(raw) => match Request::parse(raw.clone()) {
                Ok(request) => exchange(connection, &mut app, request).await,
                Err(problem) => own::refuse(connection, &mut app, &raw, &problem.into()).await,
            },
        };
        first = false;
        match after {
            After::Keep if !(stop.is_cancelled() || app.ended && app.unused.is_empty()) => {}
            After::Keep | After::Close => {
                linger(&mut app).await;
                return Next::Over;
            }
            After::Reset => {
                app.stream.reset_on_close();
                return Next::Over;
            }
            After::Drop => return Next::Over,
        }
    }
}

/// Reads a head. It may take its time to begin, but not to end.
async fn head<A: Socket>(app: &mut Link<A>, first: bool) -> Arrived {
    loop {
        // Empty lines before a request are allowed.
        let blank = app.unused.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        app.unused.advance(blank);
        if !app.unused.is_empty() {
            break;
        }
        if !matches!(app.fill().await, Ok(1..)) {
            return Arrived::Over;
        }
    }
    if app.unused.first().is_some_and(|&byte| !(b' '..0x7f).contains(&byte)) {
        let message =
            "this is not an HTTP request; this port speaks plain HTTP, so the base URL begins with http://";
        return bad(app, Failure::new(Token::BadRequest, message));
    }
    match tokio::time::timeout(HEAD_TIME, rest_of_head(app, first)).await {
        Ok(arrived) => arrived,
        Err(_elapsed) => {
            let message = format!("the request's head was not whole after {} s", HEAD_TIME.as_secs());
            bad(app, Failure::new(Token::SlowRequest, message))
        }
    }
}

async fn rest_of_head<A: Socket>(app: &mut Link<A>, first: bool) -> Arrived {
    let mut searched = 0_usize;
    loop {
        if first && app.unused.starts_with(PREFACE.get(..18).unwrap_or_default()) {
            return Arrived::Preface;
        }
        if let Some(end) = head_end(&app.unused, searched.saturating_sub(3)) {
            return Arrived::Head(app.take_head(end));
        }
        searched = app.unused.len();
        if searched > HEAD_LIMIT {
            let message = format!("the request's head is longer than {HEAD_LIMIT} bytes");
            return bad(app, Failure::new(Token::HeadTooLong, message));
        }
        match app.fill().await {
            Ok(1..) => {}
            Ok(0) => {
                let message = "the app closed its connection inside the request's head";
                return bad(app, Failure::new(Token::BadRequest, message));
            }
            Err(_) => return Arrived::Over,
        }
    }
}

fn bad<A>(app: &mut Link<A>, failure: Failure) -> Arrived {
    Arrived::Bad { raw: app.unused.split().freeze(), failure }
}

/// Ends a connection so that its last answer arrives: closing while there is something unread would make
/// the system throw that answer away.
async fn linger<A: Socket>(app: &mut Link<A>) {
    let drained = async {
        std::future::poll_fn(|cx| app.poll_close(cx)).await;
        while matches!(app.fill().await, Ok(1..)) {
            app.unused.clear();
        }
    };
    // An app that goes on all the same has had its time.
    drop(tokio::time::timeout(LINGER, drained).await);
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let token = if problem == Problem::TooManyLines { Token::HeadTooLong } else { Token::BadRequest };
        Self::new(token, format!("the request was not passed on: {problem}"))
    }
}
