//! One exchange: from the app's request to the answer it gets.

use super::link::{Link, Socket};
use super::look::Looked;
use super::message::{Answer, Request};
use super::pump::{Down, Ended, Pump, Up};
use super::record::Record;
use super::{Idle, look, message, own, peer};
use crate::exchange::Timing;
use crate::exchange::body::Side;
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::head::{Headers, RequestHead};
use crate::exchange::time::Micros;
use crate::proxy::app_connection::Connection;
use crate::proxy::chosen::Chosen;
use crate::proxy::connect::{ConnectTimes, GatewayStream};
use crate::proxy::inject::{self, Injected, Injection};
use crate::proxy::kept::Kept;
use crate::proxy::own_answer::{Failure, Token, rendered};
use crate::proxy::route::Route;
use crate::proxy::{Shared, control};
use crate::record::{Answered, Asked};
use crate::replay::{LONGEST_BODY, OWN_HEADER};
use crate::tls::Alpn;
use crate::wire::http1::{BodyReader, Framing, Problem};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// How often a silent app is looked after.
const LOOK: Duration = Duration::from_millis(40);

/// What becomes of the app's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// It takes another request.
    Keep,
    /// It ends cleanly.
    Close,
    /// It ends with a reset, as the gateway's did.
    Reset,
    /// The app is gone.
    Drop,
}

/// Where a request goes.
struct Destination {
    route: Arc<Route>,
    /// The `Host` that stands in for the app's.
    host: Option<HeaderValue>,
    /// What the gateway is asked for.
    target: Vec<u8>,
    /// What a replay is told beside the request.
    ticket: Option<String>,
    /// The app was told to go on with its body, because that decides where the request goes.
    told_to_go_on: bool,
}

/// What an app waits for that expects it before it sends a body.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A request that is sent on.
struct Sending<'a> {
    connection: &'a Connection,
    request: &'a Request,
    route: &'a Arc<Route>,
    /// Its head, as the gateway gets it.
    head: Bytes,
}

/// What a request is sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A connection that had waited for it.
    Idle,
    /// A new connection, which it took so long to make.
    New(ConnectTimes),
    /// A connection of gatetap's own making.
    Injected,
}

/// A connection that may wait for another request after this one.
trait Reused: Sized {
    /// Lets it wait.
    fn put(idle: &Idle, origin: &Arc<str>, link: Link<Self>, kept: Kept);
}

impl Reused for GatewayStream {
    fn put(idle: &Idle, origin: &Arc<str>, link: Link<Self>, kept: Kept) {
        idle.put(origin, link, kept);
    }
}

impl Reused for Injected {
    fn put(_idle: &Idle, _origin: &Arc<str>, link: Link<Self>, _kept: Kept) {
        drop(link);
    }
}

/// How an attempt on one gateway connection went.
enum Attempt {
    After(After),
    /// There is no answer.
    Failed(Failure),
    /// The connection had gone before a byte of the request had left.
    Stale,
}

/// Answers one request.
pub(super) async fn exchange<A: Socket>(
    connection: &Connection,
    app: &mut Link<A>,
    request: Request,
) -> After {
    let shared = &connection.shared;
    let path = request.path();
    let elsewhere = elsewhere(connection, &request);
    let is_here = connection.route.is_none() && !matches!(elsewhere, Ok(Some(_)));
    if is_here && control::is_control(path.split('?').next().unwrap_or_default()) {
        return control_answer(shared, app, &request).await;
    }
    let mut body = BodyReader::request(request.framing);
    let destination = match elsewhere.and_then(|to| destination(connection, &request, &path, to)) {
        Ok(destination) => Ok(destination.looked_ahead(app, &request, path, &body).await),
        Err(failure) => Err(failure),
    };
    let forwarded = destination.as_ref().ok().map(|destination| {
        let host = destination.host.as_ref().map(HeaderValue::as_bytes);
        let head = request.forward(&destination.target, host, &destination.route.set_for(request.page()));
        if destination.told_to_go_on { message::without(&head, "expect") } else { head }
    });
    let asked = asked(connection.peer, &request, destination.as_ref().ok(), forwarded.as_ref());
    let track = shared.recorder.begin(Asked { replay_of: shared.sends_again(connection.peer), ..asked });
    let mut record = Record::new(track, shared);
    if destination.as_ref().is_ok_and(|destination| destination.told_to_go_on) {
        record.track.interim(&Bytes::from_static(CONTINUE));
    }
    if body.is_whole() && !request.upgrade {
        record.ended(Side::Request, BodyEnd::Whole);
    }
    let failure = match (destination, forwarded) {
        (Ok(Destination { route, target, ticket, .. }), Some(mut head)) => {
            if let Some(ticket) = ticket {
                head = message::with(&head, OWN_HEADER, &ticket);
            }
            let target = String::from_utf8_lossy(&target);
            // In a tunnel that was opened nothing of a request changes, and none leads back here.
            let on_its_way = if connection.route.is_some() {
                Ok(None)
            } else {
                shared.passing.enter(request.head.raw(), &head).map(Some).ok_or_else(|| came_back(&route))
            };
            let sending = Sending { connection, request: &request, route: &route, head };
            match on_its_way {
                Ok(_on_its_way) => {
                    let sent = match look::draw(connection, app, &request, &route, &target, &body).await {
                        Ok(None) => sending.send(app, &mut record, &mut body).await,
                        Ok(Some(injection)) => sending.inject(app, &mut record, &mut body, injection).await,
                        Err(failure) => Err(failure),
                    };
                    match sent {
                        Ok(after) => return after,
                        Err(failure) => failure,
                    }
                }
                Err(failure) => failure,
            }
        }
        (Err(failure), _) => failure,
        // Where there is a destination there is a head.
        (Ok(_), None) => Failure::new(Token::UnsupportedRequest, "the request cannot be sent on"),
    };
    own::answer(app, &mut record, &failure, &request, &mut body).await
}

/// The way to the host that a proxied request names, where gatetap is a proxy and has none of its own to it.
fn elsewhere(connection: &Connection, request: &Request) -> Result<Option<Arc<Route>>, Failure> {
    let shared = &connection.shared;
    let Some(origin) = request.origin().filter(|_| connection.route.is_none()) else { return Ok(None) };
    let upstream = &shared.routes.upstream().gateway;
    shared.intercept.elsewhere(&origin, |host, port| {
        shared.connector.is_own_place(host, port, connection.near)
            || upstream.host().eq_ignore_ascii_case(host) && upstream.port() == port
    })
}

/// Where this request goes: `elsewhere`, or where configuration sends its path.
fn destination(
    connection: &Connection,
    request: &Request,
    path: &str,
    elsewhere: Option<Arc<Route>>,
) -> Result<Destination, Failure> {
    if request.method == b"CONNECT" {
        let message = "CONNECT is served at the start of a connection only";
        return Err(Failure::new(Token::UnsupportedRequest, message));
    }
    if connection.is_loop() {
        let message = "this request comes from gatetap itself; point --upstream at the gateway";
        return Err(Failure::new(Token::Loop, message));
    }
    let (route, target) = match connection.route.clone().or(elsewhere) {
        Some(route) => (route, path.to_owned()),
        None => connection.shared.routes.find(path)?,
    };
    // In a tunnel the app has said itself whom it speaks to.
    let in_tunnel = connection.route.is_some();
    let host = if in_tunnel { None } else { route.host.clone() };
    if host.is_none() && !in_tunnel {
        let message = format!("`{}` cannot be asked by its name", route.origin);
        return Err(Failure::new(Token::UnsupportedRequest, message));
    }
    Ok(Destination { route, host, target: message::bytes_of(&target), ticket: None, told_to_go_on: false })
}

impl Destination {
    /// Where the request goes if this is a replay: that depends on what the replay has, so its body is read first.
    async fn looked_ahead<A: Socket>(
        self,
        app: &mut Link<A>,
        request: &Request,
        path: String,
        body: &BodyReader,
    ) -> Self {
        let Some(ahead) = &self.route.ahead else { return self };
        let told_to_go_on = request.minor > 0
            && !body.is_whole()
            && request.head.has_token("expect", "100-continue")
            && app.send(Bytes::from_static(CONTINUE)).await.is_ok();
        let looked = look::ahead(app, body.clone(), LONGEST_BODY).await;
        let head = RequestHead {
            method: String::from_utf8_lossy(&request.method).into_owned(),
            target: path,
            version: format!("{:?}", version(request.minor)),
            headers: Headers::from_raw_head(request.head.raw()),
            raw: None,
        };
        let chosen = match looked {
            Looked::Whole(body) => ahead.choose(&self.route, head, body).await,
            Looked::TooLong(_) => ahead.give_up(&self.route, &head),
            Looked::Broken(_) => return Self { told_to_go_on, ..self },
        };
        let Chosen { route, target, ticket } = chosen;
        let host = route.host.clone();
        Self { route, host, target: message::bytes_of(&target), ticket, told_to_go_on }
    }
}

fn came_back(route: &Route) -> Failure {
    let message = format!(
        "this request has come back to gatetap: {} leads here; point --upstream at the gateway",
        route.gateway.authority
    );
    Failure::new(Token::Loop, message)
}

fn asked(peer: SocketAddr, request: &Request, to: Option<&Destination>, sent: Option<&Bytes>) -> Asked {
    let url = to.map(|to| format!("{}{}", to.route.origin, String::from_utf8_lossy(&to.target)));
    Asked {
        peer,
        gateway: to.map_or_else(|| "".into(), |to| Arc::clone(&to.route.name)),
        url: url.unwrap_or_default(),
        method: Method::from_bytes(&request.method).unwrap_or_default(),
        target: String::from_utf8_lossy(&request.target).into_owned(),
        version: version(request.minor),
        headers: HeaderMap::new(),
        raw: Some(request.head.raw().clone()),
        sent: sent.map(Headers::from_raw_head),
        set: to.map(|to| Arc::clone(&to.route.set)).unwrap_or_default(),
        fault: None,
        replay_of: None,
    }
}

impl Sending<'_> {
    /// Sends the request over an idle connection, or over a new one, and passes the answer on. `body` is
    /// left where reading the request's body has come to.
    async fn send<A: Socket>(
        &self,
        app: &mut Link<A>,
        record: &mut Record,
        body: &mut BodyReader,
    ) -> Result<After, Failure> {
        let mut up = Up::new(self.head.clone(), body.clone());
        let sent = self.send_up(app, record, &mut up).await;
        body.clone_from(&up.body);
        sent
    }

    async fn send_up<A: Socket>(
        &self,
        app: &mut Link<A>,
        record: &mut Record,
        up: &mut Up,
    ) -> Result<After, Failure> {
        while let Some(idle) = self.idle() {
            match self.attempt(app, record, up, idle, Way::Idle).await {
                Attempt::After(after) => return Ok(after),
                Attempt::Failed(failure) => return Err(failure),
                Attempt::Stale => {}
            }
        }
        let Some(connected) = self.connect(app).await else {
            record.both_ended(&BodyEnd::app_left_unanswered());
            return Ok(After::Drop);
        };
        let (stream, times) = connected?;
        match self.attempt(app, record, up, Link::new(stream), Way::New(times)).await {
            Attempt::After(after) => Ok(after),
            Attempt::Failed(failure) => Err(failure),
            Attempt::Stale => Err(self.no_answer(&io::ErrorKind::ConnectionReset.into())),
        }
    }

    /// Sends the request to a fault, and passes on what comes of it.
    async fn inject<A: Socket>(
        mut self,
        app: &mut Link<A>,
        record: &mut Record,
        body: &mut BodyReader,
        injection: Injection,
    ) -> Result<After, Failure> {
        if injection.is_live() {
            self.head = message::without(&self.head, "accept-encoding");
        }
        let injected = injection.start(&self.connection.shared, self.route, &record.track);
        let mut up = Up::new(self.head.clone(), body.clone());
        let attempt = self.attempt(app, record, &mut up, Link::new(injected), Way::Injected).await;
        body.clone_from(&up.body);
        match attempt {
            Attempt::After(after) => Ok(after),
            Attempt::Failed(failure) => Err(failure),
            Attempt::Stale => Err(self.no_answer(&io::ErrorKind::ConnectionReset.into())),
        }
    }

    /// A connection that waits for a request, unless one is there that was made for this very route.
    fn idle(&self) -> Option<Link<GatewayStream>> {
        let anew = self.route.has_made() || self.route.single_use;
        let Connection { shared, id, .. } = self.connection;
        if anew { None } else { shared.idle.take(&self.route.origin, id, shared.recorder.clock().mono()) }
    }

    /// A new connection to the gateway; `None` if the app leaves meanwhile.
    async fn connect<A: Socket>(
        &self,
        app: &mut Link<A>,
    ) -> Option<Result<(GatewayStream, ConnectTimes), Failure>> {
        let gone = poll_fn(|cx| {
            while app.has_room() && !app.ended {
                match app.poll_fill(cx) {
                    Poll::Ready(Ok(_)) => {}
                    Poll::Ready(Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
            Poll::Pending
        });
        let shared = &self.connection.shared;
        tokio::select! {
            connected = shared.connector.connect(self.route, Alpn::Http1, shared.recorder.clock()) => {
                Some(connected.map(|(stream, times, _)| (stream, times)))
            }
            () = gone => None,
        }
    }

    /// Does the exchange over one gateway connection.
    async fn attempt<A: Socket, G: Socket + Reused>(
        &self,
        app: &mut Link<A>,
        record: &mut Record,
        up: &mut Up,
        mut gateway: Link<G>,
        way: Way,
    ) -> Attempt {
        let sent = record.track.now();
        up.begin_anew();
        let mut pump = Pump {
            app,
            gateway: &mut gateway,
            record,
            up: &mut *up,
            down: Down::new(),
            method: &self.request.method,
            app_minor: self.request.minor,
            upgrade: self.request.upgrade,
            reused: way == Way::Idle,
            silent: false,
            own_word: self.connection.shared.own_word.as_ref(),
        };
        let ended = run(&mut pump, self.connection, |record, answer| {
            record.track.answered(answered(answer, way, sent, record.track.now()));
        })
        .await;
        let down = pump.down;
        match ended {
            Ended::Whole => self.whole(app, record, gateway, up.is_sent(), down).await,
            Ended::Closed => {
                record.request_refused("the gateway closed its connection");
                Attempt::After(if self.hides_a_cut(&down) { After::Reset } else { After::Close })
            }
            Ended::Reset => {
                record.request_refused("the gateway reset its connection");
                Attempt::After(After::Reset)
            }
            Ended::AppGone => {
                record.both_ended(&BodyEnd::app_left());
                if !gateway.is_closed() {
                    gateway.stream.reset_on_close();
                }
                Attempt::After(After::Drop)
            }
            Ended::BadRequest(problem) => {
                gateway.stream.reset_on_close();
                bad_request(record, problem, down.answer.is_some())
            }
            Ended::NoAnswer(_) if way == Way::Idle && !up.sent => Attempt::Stale,
            Ended::NoAnswer(_) if app.ended => {
                record.both_ended(&BodyEnd::app_left_unanswered());
                Attempt::After(After::Close)
            }
            Ended::NoAnswer(error) => match inject::silenced(&error) {
                Some(reset) => {
                    record.request_refused("a fault was injected");
                    record.both_ended(&BodyEnd::broken(Hop::Gateway, "no answer: a fault was injected"));
                    Attempt::After(if reset { After::Reset } else { After::Close })
                }
                None => Attempt::Failed(self.no_answer(&error)),
            },
            Ended::BadAnswer(problem) => {
                Attempt::Failed(Failure::not_http(&self.route.gateway.authority, &problem))
            }
            // The record knows by itself that gatetap was stopped.
            Ended::Cut if self.hides_its_end(&down) => {
                gateway.stream.reset_on_close();
                Attempt::After(After::Reset)
            }
            Ended::Cut => Attempt::After(After::Drop),
            Ended::Own(miss) => Attempt::Failed((*miss).into()),
            // Only `run` is told this, and goes on.
            Ended::AppSilent => Attempt::After(After::Drop),
        }
    }

    /// The answer was read whole: lets the gateway's connection go, and gives the app the last of it.
    async fn whole<A: Socket, G: Socket + Reused>(
        &self,
        app: &mut Link<A>,
        record: &mut Record,
        gateway: Link<G>,
        is_sent: bool,
        down: Down,
    ) -> Attempt {
        let Some((answer, _)) = &down.answer else { return Attempt::After(After::Drop) };
        let keep = is_sent && answer.keep && self.request.keep;
        if keep && !self.route.single_use && gateway.is_reusable() {
            let Connection { shared, id, .. } = self.connection;
            let kept = Kept::new(id, shared.recorder.clock().mono(), answer.patience());
            G::put(&shared.idle, &self.route.origin, gateway, kept);
        }
        record.request_refused("the gateway took no more of the request");
        let closes = answer.dechunks_for(self.request.minor);
        let sent = tokio::select! {
            biased;
            sent = app.send(down.out) => sent,
            () = self.connection.cut.cancelled() => {
                return Attempt::After(if closes { After::Reset } else { After::Drop });
            }
        };
        if sent.is_err() {
            return Attempt::After(After::Drop);
        }
        record.taken(Side::Response, down.chunks);
        Attempt::After(if keep && !closes { After::Keep } else { After::Close })
    }

    /// Whether a clean end would tell the app that a cut answer is whole, since it does not see its chunks.
    fn hides_a_cut(&self, down: &Down) -> bool {
        let answer = down.answer.as_ref();
        answer.is_some_and(|(answer, body)| answer.dechunks_for(self.request.minor) && !body.is_whole())
    }

    /// Whether a clean end would tell the app that an answer is whole wherever it comes: nothing but the end of
    /// the connection says where the answer ends.
    fn hides_its_end(&self, down: &Down) -> bool {
        let until_close = |answer: &Answer| answer.framing == Framing::UntilClose && answer.status != 101;
        self.hides_a_cut(down) || down.answer.as_ref().is_some_and(|(answer, _)| until_close(answer))
    }

    fn no_answer(&self, error: &io::Error) -> Failure {
        if let Some(failure) = inject::failure(error) {
            return failure;
        }
        let gateway = &self.route.gateway.authority;
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Failure::closed_unanswered(gateway)
        } else {
            Failure::reset_unanswered(gateway)
        }
    }
}

/// Runs the pump, and looks after an app that says nothing more.
async fn run<A: Socket, G: Socket>(
    pump: &mut Pump<'_, A, G>,
    connection: &Connection,
    mut answered: impl FnMut(&Record, &Answer),
) -> Ended {
    loop {
        let silent = pump.silent;
        let ended = tokio::select! {
            biased;
            ended = pump.run(&mut answered) => ended,
            () = connection.cut.cancelled() => Ended::Cut,
            () = tokio::time::sleep(LOOK), if silent => Ended::AppSilent,
        };
        match ended {
            Ended::AppSilent if peer::has_left(connection.peer, connection.near).await => {
                return Ended::AppGone;
            }
            Ended::AppSilent => {}
            ended => return ended,
        }
    }
}

/// The request turned out to be malformed after its head had been passed on.
fn bad_request(record: &mut Record, problem: Problem, is_answered: bool) -> Attempt {
    record.ended(Side::Request, BodyEnd::broken(Hop::App, problem.to_string()));
    if is_answered {
        let why = format!("its request broke the rules of HTTP: {problem}");
        record.ended(Side::Response, BodyEnd::broken(Hop::App, why));
        return Attempt::After(After::Close);
    }
    Attempt::Failed(Failure::from(problem))
}

fn answered(answer: &Answer, way: Way, sent: Micros, head: Micros) -> Answered {
    let times = if let Way::New(times) = way { Some(times) } else { None };
    Answered {
        status: StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY),
        version: version(answer.minor),
        headers: HeaderMap::new(),
        raw: Some(answer.head.raw().clone()),
        own: None,
        timing: Timing {
            connect: times.map(|times| times.connect),
            tls: times.and_then(|times| times.tls),
            reused: (way != Way::Injected).then_some(way == Way::Idle),
            sent: Some(sent),
            head: Some(head),
            ..Timing::default()
        },
    }
}

/// Answers a request to the control API. It is not recorded.
async fn control_answer<A: Socket>(shared: &Arc<Shared>, app: &mut Link<A>, request: &Request) -> After {
    let (response, whole) = match own::whole_request(app, request).await {
        Some(whole) => (control::answer(shared, &whole).await, true),
        None => (control::not_whole(), false),
    };
    let keep = request.keep && whole;
    match app.send(rendered(&response, &request.method, keep)).await {
        Ok(()) if keep => After::Keep,
        Ok(()) => After::Close,
        Err(_) => After::Drop,
    }
}

fn version(minor: u8) -> Version {
    if minor == 0 { Version::HTTP_10 } else { Version::HTTP_11 }
}
