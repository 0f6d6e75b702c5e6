//! An app of HTTP/2 and a gateway of HTTP/1 or HTTP/2: whoever leaves, at whatever step, is missed by the
//! other in its own terms.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::mpsc;

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::gateway::{Gate, Gateway, SSE_HEAD, Step, answer, write};
use crate::support::http1::chunk;
use crate::support::http2::{Ended, Http2, next_data, rest};
use crate::support::tapped::Tapped;
use crate::support::tls::{Front, TestCa, stop_and_read, tcp};
use crate::support::{eventually_async, fakes, wait, within};

/// How far an exchange has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The head of the request is at the gateway, and the app is still uploading.
    Upload,
    /// The request is whole, and there is no answer.
    Waiting,
    /// The head of the answer is at the app.
    Head,
    /// Half of its body is.
    Body,
}

const PHASES: [Phase; 4] = [Phase::Upload, Phase::Waiting, Phase::Head, Phase::Body];

type AppBody = UnsyncBoxBody<Bytes, Infallible>;

/// An app of HTTP/2 that can be seen to fail.
async fn app(addr: SocketAddr) -> SendRequest<AppBody> {
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(tcp(addr).await)).await.unwrap();
    fakes().spawn(connection);
    sender
}

/// A request, whose body ends when the sender is dropped.
fn upload(addr: SocketAddr) -> (Request<AppBody>, mpsc::Sender<&'static str>) {
    let (pieces, receiver) = mpsc::channel(1);
    let stream = futures_util::stream::unfold(receiver, |mut receiver: mpsc::Receiver<&str>| async move {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from_static(piece.as_bytes()))), receiver))
    });
    let request = Request::post(format!("http://{addr}/v1/x"));
    (request.body(StreamBody::new(stream).boxed_unsync()).unwrap(), pieces)
}

/// What the gateway of HTTP/1 does up to a phase; then it waits at the gate.
fn gateway_up_to(phase: Phase, gate: &Gate, last: Step) -> Gateway {
    let mut steps = vec![Step::ReadHead];
    if phase != Phase::Upload {
        steps.push(Step::ReadBody);
    }
    if matches!(phase, Phase::Head | Phase::Body) {
        steps.push(write(SSE_HEAD));
    }
    if phase == Phase::Body {
        steps.push(write(chunk("half")));
    }
    steps.extend([Step::Wait(gate.clone()), last]);
    Gateway::scripted([steps])
}

#[tokio::test]
async fn a_gateway_of_http1_that_leaves_is_missed_by_the_app() {
    for phase in PHASES {
        for (last, token) in [(Step::Close, "closed-before-response"), (Step::Reset, "connection-reset")] {
            let gate = Gate::new();
            let gateway = gateway_up_to(phase, &gate, last);
            let tapped = Tapped::before(&gateway).await;
            let mut app = app(tapped.addr()).await;
            let (request, pieces) = upload(tapped.addr());
            let asked = tokio::spawn(app.send_request(request));
            pieces.send("abc").await.unwrap();
            let pieces = (phase == Phase::Upload).then_some(pieces);
            gate.reached(1).await;
            if matches!(phase, Phase::Upload | Phase::Waiting) {
                gate.open();
                let response = within("an answer", asked).await.unwrap().unwrap();
                assert_eq!(response.status(), 502, "{phase:?}");
                let own = response.headers()["x-gatetap-error"].to_str().unwrap();
                // An upload may learn of a close by the reset that its next bytes meet.
                assert!(own == token || phase == Phase::Upload, "{phase:?}: {own}");
                assert_eq!(tapped.told(0).await.verdict(), "failed", "{phase:?}");
            } else {
                let mut body = within("the head", asked).await.unwrap().unwrap().into_body();
                if phase == Phase::Body {
                    assert_eq!(next_data(&mut body).await.unwrap(), "half");
                }
                gate.open();
                let (data, _, end) = rest(&mut body).await;
                assert!(data.is_empty() && matches!(end, Ended::Reset(_)), "{phase:?}: {end:?}");
                assert_eq!(tapped.told(0).await.verdict(), "cut-by-gateway", "{phase:?}");
            }
            drop(pieces);
        }
    }
}

#[tokio::test]
async fn an_app_that_leaves_is_missed_by_a_gateway_of_http1() {
    for phase in PHASES {
        for whole_connection in [false, true] {
            let gate = Gate::new();
            let gateway = gateway_up_to(phase, &gate, Step::Hang);
            let tapped = Tapped::before(&gateway).await;
            let mut app = app(tapped.addr()).await;
            let (request, pieces) = upload(tapped.addr());
            let asked = tokio::spawn(app.send_request(request));
            pieces.send("abc").await.unwrap();
            let pieces = (phase == Phase::Upload).then_some(pieces);
            gate.reached(1).await;
            let mut body = None;
            if matches!(phase, Phase::Head | Phase::Body) {
                let got = body.insert(within("the head", asked).await.unwrap().unwrap().into_body());
                if phase == Phase::Body {
                    assert_eq!(next_data(got).await.unwrap(), "half");
                }
            } else {
                asked.abort();
            }
            let at = Instant::now();
            drop(body);
            if whole_connection {
                drop(app);
            }
            let departure = gateway.peer_left(0).await;
            // At once; the bound is for a machine that is busy with other tests.
            assert!(departure.at - at < Duration::from_millis(500), "{phase:?}: {:?}", departure.at - at);
            assert_eq!(tapped.told(0).await.verdict(), "cut-by-app", "{phase:?}");
            drop(pieces);
        }
    }
}

#[tokio::test]
async fn an_early_answer_arrives_while_the_upload_goes_on() {
    let refusal = answer("HTTP/1.1 413 Payload Too Large", "too big");
    let gate = Gate::new();
    let gateway = Gateway::scripted([
        vec![Step::ReadHead, Step::PauseReading, write(refusal), Step::Wait(gate.clone()), Step::Close],
        vec![Step::ReadHead, write(answer("HTTP/1.1 200 OK", "{}")), Step::Hang],
    ]);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let endless = futures_util::stream::repeat_with(|| {
        Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; 16 << 10])))
    });
    let request = Request::post(format!("http://{}/v1/x", tapped.addr()));
    let response = app.send_with(request.body(StreamBody::new(endless).boxed_unsync()).unwrap()).await;
    assert_eq!(response.status(), 413);
    assert_eq!(rest(&mut response.into_body()).await.0, b"too big");
    // The connection that the upload still goes over is not taken for the next request.
    assert_eq!(app.send("GET", "/v1/x", &[], "").await.status(), 200);
    gate.open();
    let told = tapped.told(0).await;
    assert_eq!((told.verdict(), told.response.bytes.as_slice()), ("refused", &b"too big"[..]));
}

#[tokio::test]
async fn crumbs_of_a_cookie_are_one_line_in_http1() {
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK", "{}"));
    let tapped = Tapped::before(&gateway).await;
    let mut app = Http2::connect(tapped.addr()).await;
    let headers = [("cookie", "a=1"), ("x-a", "b"), ("cookie", "c=2"), ("cookie", "d=3")];
    assert_eq!(app.send("GET", "/v1/x", &headers, "").await.status(), 200);
    let head = gateway.request(0).await.head;
    let cookies: Vec<_> =
        head.headers().into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("cookie")).collect();
    assert_eq!(cookies, [("cookie".to_owned(), "a=1; c=2; d=3".to_owned())]);
    let sent = tapped.told(0).await.whole.exchange.sent.unwrap();
    assert_eq!(sent.all("cookie").count(), 1, "{sent:?}");
}

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Kind, stream and payload of the frames in what a client has sent.
fn frames(raw: &[u8]) -> Vec<(u8, u8, Vec<u8>)> {
    let (mut rest, mut found) = (raw.get(24..).unwrap_or_default(), Vec::new());
    while let [high, middle, low, kind, _flags, _, _, _, stream, after @ ..] = rest {
        let length = usize::from(*high) << 16 | usize::from(*middle) << 8 | usize::from(*low);
        let Some(payload) = after.get(..length) else { break };
        found.push((*kind, *stream, payload.to_vec()));
        rest = &after[length..];
    }
    found
}

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

/// A gateway that plays raw frames over TLS, in front of which gatetap runs.
struct RawHttp2 {
    gateway: Gateway,
    _front: Front,
    gatetap: Gatetap,
}

impl RawHttp2 {
    fn scripted(steps: Vec<Step>) -> Self {
        let gateway = Gateway::scripted([[vec![write(frame(SETTINGS, 0, 0, &[]))], steps].concat()]);
        let ca = TestCa::new();
        let front = Front::of(gateway.addr(), ca.server_config(&["localhost"], &["h2"], false));
        let home = Home::new();
        let root = ca.write_into(&home);
        let url = format!("https://localhost:{}", front.addr().port());
        let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &url, "--ca"];
        let gatetap = Launch::gatetap(&[&args[..], &[root.to_str().unwrap()]].concat()).home(&home).serve();
        Self { gateway, _front: front, gatetap }
    }

    /// Waits for a frame of this kind on the first stream, and gives its payload.
    async fn frame(&self, kind: u8) -> Vec<u8> {
        eventually_async(format!("a frame of kind {kind}"), || {
            let raw = if self.gateway.connections() > 0 { self.gateway.raw(0) } else { Vec::new() };
            frames(&raw).into_iter().find(|(k, stream, _)| (*k, *stream) == (kind, 1)).map(|found| found.2)
        })
        .await
    }
}

fn get(addr: SocketAddr) -> Request<AppBody> {
    Request::get(format!("http://{addr}/v1/x")).body(Empty::new().boxed_unsync()).unwrap()
}

async fn asked(
    tapped: &RawHttp2,
    gate: &Gate,
    request: Request<AppBody>,
) -> Result<Response<Incoming>, hyper::Error> {
    let mut app = app(tapped.gatetap.addr()).await;
    let asked = tokio::spawn(app.send_request(request));
    tapped.frame(HEADERS).await;
    gate.open();
    within("an answer", asked).await.unwrap()
}

#[test]
fn a_gateway_that_processed_nothing_is_quoted_and_nothing_is_sent_again() {
    let refused = frame(RST_STREAM, 0, 1, &[0, 0, 0, 7]);
    // No stream was processed, and no error is the reason.
    let farewell = frame(GOAWAY, 0, 0, &[0; 8]);
    for said in [refused, farewell] {
        for body in ["", "{}"] {
            let gate = Gate::new();
            let tapped = RawHttp2::scripted(vec![Step::Wait(gate.clone()), write(&said), Step::Hang]);
            wait(async {
                let mut request = get(tapped.gatetap.addr());
                *request.body_mut() = Full::new(Bytes::from(body)).boxed_unsync();
                let error = asked(&tapped, &gate, request).await.unwrap_err();
                assert!(format!("{error:?}").contains("REFUSED_STREAM"), "{error:?}");
                assert_eq!(tapped.gateway.connections(), 1);
            });
            let exchange = stop_and_read(tapped.gatetap).exchange(1).unwrap().unwrap();
            assert_eq!(exchange.summary.verdict.as_str(), "cut-by-gateway");
            let end = format!("{:?}", exchange.exchange.response_end);
            assert!(end.contains("processed nothing"), "{end}");
        }
    }
}

#[test]
fn a_gateway_of_http2_that_leaves_without_an_answer_is_named() {
    // A connection that is closed may be reset, and what was said before is lost on the way.
    let closed = ["closed-before-response", "connection-reset"].as_slice();
    for (said, last, expected) in [
        (frame(RST_STREAM, 0, 1, &[0, 0, 0, 11]), Step::Hang, ["connection-reset"].as_slice()),
        (frame(GOAWAY, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 2]), Step::Close, closed),
        (Vec::new(), Step::Close, closed),
    ] {
        let gate = Gate::new();
        let tapped = RawHttp2::scripted(vec![Step::Wait(gate.clone()), write(&said), last]);
        wait(async {
            let response = asked(&tapped, &gate, get(tapped.gatetap.addr())).await.unwrap();
            let own = response.headers()["x-gatetap-error"].to_str().unwrap().to_owned();
            assert_eq!(response.status(), 502, "{own}");
            assert!(expected.contains(&own.as_str()), "{said:?}: {own}");
        });
    }
}

#[test]
fn a_gateway_of_http2_that_breaks_its_answer_breaks_the_apps_stream() {
    // `:status: 200`, by its place in the static table.
    let head = frame(HEADERS, 4, 1, &[0x88]);
    let half = [&head[..], &frame(DATA, 0, 1, b"half")].concat();
    let reset = frame(RST_STREAM, 0, 1, &[0, 0, 0, 11]);
    for sent in [&head, &half] {
        for (said, last) in [(&reset[..], Step::Hang), (&[][..], Step::Close), (&[][..], Step::Reset)] {
            let (gate, second) = (Gate::new(), Gate::new());
            let steps =
                vec![Step::Wait(gate.clone()), write(sent), Step::Wait(second.clone()), write(said), last];
            let tapped = RawHttp2::scripted(steps);
            wait(async {
                let mut body = asked(&tapped, &gate, get(tapped.gatetap.addr())).await.unwrap().into_body();
                if sent == &half {
                    assert_eq!(next_data(&mut body).await.unwrap(), "half");
                }
                second.open();
                let (_, _, end) = rest(&mut body).await;
                let Ended::Reset(reason) = end else { panic!("a clean end after {said:?}") };
                assert!(
                    said.is_empty() || reason.contains("excessive load"),
                    "the reason is the gateway's: {reason}"
                );
            });
            let exchange = stop_and_read(tapped.gatetap).exchange(1).unwrap().unwrap();
            assert_eq!(exchange.summary.verdict.as_str(), "cut-by-gateway");
        }
    }
}

#[test]
fn an_app_that_leaves_cancels_its_stream_at_a_gateway_of_http2() {
    let head = frame(HEADERS, 4, 1, &[0x88]);
    let half = [&head[..], &frame(DATA, 0, 1, b"half")].concat();
    for phase in PHASES {
        let gate = Gate::new();
        let said = match phase {
            Phase::Upload | Phase::Waiting => Vec::new(),
            Phase::Head => head.clone(),
            Phase::Body => half.clone(),
        };
        let tapped = RawHttp2::scripted(vec![Step::Wait(gate.clone()), write(said), Step::Hang]);
        wait(async {
            let mut app = app(tapped.gatetap.addr()).await;
            let (request, pieces) = upload(tapped.gatetap.addr());
            let asked = tokio::spawn(app.send_request(request));
            pieces.send("abc").await.unwrap();
            let pieces = (phase == Phase::Upload).then_some(pieces);
            assert_eq!(tapped.frame(DATA).await, b"abc");
            gate.open();
            if matches!(phase, Phase::Head | Phase::Body) {
                let mut body = within("the head", asked).await.unwrap().unwrap().into_body();
                if phase == Phase::Body {
                    assert_eq!(next_data(&mut body).await.unwrap(), "half");
                }
            } else {
                asked.abort();
            }
            let reason = tapped.frame(RST_STREAM).await;
            assert_eq!(reason, [0, 0, 0, 8], "{phase:?}: CANCEL");
            drop(pieces);
        });
        let exchange = stop_and_read(tapped.gatetap).exchange(1).unwrap().unwrap();
        assert_eq!(exchange.summary.verdict.as_str(), "cut-by-app", "{phase:?}");
    }
}
