//! One exchange: from the app's request to the answer it gets.

use super::app_connection::AppSide;
use super::own_answer::{Failure, Token};
use super::pool::Lease;
use super::route::Route;
use super::tap::Tap;
use super::{Shared, control, headers};
use crate::exchange::Timing;
use crate::exchange::body::Side;
use crate::exchange::end::{BodyEnd, Hop};
use crate::record::{Answered, Asked, Track, redact};
use bytes::Bytes;
use http::header::{CONNECTION, HeaderValue, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{Method, Request, Response, Uri, Version};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The body of an answer on its way to the app.
pub(super) type AppBody = Either<Tap<Incoming>, Full<Bytes>>;

/// An exchange whose answer has not begun. Dropped, it says that the app left.
struct Unanswered<'a> {
    track: Option<Track>,
    shared: &'a Shared,
}

/// Where a request goes.
struct Destination {
    route: Arc<Route>,
    host: HeaderValue,
    uri: Uri,
    url: String,
}

/// Answers one request of the app.
pub(super) async fn exchange(
    shared: &Arc<Shared>,
    app: &AppSide,
    request: Request<Incoming>,
) -> Response<AppBody> {
    if control::is_control(request.uri().path()) {
        return control::answer(shared, &request).map(|body| Either::Right(Full::new(body)));
    }
    let anthropic = request.uri().path().ends_with("/messages");
    let version = request.version();
    let asked = seen(app, &request);
    let destination = match destination(shared, &request) {
        Ok(destination) => destination,
        Err(failure) => {
            let track = shared.recorder.begin(asked);
            app.socket.follow(&track);
            drop(Tap::new(request.into_body(), Side::Request, track.clone(), None, None, Arc::clone(shared)));
            return own_answer(app, &track, &failure, anthropic);
        }
    };
    let (mut parts, body) = request.into_parts();
    parts.uri = destination.uri;
    parts.headers = headers::for_other_hop(parts.headers, Some(&destination.host));
    parts.version = Version::HTTP_11;
    let track = shared.recorder.begin(Asked {
        gateway: Arc::clone(&destination.route.name),
        url: destination.url,
        sent: Some(redact::lines(&parts.headers)),
        ..asked
    });
    app.socket.follow(&track);
    let mut unanswered = Unanswered { track: Some(track.clone()), shared };
    let sent = send(shared, &destination.route, Request::from_parts(parts, body), &track).await;
    unanswered.track = None;
    match sent {
        Ok((lease, response, timing)) => pass_on(shared, app, version, &track, lease, response, timing),
        Err(failure) => own_answer(app, &track, &failure, anthropic),
    }
}

/// What was seen of a request; its destination is not known yet.
fn seen(app: &AppSide, request: &Request<Incoming>) -> Asked {
    Asked {
        peer: app.peer,
        gateway: "".into(),
        url: String::new(),
        method: request.method().clone(),
        target: request.uri().to_string(),
        version: request.version(),
        headers: request.headers().clone(),
        raw: None,
        sent: None,
        fault: None,
        replay_of: None,
    }
}

/// Where configuration sends the path of this request.
fn destination(shared: &Shared, request: &Request<Incoming>) -> Result<Destination, Failure> {
    if request.method() == Method::CONNECT {
        let message = "CONNECT is not served: point a base URL here instead";
        return Err(Failure::new(Token::UnsupportedRequest, message));
    }
    let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let (route, target) = shared.routes.find(target)?;
    let (Ok(uri), Some(host)) = (Uri::try_from(target.as_str()), route.host.clone()) else {
        let message = format!("`{target}` cannot be sent as a request target");
        return Err(Failure::new(Token::UnsupportedRequest, message));
    };
    Ok(Destination { url: format!("{}{target}", route.origin), uri, host, route })
}

/// Sends the request and waits for the head of the answer.
async fn send(
    shared: &Arc<Shared>,
    route: &Route,
    request: Request<Incoming>,
    track: &Track,
) -> Result<(Lease, Response<Incoming>, Timing), Failure> {
    let idle = shared.pool.idle(route).await;
    let mut lease = match idle {
        Some(lease) => lease,
        None => shared.pool.connect(route, &shared.connector, shared.recorder.clock()).await?,
    };
    let mut request = request.map(|body| {
        let socket = Some(lease.watch().follower().facts());
        Tap::new(body, Side::Request, track.clone(), socket, None, Arc::clone(shared))
    });
    loop {
        lease.begin(track);
        let sent = track.now();
        match lease.sender().try_send_request(request).await {
            Ok(response) => {
                let times = lease.times();
                let timing = Timing {
                    connect: times.map(|times| times.connect),
                    tls: times.and_then(|times| times.tls),
                    reused: Some(times.is_none()),
                    sent: Some(sent),
                    head: Some(track.now()),
                    ..Timing::default()
                };
                return Ok((lease, response, timing));
            }
            // The idle connection had gone: nothing of the request was sent on it.
            Err(mut error) if lease.times().is_none() => match error.take_message() {
                Some(unsent) => {
                    request = unsent;
                    lease = shared.pool.connect(route, &shared.connector, shared.recorder.clock()).await?;
                    request.body_mut().rebind(lease.watch().follower().facts());
                }
                None => return Err(Failure::from_hyper(&error.into_error(), &route.gateway.authority)),
            },
            Err(error) => return Err(Failure::from_hyper(&error.into_error(), &route.gateway.authority)),
        }
    }
}

/// Passes the gateway's answer on to the app.
fn pass_on(
    shared: &Arc<Shared>,
    app: &AppSide,
    app_version: Version,
    track: &Track,
    lease: Lease,
    response: Response<Incoming>,
    timing: Timing,
) -> Response<AppBody> {
    let (mut parts, body) = response.into_parts();
    track.answered(Answered {
        status: parts.status,
        version: parts.version,
        headers: parts.headers.clone(),
        raw: lease.watch().head(),
        own: None,
        timing,
    });
    let close = headers::wants_close(&parts.headers);
    parts.headers = headers::for_other_hop(parts.headers, None);
    if app_version == Version::HTTP_2 {
        parts.headers.remove(TRANSFER_ENCODING);
    } else if close {
        // The app's side ends as the gateway's does: some clients read a cut stream differently by it.
        parts.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let socket = (app_version != Version::HTTP_2).then(|| app.socket.facts());
    let tap = Tap::new(body, Side::Response, track.clone(), socket, Some(lease), Arc::clone(shared));
    Response::from_parts(parts, Either::Left(tap))
}

/// gatetap's own answer, recorded like any other.
fn own_answer(app: &AppSide, track: &Track, failure: &Failure, anthropic: bool) -> Response<AppBody> {
    let response = failure.answer(anthropic);
    track.answered(Answered {
        status: response.status(),
        version: response.version(),
        headers: response.headers().clone(),
        raw: None,
        own: Some(failure.own()),
        timing: Timing { head: Some(track.now()), ..Timing::default() },
    });
    track.chunk(Side::Response, response.body());
    app.socket.facts().gave_chunk();
    track.ended(Side::Response, BodyEnd::Whole);
    response.map(|body| Either::Right(Full::new(body)))
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        let Some(track) = self.track.take() else { return };
        let end = if self.shared.stopping.load(Ordering::Relaxed) {
            BodyEnd::broken(Hop::Gatetap, "gatetap was stopped")
        } else {
            BodyEnd::broken(Hop::App, "the app closed its connection before there was an answer")
        };
        track.ended(Side::Response, end);
    }
}
