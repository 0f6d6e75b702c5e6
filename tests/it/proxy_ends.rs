//! Every end is passed on: who leaves, how, and in which phase.

use std::time::{Duration, Instant};

use crate::support::client::{Client, Ending, get, post};
use crate::support::gateway::{Gate, Gateway, Left, Refusing, SSE_HEAD, Step, answer, write};
use crate::support::http1::chunk;
use crate::support::tapped::{Seen, Tapped, assert_same};

/// By then a gateway has to know that the app has left.
const SOON: Duration = Duration::from_millis(100);

const CHUNKED: &str = "POST /v1/x HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";

/// How far an exchange has come when somebody leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Inside the request's body.
    Upload,
    /// The request is whole, and there is no answer.
    Waiting,
    /// The answer's head is there.
    Head,
    /// Part of the answer is there.
    Body,
    /// Part of a chunk is there.
    MidChunk,
}

const PHASES: [Phase; 5] = [Phase::Upload, Phase::Waiting, Phase::Head, Phase::Body, Phase::MidChunk];

/// A gateway that comes as far as `phase`, waits at the gate, and then does the last step.
fn gateway_up_to(phase: Phase, gate: &Gate, last: Step) -> Gateway {
    let mut script = vec![Step::ReadHead];
    match phase {
        Phase::Upload => {}
        Phase::Waiting => script.push(Step::ReadBody),
        Phase::Head => script.extend([Step::ReadBody, write(SSE_HEAD)]),
        Phase::Body => script.extend([Step::ReadBody, write(SSE_HEAD), write(chunk("data: 1\n\n"))]),
        Phase::MidChunk => script.extend([Step::ReadBody, write(SSE_HEAD), write("9\r\ndata:")]),
    }
    script.extend([Step::Wait(gate.clone()), last]);
    Gateway::scripted([script])
}

/// Takes an app as far as `phase`.
async fn app_up_to(phase: Phase, addr: std::net::SocketAddr, gateway: &Gateway) -> Client {
    let mut app = Client::connect(addr).await;
    app.send(CHUNKED).await;
    app.send(chunk("{}")).await;
    gateway.raw_of(0, CHUNKED.len()).await;
    if phase == Phase::Upload {
        gateway.request_head(0).await;
        return app;
    }
    app.send("0\r\n\r\n").await;
    gateway.request(0).await;
    if phase != Phase::Waiting {
        app.read_head().await;
    }
    match phase {
        Phase::Body => drop(app.next_chunk().await.unwrap()),
        Phase::MidChunk => assert_eq!(app.read_raw(8).await, b"9\r\ndata:"),
        _ => {}
    }
    app
}

#[tokio::test]
async fn an_app_that_leaves_is_missed_by_the_gateway() {
    for phase in PHASES {
        for reset in [false, true] {
            // A machine that is busy with other tests may be late once; gatetap may not be late by itself.
            let mut times = Vec::new();
            while times.len() < 3 && times.last().is_none_or(|time| *time >= SOON) {
                times.push(leave(phase, reset).await);
            }
            assert!(times.last().is_some_and(|time| *time < SOON), "{phase:?} {reset}: {times:?}");
        }
    }
}

/// Lets an app leave in this phase, straight and through gatetap; says how long the gateway took to notice
/// behind gatetap.
async fn leave(phase: Phase, reset: bool) -> Duration {
    let gate = Gate::new();
    let straight = gateway_up_to(phase, &gate, Step::Hang);
    let gateway = gateway_up_to(phase, &gate, Step::Hang);
    let tapped = Tapped::before(&gateway).await;
    let mut left = Vec::new();
    for (addr, gateway) in [(straight.addr(), &straight), (tapped.addr(), &gateway)] {
        let app = app_up_to(phase, addr, gateway).await;
        let at = Instant::now();
        if reset {
            app.abort();
        } else {
            app.close();
        }
        let departure = gateway.peer_left(0).await;
        left.push((departure.how, departure.at - at));
    }
    assert_eq!(left[0].0, left[1].0, "{phase:?} {reset}");
    // The gateway stays at its gate: the verdict does not wait for it.
    let told = tapped.told(0).await;
    assert_eq!(told.verdict(), "cut-by-app", "{phase:?} {reset}");
    assert_eq!(told.request.bytes, b"{}");
    left[1].1
}

#[tokio::test]
async fn a_gateway_that_leaves_is_missed_by_the_app() {
    for phase in [Phase::Head, Phase::Body, Phase::MidChunk] {
        for (last, ending) in
            [(Step::Close, Ending::Fin), (Step::Reset, Ending::Reset), (Step::HalfClose, Ending::Fin)]
        {
            let watch = async |addr, gateway: &Gateway| {
                let mut app = app_up_to(phase, addr, gateway).await;
                app.read_to_end().await
            };
            let open = || {
                let gate = Gate::new();
                gate.open_for_good();
                gateway_up_to(phase, &gate, last.clone())
            };
            let what = format!("{phase:?} {last:?}");
            let (seen, tapped, _gateway) = assert_same(&what, open, watch).await;
            assert_eq!(seen.1, ending, "{what}");
            assert_eq!(tapped.told(0).await.verdict(), "cut-by-gateway", "{what}");
        }
    }
}

#[tokio::test]
async fn where_there_is_no_answer_gatetap_says_why() {
    let cases: Vec<(Vec<Step>, &str)> = vec![
        (vec![Step::ReadHead, Step::Close], "closed-before-response"),
        (vec![Step::ReadHead, Step::Reset], "connection-reset"),
        (vec![Step::ReadHead, write("HTTP/1.1 200 OK\r\ncontent-le"), Step::Close], "closed-before-response"),
        (vec![Step::ReadHead, write("SSH-2.0-x\r\n"), Step::Hang], "bad-response"),
        (vec![Step::ReadHead, write("HTTP/1.1 2x0 OK\r\n\r\n"), Step::Hang], "bad-response"),
        (vec![Step::ReadHead, write("HTTP/1.1 103 Hint\r\n\r\n"), Step::Close], "closed-before-response"),
    ];
    for (script, token) in cases {
        let gateway = Gateway::scripted([script]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(post("/v1/chat/completions", &[], "{}")).await;
        let mut head = app.read_head().await;
        if head.status() == 103 {
            head = app.read_head().await;
        }
        let body = app.read_body().await;
        assert_eq!((head.status(), head.header("x-gatetap-error").as_deref()), (502, Some(token)));
        assert!(body.text().contains("gatetap: "), "{}", body.text());
        let told = tapped.told(0).await;
        assert_eq!((told.verdict(), told.own_error()), ("failed", Some(token)));
        assert_eq!(told.request.bytes, b"{}", "what was asked is in the recording");
        // The app's connection goes on.
        app.send(get("/_gatetap/status", &[])).await;
        app.read_head().await;
    }
    let nobody = Refusing::new();
    let tapped = Tapped::at(&nobody.url()).await;
    let seen = Seen::of(tapped.addr(), post("/v1/messages", &[], "{\"a\":1}")).await;
    assert!(seen.head.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{}", seen.head);
    let body: serde_json::Value = serde_json::from_slice(&seen.bytes()).unwrap();
    assert_eq!(
        (body["type"].as_str(), body["error"]["code"].as_str()),
        (Some("error"), Some("connection-refused"))
    );
    assert!(body["error"]["message"].as_str().unwrap().starts_with("gatetap: "), "{body}");
    let told = tapped.told(0).await;
    assert_eq!(
        (told.own_error(), told.request.bytes.as_slice()),
        (Some("connection-refused"), &b"{\"a\":1}"[..])
    );
}

#[tokio::test]
async fn an_answer_that_apps_read_in_different_ways_is_theirs_to_read() {
    // Said several times, a length is one length: the connection takes another request.
    for said in ["Content-Length: 2, 2", "Content-Length: 2\r\nContent-Length: 2", "Content-Length: 2 ,\t2"] {
        let gateway = Gateway::answering(format!("HTTP/1.1 200 OK\r\n{said}\r\n\r\nok"));
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        for n in 0..2 {
            app.send(get("/v1/x", &[])).await;
            let head = format!("HTTP/1.1 200 OK\r\n{said}\r\n\r\n");
            assert_eq!(app.read_raw(head.len() + 2).await, format!("{head}ok").as_bytes(), "{said}");
            let told = tapped.told(n).await;
            assert_eq!((told.verdict(), told.response.bytes.as_slice()), ("complete", &b"ok"[..]), "{said}");
        }
        assert_eq!(gateway.connections(), 1, "{said}");
    }
    // Where it is none, curl, h11 and undici each make something else of it; all that came is theirs.
    for said in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2, 5\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nContent-Length: 2,\r\n\r\nok",
        "\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        "\r\n\n\r\nHTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nConnection: close\r\n\r\nok",
    ] {
        let gateway = Gateway::scripted([vec![Step::ReadHead, write(said), Step::Close]]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(get("/v1/x", &[])).await;
        let passed = said.replace("Keep-Alive: timeout=5\r\n", "");
        let seen = app.read_to_end().await;
        assert_eq!((String::from_utf8_lossy(&seen.0).as_ref(), seen.1), (passed.as_str(), Ending::Fin));
        let told = tapped.told(0).await;
        assert_eq!((told.verdict(), told.whole.summary.status), ("complete", Some(200)), "{said}");
        assert_eq!((told.response.bytes.as_slice(), told.raw_answer()), (&b"ok"[..], said.replace("ok", "")));
        let headers = &told.whole.exchange.response.as_ref().unwrap().headers;
        assert!(headers.iter().all(|(name, _)| !name.to_string().contains("HTTP")), "{headers:?}");
    }
}

#[tokio::test]
async fn an_app_that_only_has_nothing_more_to_say_gets_its_answer() {
    for split in [false, true] {
        let gate = Gate::new();
        let steps = || {
            vec![
                Step::ReadHead,
                Step::ReadBody,
                Step::Wait(gate.clone()),
                write(SSE_HEAD),
                Step::Wait(gate.clone()),
                write([chunk("data: 1\n\n"), b"0\r\n\r\n".to_vec()].concat()),
                Step::Close,
            ]
        };
        let half_closed = async |addr, gateway: &Gateway| {
            let mut app = Client::connect(addr).await;
            app.send(post("/v1/x", &["Connection: close"], "{}")).await;
            app.half_close().await;
            // The gateway is told at once, as it would be straight.
            let left = gateway.peer_left(0).await.how;
            gate.open();
            let head = app.read_head().await;
            if split {
                // Longer than it takes to notice an app that has left.
                tokio::time::sleep(Duration::from_millis(150)).await;
            }
            gate.open();
            (left, Seen::new(&head, app.read_body().await))
        };
        let (seen, tapped, _gateway) =
            assert_same("half closed", || Gateway::scripted([steps()]), half_closed).await;
        assert_eq!((seen.0, seen.1.ending), (Left::Fin, Ending::Whole));
        assert_eq!(tapped.told(0).await.response.bytes, b"data: 1\n\n");
    }
}

#[tokio::test]
async fn an_app_that_closes_later_is_missed_too() {
    let gate = Gate::new();
    let gateway = gateway_up_to(Phase::Body, &gate, Step::Hang);
    let tapped = Tapped::before(&gateway).await;
    let mut app = app_up_to(Phase::Body, tapped.addr(), &gateway).await;
    app.half_close().await;
    gateway.peer_left(0).await;
    app.close();
    assert_eq!(tapped.told(0).await.verdict(), "cut-by-app");
}

#[tokio::test]
async fn an_app_of_ipv4_on_a_listener_of_ipv6_is_missed_too() {
    let gate = Gate::new();
    let gateway = gateway_up_to(Phase::Waiting, &gate, Step::Hang);
    // A machine without IPv6 has no such listener.
    let Some(tapped) = Tapped::itself("[::]:0".parse().unwrap(), &gateway.url()).await else { return };
    let app = app_up_to(Phase::Waiting, ([127, 0, 0, 1], tapped.addr().port()).into(), &gateway).await;
    app.close();
    assert_eq!(tapped.told(0).await.verdict(), "cut-by-app");
}

#[tokio::test]
async fn an_early_answer_arrives() {
    let refusal = answer("HTTP/1.1 413 Content Too Large\r\nConnection: close", "{\"error\":\"too large\"}");
    let size = 20 << 20;
    let request = format!("POST /v1/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: {size}\r\n\r\n");
    // It reads on, it stops reading, it closes at once: the app gets its answer.
    for script in [
        vec![Step::ReadHead, write(&refusal), Step::ReadBody],
        vec![Step::ReadHead, Step::PauseReading, write(&refusal), Step::HalfClose, Step::Hang],
        vec![Step::ReadHead, Step::PauseReading, write(&refusal), Step::Close],
    ] {
        let gateway = Gateway::scripted([script.clone()]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(&request).await;
        let piece = vec![b'x'; 64 << 10];
        let mut sent = 0;
        // Like an app that looks for an answer only when it has sent everything, or cannot.
        while sent < size && app.try_send_now(&piece).await {
            sent += piece.len();
        }
        let head = app.read_head().await;
        let body = app.read_body().await;
        assert_eq!((head.status(), body.ending), (413, Ending::Whole), "{script:?}");
        drop(app);
        let told = tapped.told(0).await;
        assert_eq!((told.verdict(), told.whole.summary.status), ("refused", Some(413)));
    }
}

#[tokio::test]
async fn who_expects_100_gets_what_the_gateway_says() {
    let request =
        "POST /v1/x HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n";
    let ok = answer("HTTP/1.1 200 OK", "{}");
    let go_on = write("HTTP/1.1 100 Continue\r\nX-Mine: 1\r\n\r\n");
    let patient: [(&str, Vec<Step>, &[u16]); 3] = [
        ("it goes on", vec![Step::ReadHead, go_on.clone(), Step::ReadBody, write(&ok)], &[100, 200]),
        ("it refuses", vec![Step::ReadHead, write(answer("HTTP/1.1 417 No", ""))], &[417]),
        (
            "it says so twice",
            vec![Step::ReadHead, go_on.clone(), go_on, Step::ReadBody, write(&ok)],
            &[100, 100, 200],
        ),
    ];
    for (what, script, statuses) in patient {
        let waiting = async |addr, _: &Gateway| {
            let mut app = Client::connect(addr).await;
            app.send(request).await;
            let mut heads = vec![app.read_head().await];
            if heads[0].status() == 100 {
                app.send("ok").await;
                while heads.last().unwrap().status() == 100 {
                    heads.push(app.read_head().await);
                }
            }
            heads
        };
        let (heads, ..) = assert_same(what, || Gateway::scripted([script.clone()]), waiting).await;
        assert_eq!(heads.iter().map(crate::support::http1::Head::status).collect::<Vec<_>>(), statuses);
    }
    // An app that does not wait, and a gateway that knows nothing of it.
    let script = || Gateway::scripted([vec![Step::ReadHead, Step::ReadBody, write(&ok)]]);
    let hasty = async |addr, _: &Gateway| Seen::of(addr, format!("{request}ok")).await;
    let (seen, tapped, _gateway) = assert_same("it does not wait", script, hasty).await;
    assert!(seen.head.starts_with("HTTP/1.1 200"));
    assert_eq!(tapped.told(0).await.request.bytes, b"ok");
}

#[tokio::test]
async fn a_stale_connection_is_not_used() {
    let ok = write(answer("HTTP/1.1 200 OK", "{}"));
    for last in [Step::Close, Step::Reset, write("HTTP/1.1 408 Request Timeout\r\n\r\n")] {
        let gate = Gate::new();
        let first = vec![Step::ReadHead, Step::ReadBody, ok.clone(), Step::Wait(gate.clone()), last.clone()];
        let then = vec![Step::ReadHead, Step::ReadBody, ok.clone()];
        let gateway = Gateway::scripted([first, then]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(post("/v1/a", &[], "{}")).await;
        app.read_head().await;
        app.read_body().await;
        gate.reached(1).await;
        gate.open();
        if let Step::Write(_) = last {
            crate::support::eventually_async("the second answer", || {
                (gateway.written(0).len() == 2).then_some(())
            })
            .await;
        } else {
            gateway.gone(0).await;
        }
        app.send(post("/v1/b", &[], "{}")).await;
        assert_eq!(app.read_head().await.status(), 200, "{last:?}");
        assert_eq!(gateway.connections(), 2);
        assert_eq!(gateway.requests().len(), 2);
    }
}

#[tokio::test]
async fn a_request_that_may_have_been_processed_is_not_sent_again() {
    let ok = write(answer("HTTP/1.1 200 OK", "{}"));
    for last in [Step::Close, Step::Reset] {
        let script = vec![Step::ReadHead, Step::ReadBody, ok.clone(), Step::ReadHead, last];
        let gateway = Gateway::scripted([script, vec![Step::ReadHead, ok.clone()]]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(post("/v1/a", &[], "{}")).await;
        app.read_head().await;
        app.read_body().await;
        app.send(get("/v1/b", &[])).await;
        assert_eq!(app.read_head().await.status(), 502);
        assert_eq!((gateway.connections(), gateway.requests().len()), (1, 2));
    }
}

#[tokio::test]
async fn an_sdk_that_closes_after_done_has_had_a_complete_answer() {
    let finish = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let gate = Gate::new();
    let script = vec![
        Step::ReadHead,
        Step::ReadBody,
        write(SSE_HEAD),
        write([chunk(finish), chunk("data: [DONE]\n\n")].concat()),
        Step::Wait(gate.clone()),
        write("0\r\n\r\n"),
    ];
    let gateway = Gateway::scripted([script]);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send(post("/v1/chat/completions", &[], "{\"stream\":true}")).await;
    app.read_head().await;
    app.next_chunk().await.unwrap();
    app.next_chunk().await.unwrap();
    app.close();
    gateway.peer_left(0).await;
    assert_eq!(tapped.told(0).await.verdict(), "complete");
}

#[tokio::test]
async fn gatetap_stops_without_waiting_for_anybody() {
    let (gateway, gate) = Gateway::sse(["data: 1\n\n", "data: 2\n\n"]);
    let mut tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    let mut idle = Client::connect(tapped.addr()).await;
    app.send(get("/v1/x", &[])).await;
    app.read_head().await;
    gate.open();
    app.next_chunk().await.unwrap();
    tapped.stop().await;
    assert_eq!(app.read_body().await.ending, Ending::Fin);
    assert_eq!(idle.read_to_end().await, (Vec::new(), Ending::Fin));
    let told = tapped.told(0).await;
    assert_eq!(told.verdict(), "lost");
}

#[tokio::test]
async fn what_gatetap_cuts_never_looks_whole() {
    let until_close = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
    for (head, piece, request, ending) in [
        (until_close, "data: 1\n\n", "GET /v1/x HTTP/1.1\r\nhost: localhost\r\n\r\n", Ending::Reset),
        (SSE_HEAD, "9\r\ndata: 1\n\n\r\n", "GET /v1/x HTTP/1.0\r\n\r\n", Ending::Reset),
        // What has a length, or chunks, says by itself that it is not whole.
        (SSE_HEAD, "9\r\ndata: 1\n\n\r\n", "GET /v1/x HTTP/1.1\r\nhost: localhost\r\n\r\n", Ending::Fin),
    ] {
        let gateway = Gateway::scripted([vec![Step::ReadHead, write(head), write(piece), Step::Hang]]);
        let mut tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(request).await;
        app.read_head().await;
        while !app.read_raw(1).await.contains(&b'1') {}
        tapped.stop().await;
        assert_eq!(app.read_to_end().await.1, ending, "{request:?}");
        gateway.peer_left(0).await;
        assert_eq!(tapped.told(0).await.verdict(), "lost");
    }
}

#[tokio::test]
async fn a_blocked_upload_learns_that_its_gateway_is_gone() {
    let answer413 = answer("HTTP/1.1 413 Payload Too Large\r\nConnection: close", "too big");
    for (said, last, status, token) in [
        (Vec::new(), Step::Reset, 502, Some("connection-reset")),
        // What it has not read makes a reset of its close.
        (Vec::new(), Step::Close, 502, Some("connection-reset")),
        (answer413, Step::Close, 413, None),
    ] {
        let gate = Gate::new();
        let script = vec![Step::ReadHead, Step::PauseReading, Step::Wait(gate.clone()), write(said), last];
        let gateway = Gateway::scripted([script]);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send("POST /v1/x HTTP/1.1\r\nhost: localhost\r\ncontent-length: 999999999\r\n\r\n").await;
        gate.reached(1).await;
        while app.try_send_now(vec![b'x'; 1 << 20]).await {}
        gate.open();
        let head = app.read_head().await;
        assert_eq!((head.status(), head.header("x-gatetap-error").as_deref()), (status, token));
        app.read_body().await;
        let told = tapped.told_when(0, |whole| whole.exchange.response_end.is_some()).await;
        assert_eq!(told.own_error(), token);
    }
}
