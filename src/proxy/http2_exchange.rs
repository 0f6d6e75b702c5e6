//! One exchange with an app that speaks HTTP/2: from its request to the answer it gets.

use super::app_connection::AppSide;
use super::chosen::Chosen;
use super::foreign::{FETCH_SITE, Page};
use super::inject::{self, Asking, Injection, Key, LOOKED_AT};
use super::looked::Looked;
use super::own_answer::{Failure, Token, says_unprocessed};
use super::pool::{Asker, Lease, Pool};
use super::route::Route;
use super::tap::Tap;
use super::{Shared, control, headers};
use crate::exchange::Timing;
use crate::exchange::body::Side;
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::head::RequestHead;
use crate::fault::{HEADER, Rule};
use crate::gateway::credential::carried_secrets;
use crate::record::{Answered, Asked, Track, redact};
use crate::replay::{LONGEST_BODY, Miss, OWN_HEADER};
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HeaderValue, TRANSFER_ENCODING};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Method, Request, Response, Uri, Version};
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::body::Incoming;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The body of an answer on its way to the app.
pub(super) type AppBody = Either<Tap<Incoming>, Full<Bytes>>;

/// An exchange whose answer has not begun. Dropped, it says that the app left.
struct Waiting<'a> {
    track: Option<Track>,
    shared: &'a Shared,
}

/// Where a request goes.
struct Destination {
    route: Arc<Route>,
    /// The `Host` that stands in for the app's.
    host: Option<HeaderValue>,
    uri: Uri,
    url: String,
}

/// Why there is no answer.
enum NoAnswer {
    /// gatetap gives its own.
    Failed(Failure),
    /// The app broke its request off.
    AppGone,
    /// The gateway has said that it has processed nothing of the request: the app is told just that, and can
    /// safely send it again, as it could straight.
    Unprocessed,
    /// A fault says so.
    Silenced,
}

/// A request that was sent, and what has come back so far.
struct Sent {
    lease: Lease,
    response: Response<Incoming>,
    timing: Timing,
}

/// Answers one request of the app.
///
/// # Errors
/// The reset that the stream ends with, where the gateway refused it before it processed anything.
pub(super) async fn exchange(
    shared: &Arc<Shared>,
    app: &AppSide,
    request: Request<Incoming>,
) -> Result<Response<AppBody>, h2::Error> {
    if app.route.is_none() && control::is_control(request.uri().path()) {
        return Ok(control_answer(shared, request).await.map(|body| Either::Right(Full::new(body))));
    }
    let anthropic = request.uri().path().ends_with("/messages");
    let asked = seen(app, &request);
    let mut destination = match destination(shared, app, &request) {
        Ok(destination) => destination,
        Err(failure) => {
            let track = shared.recorder.begin(asked);
            app.socket.follow(&track);
            drop(Tap::new(request.into_body(), Side::Request, track.clone(), None, None, Arc::clone(shared)));
            return Ok(own_answer(app, &track, &failure, anthropic));
        }
    };
    let own = inject::own_rules(request.headers().get_all(HEADER).iter().map(HeaderValue::as_bytes));
    let (mut parts, body) = request.into_parts();
    let mut body = Looked::new(body);
    let ticket = look_ahead(&mut destination, &parts, &mut body).await;
    let set = destination.route.set_for(page(&parts));
    parts.uri = destination.uri;
    parts.headers = headers::for_other_hop(parts.headers, destination.host.as_ref());
    parts.headers.remove(HEADER);
    for set in &*set {
        parts.headers.insert(set.name.clone(), set.value.clone());
    }
    if !destination.route.is_tls() {
        headers::join_cookies(&mut parts.headers);
    }
    parts.version = Version::HTTP_11;
    let track = shared.recorder.begin(Asked {
        gateway: Arc::clone(&destination.route.name),
        url: destination.url,
        set: Arc::clone(&destination.route.set),
        sent: Some(redact::lines(&parts.headers)),
        ..asked
    });
    app.socket.follow(&track);
    let mut waiting = Waiting { track: Some(track.clone()), shared };
    if let Some(ticket) = ticket {
        parts.headers.insert(OWN_HEADER, ticket);
    }
    let mut request = Request::from_parts(parts, body);
    let sent = match own {
        Err(failure) => {
            drop(Tap::new(request.into_body(), Side::Request, track.clone(), None, None, Arc::clone(shared)));
            Err(NoAnswer::Failed(failure))
        }
        Ok(own) => match draw(shared, &destination.route, &mut request, &own).await {
            None => send(shared, app, &destination.route, request, &track).await,
            Some(injection) => inject(shared, app, &destination.route, request, &track, injection).await,
        },
    };
    waiting.track = None;
    match sent {
        Ok(sent) => match instead(shared, &sent) {
            Some(miss) => Ok(own_answer(app, &track, &miss.into(), anthropic)),
            None => Ok(pass_on(shared, &track, sent)),
        },
        Err(NoAnswer::Silenced) => {
            track.ended(Side::Response, BodyEnd::broken(Hop::Gateway, "no answer: a fault was injected"));
            Err(h2::Reason::INTERNAL_ERROR.into())
        }
        Err(NoAnswer::Failed(failure)) => Ok(own_answer(app, &track, &failure, anthropic)),
        Err(NoAnswer::AppGone) => {
            track.ended(Side::Response, BodyEnd::broken(Hop::App, "the app broke its request off"));
            Err(h2::Reason::CANCEL.into())
        }
        Err(NoAnswer::Unprocessed) => {
            let end =
                BodyEnd::broken(Hop::Gateway, "the gateway refused the stream and processed nothing of it");
            track.ended(Side::Response, end);
            Err(h2::Reason::REFUSED_STREAM.into())
        }
    }
}

/// What the request says of the page that sends it.
fn page(parts: &Parts) -> Page<'_> {
    let header = |name| parts.headers.get(name).map(HeaderValue::as_bytes);
    let host = parts.uri.authority().map(|authority| authority.as_str().as_bytes());
    Page { origin: header("origin"), site: header(FETCH_SITE), host: header("host").or(host) }
}

/// Where a request goes that leads to a replay: that depends on what the replay has, so its body is read first. Gives
/// what the replay is told beside the request.
async fn look_ahead(to: &mut Destination, parts: &Parts, body: &mut Looked) -> Option<HeaderValue> {
    let ahead = to.route.ahead.as_ref()?;
    let read = body.look(LONGEST_BODY).await;
    let head = RequestHead {
        method: parts.method.to_string(),
        target: parts.uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned(),
        version: format!("{:?}", parts.version),
        headers: redact::lines(&parts.headers),
        raw: None,
    };
    let chosen = match (body.is_whole(), read.len()) {
        (true, _) => ahead.choose(&to.route, head, read).await,
        (false, LONGEST_BODY..) => ahead.give_up(&to.route, &head),
        (false, _) => return None,
    };
    let Chosen { route, target, ticket } = chosen;
    to.uri = Uri::try_from(target.as_str()).ok()?;
    to.url = format!("{}{target}", route.origin);
    to.host.clone_from(&route.host);
    to.route = route;
    HeaderValue::try_from(ticket?).ok()
}

/// Decides which fault a request meets. Where one could be meant, its body is read first: it is what tells
/// one request from another.
async fn draw(
    shared: &Shared,
    route: &Route,
    request: &mut Request<Looked>,
    own: &[Rule],
) -> Option<Injection> {
    if own.is_empty() && !shared.armed.is_any() {
        return None;
    }
    let body = request.body_mut().look(LOOKED_AT).await;
    let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let secrets = carried_secrets(&redact::lines(request.headers()), target);
    let method = request.method().as_str();
    let asking = Asking { method, target, body: &body, key: Key::of(&secrets), own };
    Injection::draw(shared, route, &asking)
}

/// Sends the request to a fault, and waits for the head of what comes of it.
async fn inject(
    shared: &Arc<Shared>,
    app: &AppSide,
    route: &Arc<Route>,
    mut request: Request<Looked>,
    track: &Track,
    injection: Injection,
) -> Result<Sent, NoAnswer> {
    if injection.is_live() {
        request.headers_mut().remove(ACCEPT_ENCODING);
    }
    let injected = injection.start(shared, route, track);
    let asker = Asker { app: &app.id, clock: shared.recorder.clock() };
    let mut lease = Pool::injected(injected, route, asker).await.map_err(NoAnswer::from)?;
    let socket = lease.socket();
    let request =
        request.map(|body| Tap::new(body, Side::Request, track.clone(), socket, None, Arc::clone(shared)));
    lease.begin(track, request.body().whole());
    let sent = track.now();
    match lease.send(request, route).await {
        Ok(response) => {
            let timing = Timing { sent: Some(sent), head: Some(track.now()), ..Timing::default() };
            Ok(Sent { lease, response, timing })
        }
        Err(error) => {
            let error = error.into_error();
            match inject::told(&error) {
                Some(Ok(failure)) => Err(NoAnswer::Failed(failure)),
                Some(Err(_reset)) => Err(NoAnswer::Silenced),
                None => Err(NoAnswer::of(&error, route)),
            }
        }
    }
}

/// Answers a request to the control API. It is not recorded.
async fn control_answer(shared: &Arc<Shared>, request: Request<Incoming>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    match Limited::new(body, control::LONGEST_BODY).collect().await {
        Ok(whole) => control::answer(shared, &Request::from_parts(parts, whole.to_bytes())).await,
        Err(_) => control::not_whole(),
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
        set: Arc::default(),
        replay_of: None,
    }
}

/// Where configuration sends the path of this request.
fn destination(shared: &Shared, app: &AppSide, request: &Request<Incoming>) -> Result<Destination, Failure> {
    if request.method() == Method::CONNECT {
        let message = "CONNECT is served over HTTP/1 only";
        return Err(Failure::new(Token::UnsupportedRequest, message));
    }
    if app.near.is_some_and(|near| shared.connector.is_ours(app.peer, near)) {
        let message = "this request comes from gatetap itself; point --upstream at the gateway";
        return Err(Failure::new(Token::Loop, message));
    }
    let asked = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    let (route, target) = match &app.route {
        Some(route) => (Arc::clone(route), asked.to_owned()),
        None => shared.routes.find(asked)?,
    };
    let host = if route.opened {
        // The app has said itself whom it speaks to; in HTTP/2 that is part of the target.
        let authority = request.uri().authority().filter(|_| request.version() == Version::HTTP_2);
        authority.and_then(|authority| HeaderValue::from_str(authority.as_str()).ok())
    } else {
        route.host.clone()
    };
    let url = format!("{}{target}", route.origin);
    match Uri::try_from(target.as_str()) {
        Ok(uri) if host.is_some() || route.opened => Ok(Destination { route, host, uri, url }),
        _ => {
            let message = format!("`{target}` cannot be sent as a request target");
            Err(Failure::new(Token::UnsupportedRequest, message))
        }
    }
}

/// Sends the request and waits for the head of the answer.
async fn send(
    shared: &Arc<Shared>,
    app: &AppSide,
    route: &Route,
    request: Request<Looked>,
    track: &Track,
) -> Result<Sent, NoAnswer> {
    let http2 = route.is_tls();
    let asker = Asker { app: &app.id, clock: shared.recorder.clock() };
    let connect = || async {
        if http2 {
            shared.http2.connect(shared, route, asker).await
        } else {
            shared.pool.connect(route, &shared.connector, asker).await
        }
    };
    let shared_connection = if http2 { shared.http2.share(route, asker) } else { None };
    let idle = match shared_connection {
        Some(lease) => Some(Lease::Http2(lease)),
        None if route.single_use => None,
        None => shared.pool.idle(route, asker).await,
    };
    let mut lease = match idle {
        Some(lease) => lease,
        None => connect().await?,
    };
    let mut request = request
        .map(|body| Tap::new(body, Side::Request, track.clone(), lease.socket(), None, Arc::clone(shared)));
    loop {
        lease.begin(track, request.body().whole());
        let sent = track.now();
        match lease.send(request, route).await {
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
                return Ok(Sent { lease, response, timing });
            }
            // The idle connection had gone: nothing of the request was sent on it.
            Err(mut error) if lease.times().is_none() => match error.take_message() {
                Some(unsent) => {
                    request = unsent;
                    lease = connect().await?;
                    request.body_mut().rebind(lease.socket());
                }
                None => return Err(NoAnswer::of(&error.into_error(), route)),
            },
            Err(error) => return Err(NoAnswer::of(&error.into_error(), route)),
        }
    }
}

/// What a replay says instead of an answer.
fn instead(shared: &Shared, sent: &Sent) -> Option<Miss> {
    let said = sent.response.headers().get(OWN_HEADER)?;
    shared.own_word.as_ref()?.hear(said.as_bytes())
}

/// Passes the gateway's answer on to the app.
fn pass_on(shared: &Arc<Shared>, track: &Track, sent: Sent) -> Response<AppBody> {
    let Sent { mut lease, response, timing } = sent;
    let (mut parts, body) = response.into_parts();
    lease.heed(&parts.headers);
    track.answered(Answered {
        status: parts.status,
        version: parts.version,
        headers: parts.headers.clone(),
        raw: lease.head(),
        own: None,
        timing,
    });
    parts.headers = headers::for_other_hop(parts.headers, None);
    parts.headers.remove(TRANSFER_ENCODING);
    let tap = Tap::new(body, Side::Response, track.clone(), None, Some(lease), Arc::clone(shared));
    Response::from_parts(parts, Either::Left(tap))
}

/// gatetap's own answer, recorded like any other.
fn own_answer(app: &AppSide, track: &Track, failure: &Failure, anthropic: bool) -> Response<AppBody> {
    let response = failure.answer(anthropic);
    track.answered(Answered {
        status: response.status(),
        version: Version::HTTP_2,
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

impl NoAnswer {
    fn of(error: &hyper::Error, route: &Route) -> Self {
        if says_unprocessed(error) {
            Self::Unprocessed
        } else if error.is_user() {
            // All that is the user's in an exchange is the body, which comes from the app.
            Self::AppGone
        } else {
            Self::Failed(Failure::from_hyper(error, &route.gateway.authority))
        }
    }
}

impl From<Failure> for NoAnswer {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let Some(track) = self.track.take() else { return };
        let end = if self.shared.stopping.load(Ordering::Relaxed) {
            BodyEnd::stopped()
        } else {
            BodyEnd::app_left_unanswered()
        };
        track.ended(Side::Response, end);
    }
}
