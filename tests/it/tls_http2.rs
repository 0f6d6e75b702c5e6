//! HTTP/2 toward gateways, by ALPN.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use gatetap::exchange::end::{BodyEnd, Hop};
use gatetap::exchange::time::{Clock, WallTime};
use gatetap::live::Live;
use http::{HeaderMap, Request, Response, Version};
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http2::SendRequest;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::support::binary::{Gatetap, Home, Launch};
use crate::support::client::{Client, get};
use crate::support::gateway::{Gateway, answer};
use crate::support::http2::{Ended, rest};
use crate::support::tapped::settings;
use crate::support::tls::{Front, TestCa, stop_and_read, tcp};
use crate::support::{fakes, wait, within};

type Frames = mpsc::Sender<io::Result<Frame<Bytes>>>;

/// A gateway that speaks HTTP/2 over TLS. Each request waits for the test to feed its answer.
struct Http2Gateway {
    addr: SocketAddr,
    root: String,
    connections: Arc<AtomicUsize>,
    requests: mpsc::Receiver<(Request<Incoming>, Frames)>,
    serving: Arc<Mutex<JoinSet<()>>>,
}

impl Http2Gateway {
    fn start(most_streams: u32) -> Self {
        let ca = TestCa::new();
        let acceptor = TlsAcceptor::from(ca.server_config(&["localhost"], &["h2", "http/1.1"], false));
        let (sender, requests) = mpsc::channel(16);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let serving = Arc::new(Mutex::new(JoinSet::new()));
        let served = Arc::clone(&serving);
        let listener = wait(TcpListener::bind("127.0.0.1:0")).unwrap();
        let addr = listener.local_addr().unwrap();
        fakes().spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let tls = acceptor.accept(tcp).await.unwrap();
                assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
                count.fetch_add(1, Ordering::SeqCst);
                let sender = sender.clone();
                let service = service_fn(move |request| {
                    let sender = sender.clone();
                    async move {
                        let (frames, mut fed) = mpsc::channel(16);
                        sender.send((request, frames)).await.unwrap();
                        let body =
                            StreamBody::new(futures_util::stream::poll_fn(move |cx| fed.poll_recv(cx)));
                        let response = Response::builder().header("X-Made-By", "gateway").body(body);
                        Ok::<_, Infallible>(response.unwrap())
                    }
                });
                served.lock().unwrap().spawn(async move {
                    let mut server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    server.max_concurrent_streams(most_streams);
                    drop(server.serve_connection(TokioIo::new(tls), service).await);
                });
            }
        });
        Self { addr, root: ca.pem().to_owned(), connections, requests, serving }
    }

    fn run(&self, more: &[&str]) -> Gatetap {
        let home = Home::new();
        let root = home.join("root.pem");
        std::fs::write(&root, &self.root).unwrap();
        let url = format!("https://localhost:{}/base", self.addr.port());
        let root = root.to_str().unwrap();
        let args = ["run", "--headless", "--listen", "127.0.0.1:0", "--ca", root, "--upstream", &url];
        Launch::gatetap(&[&args, more].concat()).home(&home).serve()
    }

    /// Breaks every connection, and waits until that is done.
    async fn break_connections(&self) {
        let mut serving = std::mem::take(&mut *self.serving.lock().unwrap());
        serving.shutdown().await;
    }

    async fn next(&mut self) -> (Request<Incoming>, Frames) {
        within("a request at the gateway", self.requests.recv()).await.unwrap()
    }
}

/// An app that speaks HTTP/2 in clear text, by prior knowledge.
async fn app(gatetap: &Gatetap) -> SendRequest<Empty<Bytes>> {
    app_at(gatetap.addr()).await
}

async fn app_at(gatetap: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let io = TokioIo::new(tcp(gatetap).await);
    let client = hyper::client::conn::http2::handshake(TokioExecutor::new(), io);
    let (sender, connection) = within("the HTTP/2 handshake", client).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn request(path: &str) -> Request<Empty<Bytes>> {
    let url = format!("http://localhost{path}");
    Request::get(url).header("te", "trailers").header("x-own", "1").body(Empty::new()).unwrap()
}

async fn data(body: &mut Incoming) -> Bytes {
    within("a frame", body.frame()).await.unwrap().unwrap().into_data().unwrap()
}

#[test]
fn exchanges_share_a_connection_and_keep_their_chunks_and_trailers() {
    let mut gateway = Http2Gateway::start(100);
    let gatetap = gateway.run(&[]);
    wait(async {
        let mut app = app(&gatetap).await;
        let first = tokio::spawn(app.send_request(request("/v1/models?x=%2F")));
        let (asked, frames) = gateway.next().await;
        assert_eq!(asked.version(), Version::HTTP_2);
        let expected = format!("https://localhost:{}/base/models?x=%2F", gateway.addr.port());
        assert_eq!(asked.uri().to_string(), expected);
        assert_eq!(
            (asked.headers()["te"].as_bytes(), asked.headers()["x-own"].as_bytes()),
            (&b"trailers"[..], &b"1"[..])
        );
        assert!(!asked.headers().contains_key("host"), "{:?}", asked.headers());

        // The head is there before any of the body is.
        let response = within("the head", first).await.unwrap().unwrap();
        assert_eq!(response.headers()["x-made-by"], "gateway");
        let mut body = response.into_body();
        let second = tokio::spawn(app.send_request(request("/other")));
        let (_, other) = gateway.next().await;
        drop(other);
        assert_eq!(within("the other head", second).await.unwrap().unwrap().status(), 200);
        for chunk in ["one", "two"] {
            frames.send(Ok(Frame::data(chunk.into()))).await.unwrap();
            assert_eq!(data(&mut body).await, chunk);
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("x-sum", "3".parse().unwrap());
        frames.send(Ok(Frame::trailers(trailers))).await.unwrap();
        drop(frames);
        let last = within("the trailers", body.frame()).await.unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(last["x-sum"], "3");
        assert_eq!(gateway.connections.load(Ordering::SeqCst), 1);
    });
    let reader = stop_and_read(gatetap);
    let whole = reader.exchange(1).unwrap().unwrap().exchange;
    let response = whole.response.unwrap();
    assert_eq!((response.version.as_str(), response.raw), ("HTTP/2", None));
    assert_eq!((whole.timing.reused, whole.response_end), (Some(false), Some(BodyEnd::Whole)));
    assert_eq!(reader.exchange(2).unwrap().unwrap().exchange.timing.reused, Some(true));
}

#[test]
fn a_connection_that_waited_long_is_for_the_app_that_has_used_it() {
    let mut gateway = Http2Gateway::start(100);
    let (mut settings, _home) = settings(&format!("https://localhost:{}/base", gateway.addr.port()));
    settings.trust.anyone = true;
    let clock = Clock::fixed(WallTime(0));
    let later = |seconds| clock.advance(Duration::from_secs(seconds).into());
    wait(async {
        let live = Live::start(settings, clock.clone()).await.unwrap();
        let connections = Arc::clone(&gateway.connections);
        let connections = || connections.load(Ordering::SeqCst);
        let mut ask = async |app: &mut SendRequest<Empty<Bytes>>| {
            let sent = tokio::spawn(app.send_request(request("/v1/x")));
            let (_, frames) = gateway.next().await;
            (within("the head", sent).await.unwrap().unwrap().into_body(), frames)
        };
        let end = async |(mut body, frames): (Incoming, Frames)| {
            drop(frames);
            assert_eq!(rest(&mut body).await.2, Ended::Whole);
        };
        let mut app = app_at(live.addresses()[0]).await;
        end(ask(&mut app).await).await;
        later(3600);
        end(ask(&mut app).await).await;
        assert_eq!(connections(), 1, "it would have kept its own as long");
        later(3);
        let mut other = app_at(live.addresses()[0]).await;
        end(ask(&mut other).await).await;
        assert_eq!(connections(), 1, "it is as good as new");
        later(4);
        let open = ask(&mut app).await;
        assert_eq!(connections(), 2, "it would have met a new one");
        later(60);
        end(ask(&mut app_at(live.addresses()[0]).await).await).await;
        assert_eq!(connections(), 2, "what carries an exchange does not wait");
        end(open).await;
        assert!(live.stop().await.is_whole());
    });
}

#[test]
fn another_connection_is_made_where_one_is_full() {
    let mut gateway = Http2Gateway::start(1);
    let gatetap = gateway.run(&[]);
    wait(async {
        let mut app = app(&gatetap).await;
        let mut open = Vec::new();
        for _ in 0..3 {
            let sent = tokio::spawn(app.send_request(request("/v1/x")));
            open.push((gateway.next().await, sent.await.unwrap().unwrap()));
        }
        assert_eq!(gateway.connections.load(Ordering::SeqCst), 3);
    });
}

#[test]
fn a_connection_that_is_gone_is_made_anew() {
    let mut gateway = Http2Gateway::start(100);
    let gatetap = gateway.run(&[]);
    wait(async {
        let mut app = app(&gatetap).await;
        let sent = tokio::spawn(app.send_request(request("/v1/x")));
        let (_, frames) = gateway.next().await;
        let mut body = sent.await.unwrap().unwrap().into_body();
        frames.send(Ok(Frame::data("half".into()))).await.unwrap();
        assert_eq!(data(&mut body).await, "half");
        gateway.break_connections().await;
        within("the end of the open stream", body.frame()).await.unwrap().unwrap_err();
        let again = tokio::spawn(app.send_request(request("/v1/x")));
        gateway.next().await;
        assert_eq!(within("the head", again).await.unwrap().unwrap().status(), 200);
        assert_eq!(gateway.connections.load(Ordering::SeqCst), 2);
    });
}

#[test]
fn a_reset_stream_is_a_reset_stream_for_the_app() {
    let mut gateway = Http2Gateway::start(100);
    let gatetap = gateway.run(&[]);
    wait(async {
        let mut app = app(&gatetap).await;
        let sent = tokio::spawn(app.send_request(request("/v1/x")));
        let (_, frames) = gateway.next().await;
        let mut body = sent.await.unwrap().unwrap().into_body();
        frames.send(Ok(Frame::data("half".into()))).await.unwrap();
        assert_eq!(data(&mut body).await, "half");
        frames.send(Err(io::Error::other("broken on purpose"))).await.unwrap();
        let error = within("the reset", body.frame()).await.unwrap().unwrap_err();
        assert!(format!("{error:?}").contains("Reset"), "{error:?}");
    });
    let end = stop_and_read(gatetap).exchange(1).unwrap().unwrap().exchange.response_end;
    assert_eq!(end.as_ref().and_then(BodyEnd::broken_by), Some(Hop::Gateway), "{end:?}");
}

#[test]
fn an_app_that_leaves_cancels_its_stream_alone() {
    let mut gateway = Http2Gateway::start(100);
    let gatetap = gateway.run(&[]);
    wait(async {
        let mut app = app(&gatetap).await;
        let stays = tokio::spawn(app.send_request(request("/stays")));
        let (_, stays_fed) = gateway.next().await;
        let mut stays = stays.await.unwrap().unwrap().into_body();
        let leaves = tokio::spawn(app.send_request(request("/leaves")));
        let (_, leaves_fed) = gateway.next().await;
        drop(leaves.await.unwrap().unwrap());
        within("the gateway to see the cancellation", leaves_fed.closed()).await;
        stays_fed.send(Ok(Frame::data("on".into()))).await.unwrap();
        assert_eq!(data(&mut stays).await, "on");
        assert_eq!(gateway.connections.load(Ordering::SeqCst), 1);
    });
    let reader = stop_and_read(gatetap);
    let end = reader.exchange(2).unwrap().unwrap().exchange.response_end;
    assert_eq!(end.as_ref().and_then(BodyEnd::broken_by), Some(Hop::App), "{end:?}");
}

#[test]
fn an_app_of_http2_reaches_a_gateway_that_speaks_only_http1() {
    let ca = TestCa::new();
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK\r\nX-Case: y", "hello"));
    let front = Front::of(gateway.addr(), ca.server_config(&["localhost"], &["http/1.1"], false));
    let home = Home::new();
    let root = ca.write_into(&home);
    let url = format!("https://localhost:{}", front.addr().port());
    let args =
        ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &url, "--ca", root.to_str().unwrap()];
    let gatetap = Launch::gatetap(&args).home(&home).serve();
    wait(async {
        let mut app = app(&gatetap).await;
        for _reused in 0..2 {
            let response = within("the head", app.send_request(request("/v1/x"))).await.unwrap();
            assert_eq!(response.headers()["x-case"], "y");
            assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
        }
        let seen = gateway.request(1).await.head;
        assert_eq!(seen.start_line(), "GET /v1/x HTTP/1.1");
        assert_eq!(seen.header("host"), Some(format!("localhost:{}", front.addr().port())));
        assert_eq!(gateway.connections(), 1);
    });
}

#[test]
fn an_app_of_http1_gets_http1_on_both_hops() {
    let ca = TestCa::new();
    let gateway = Gateway::answering(answer("HTTP/1.1 200 OK\r\nX-Case: y", "hello"));
    // Had it been offered, this gateway would have taken HTTP/2.
    let front = Front::of(gateway.addr(), ca.server_config(&["localhost"], &["h2", "http/1.1"], false));
    let home = Home::new();
    let root = ca.write_into(&home);
    let url = format!("https://localhost:{}", front.addr().port());
    let args =
        ["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &url, "--ca", root.to_str().unwrap()];
    let gatetap = Launch::gatetap(&args).home(&home).serve();
    wait(async {
        let (head, body) = Client::exchange(gatetap.addr(), get("/v1/x", &["X-Own: 1"])).await;
        assert_eq!((head.header("x-case").as_deref(), body.text().as_str()), (Some("y"), "hello"));
    });
    assert!(gateway.requests()[0].head.start_line().ends_with("HTTP/1.1"));
}
