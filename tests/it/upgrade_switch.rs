//! Upgrades: WebSocket and any other `101`.

use gatetap::exchange::body::Side;
use gatetap::exchange::end::{BodyEnd, Hop, Verdict};
use gatetap::wire::websocket::frames;

use crate::support::binary::Gatetap;
use crate::support::client::{Client, Ending, get};
use crate::support::gateway::{Gate, Gateway, Left, Step, answer, write};
use crate::support::tls::{has_line, stop_and_read};
use crate::support::wait;

const ASK: [&str; 4] = [
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

const SWITCHED: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

fn run(gateway: &Gateway) -> Gatetap {
    Gatetap::run(&["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &gateway.url()])
}

#[test]
fn bytes_pass_both_ways_with_early_data_on_both_sides() {
    let gate = Gate::new();
    let script = vec![
        Step::ReadHead,
        Step::Wait(gate.clone()),
        write([SWITCHED.as_bytes(), b"early from the gateway"].concat()),
        Step::Wait(gate.clone()),
        write([0x81, 2, b'h', b'i']),
        Step::Hang,
    ];
    let gateway = Gateway::scripted([script]);
    let gatetap = run(&gateway);
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        app.send([get("/v1/realtime?model=m", &ASK), b"early from the app".to_vec()].concat()).await;
        let head = gateway.request_head(0).await.head;
        for line in ["Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="] {
            assert!(has_line(&head, line), "{line} in {head:?}");
        }
        assert_eq!(head.header("connection").as_deref(), Some("keep-alive, Upgrade"), "{head:?}");
        gate.open();
        let answered = app.read_head().await;
        assert_eq!(answered.status(), 101);
        for (name, value) in [("upgrade", "websocket"), ("connection", "Upgrade")] {
            assert_eq!(answered.header(name).as_deref(), Some(value), "{answered:?}");
        }
        assert_eq!(app.read_raw(22).await, b"early from the gateway");
        let start = head.raw.len();
        assert_eq!(&gateway.raw_of(0, start + 18).await[start..], b"early from the app");
        gate.open();
        assert_eq!(app.read_raw(4).await, [0x81, 2, b'h', b'i']);
        // What looks like a request is none here.
        app.send("GET /x HTTP/1.1\r\n\r\n").await;
        gateway.raw_of(0, start + 37).await;
        app.close();
        assert_eq!(gateway.peer_left(0).await.how, Left::Fin);
    });
    let reader = stop_and_read(gatetap);
    let whole = reader.exchange(1).unwrap().unwrap();
    assert_eq!(reader.count().unwrap(), 1);
    assert_eq!(whole.exchange.response.as_ref().unwrap().status, 101);
    let request = reader.body(1, Side::Request).unwrap();
    let response = reader.body(1, Side::Response).unwrap();
    assert_eq!(request.bytes, b"early from the appGET /x HTTP/1.1\r\n\r\n");
    assert_eq!(response.bytes, b"early from the gateway\x81\x02hi");
    for body in [&request, &response] {
        assert_eq!(body.marks.len(), 2);
        assert!(body.marks.iter().all(|mark| mark.taken.is_some_and(|taken| taken >= mark.read)), "{body:?}");
    }
    assert_eq!((whole.exchange.request_bytes, whole.exchange.response_bytes), (37, 26));
}

/// A text frame as apps send it: masked.
fn masked_frame(text: &str) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let length = [0x81, 0xfe, (text.len() >> 8) as u8, text.len() as u8];
    let payload = text.bytes().zip(key.into_iter().cycle()).map(|(byte, key)| byte ^ key);
    length.into_iter().chain(key).chain(payload).collect()
}

#[test]
fn a_key_in_a_masked_frame_does_not_reach_the_file() {
    let script = vec![Step::ReadHead, write(SWITCHED), Step::Hang];
    let gateway = Gateway::scripted([script]);
    let gatetap = run(&gateway);
    let key = format!("sk-or-v1-{}", "0123456789abcdef".repeat(4));
    let (fine, leaky) =
        (masked_frame(&"fine ".repeat(40)), masked_frame(&format!("{{\"key\":\"{key}\"}} {key}")));
    let sent = [fine.clone(), leaky].concat();
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        app.send(get("/v1/realtime", &ASK)).await;
        assert_eq!(app.read_head().await.status(), 101);
        let head = gateway.request_head(0).await.head.raw.len();
        app.send(fine.clone()).await;
        gateway.raw_of(0, head + fine.len()).await;
        app.send(&sent[fine.len()..]).await;
        assert_eq!(&gateway.raw_of(0, head + sent.len()).await[head..], sent, "the traffic is never altered");
        app.close();
        gateway.peer_left(0).await;
    });
    let reader = stop_and_read(gatetap);
    let body = reader.body(1, Side::Request).unwrap();
    let texts: Vec<String> =
        frames(&body.bytes).into_iter().map(|frame| String::from_utf8(frame.payload).unwrap()).collect();
    let hidden = format!("sk-or-v1-{}", "*".repeat(64));
    let leaky = format!("{{\"key\":\"{hidden}\"}} {hidden}");
    assert_eq!(texts, ["fine ".repeat(40), leaky], "it is hidden where it stands, and nothing else");
    let whole = reader.exchange(1).unwrap().unwrap();
    assert_eq!(whole.exchange.request_bytes, sent.len() as u64);
    assert!(whole.exchange.request_hidden.count > 0);
}

#[test]
fn both_closes_are_passed_on() {
    let from_gateway = vec![Step::ReadHead, write(SWITCHED), write("bye"), Step::HalfClose, Step::Hang];
    let reset = vec![Step::ReadHead, write(SWITCHED), write("bye"), Step::Reset];
    let gateway = Gateway::scripted([from_gateway, reset, vec![Step::ReadHead, write(SWITCHED), Step::Hang]]);
    let gatetap = run(&gateway);
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        app.send(get("/", &ASK)).await;
        app.read_head().await;
        assert_eq!(app.read_to_end().await, (b"bye".to_vec(), Ending::Fin));
        app.send("last words").await;
        let head = gateway.request_head(0).await.head.raw.len();
        gateway.raw_of(0, head + 10).await;
        app.close();
        gateway.peer_left(0).await;

        let mut app = Client::connect(gatetap.addr()).await;
        app.send(get("/", &ASK)).await;
        app.read_head().await;
        assert_eq!(app.read_to_end().await.1, Ending::Reset);

        let mut app = Client::connect(gatetap.addr()).await;
        app.send(get("/", &ASK)).await;
        app.read_head().await;
        app.abort();
        assert_eq!(gateway.peer_left(2).await.how, Left::Reset);
    });
    let reader = stop_and_read(gatetap);
    let ends: Vec<_> =
        (1..=3).map(|id| reader.exchange(id).unwrap().unwrap().exchange.response_end).collect();
    assert_eq!(ends[0], Some(BodyEnd::Whole));
    assert_eq!(ends[1].as_ref().and_then(BodyEnd::broken_by), Some(Hop::Gateway));
    assert_eq!(ends[2].as_ref().and_then(BodyEnd::broken_by), Some(Hop::App));
}

#[test]
fn a_refused_upgrade_is_an_answer_like_any_other() {
    let gateway = Gateway::answering(answer("HTTP/1.1 426 Upgrade Required\r\nUpgrade: other", "no"));
    let gatetap = run(&gateway);
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        for _kept_alive in 0..2 {
            app.send(get("/", &ASK)).await;
            assert_eq!(app.read_head().await.status(), 426);
            assert_eq!(app.read_body().await.text(), "no");
        }
    });
    let reader = stop_and_read(gatetap);
    let whole = reader.exchange(2).unwrap().unwrap();
    assert_eq!(whole.summary.verdict, Verdict::Refused);
    assert_eq!(whole.exchange.request_end, Some(BodyEnd::Whole));
}

#[test]
fn any_protocol_can_be_agreed_on() {
    let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: tcp/9\r\n\r\nhello";
    let gateway = Gateway::scripted([vec![Step::ReadHead, write(switched), Step::Hang]]);
    let gatetap = run(&gateway);
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        app.send(get("/attach", &["Connection: Upgrade", "Upgrade: tcp/9"])).await;
        assert_eq!(app.read_head().await.header("upgrade").as_deref(), Some("tcp/9"));
        assert_eq!(app.read_raw(5).await, b"hello");
    });
}
