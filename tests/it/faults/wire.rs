//! What leaves on the wire, fault by fault.

use super::{ASKED, EVENTS, Got, ask, streaming};
use crate::support::client::{Client, Ending, post};
use crate::support::gateway::Left;
use crate::support::tapped::Tapped;
use gatetap::fault::wire::ALL;
use gatetap::fault::{Framing, LiveHead, is_event_stream};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

#[test]
fn a_stream_that_names_no_coding_is_read_event_by_event() {
    for (coding, reads) in
        [("identity", true), ("none", true), ("utf-8", true), ("gzip", false), ("none, br", false)]
    {
        let lines = [("content-type", "text/event-stream"), ("content-encoding", coding)];
        let head = LiveHead {
            status: 200,
            headers: lines.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect(),
            framing: Framing::Chunked,
            origin: Framing::Chunked,
        };
        assert_eq!(is_event_stream(&head), reads, "{coding}");
    }
}

/// Those that never end by themselves, or break the framing; they have tests of their own.
const APART: [&str; 3] = ["net.hang_before_headers", "stream.bad_chunk", "stream.truncated_tool_args"];

/// Every other fault, each with what it takes to be seen in a short stream.
const TABLE: &[&str] = &[
    "net.refused",
    "net.reset_before_headers",
    "net.reset_midbody,after=1",
    "net.slow_headers,delay=5ms",
    "stream.cut_unterminated,after=1",
    "stream.cut_unterminated_close,after=1",
    "stream.cut_clean,after=2",
    "stream.cut_clean,after=0",
    "stream.cut_before_end",
    "stream.cut_mid_frame,after=1",
    "stream.cut_mid_frame,after=1,at=9",
    "stream.cut_mid_character,after=0",
    "stream.no_done",
    "stream.stall,after=4,silence=20ms,keepalive=5ms",
    "stream.slow,each=1ms",
    "stream.slow_first,delay=20ms,keepalive=8ms",
    "stream.bandwidth,rate=50k",
    "stream.burst",
    "stream.slab,size=200",
    "stream.gzip",
    "stream.content_length",
    "stream.http10",
    "stream.split_utf8,size=1",
    "stream.wrong_ctype",
    "stream.crlf",
    "stream.cr_only",
    "stream.bom",
    "stream.multi_data_lines",
    "stream.no_space_after_colon",
    "stream.comments,text=wait,count=2",
    "stream.event_id_retry_fields",
    "stream.no_usage",
    "stream.empty_choices_usage",
    "stream.bad_json,after=1",
    "stream.duplicate_frame,after=1",
    "stream.reordered_frame,after=1",
    "stream.giant_frame,after=1,size=20",
    "stream.one_chunk",
    "stream.finish_length",
    "stream.finish_content_filter",
    "stream.json_instead",
    "stream.html_instead",
    "stream.error_json_200",
    "http.html_502",
    "http.html_504_nginx",
    "http.html_413",
    "http.cf_520_html",
    "http.cf_522_html",
    "http.cf_524_html",
    "http.cf_block_403",
    "http.html_200_captive",
    "http.proxy_407",
    "http.redirect_308",
    "http.redirect_302,location=/elsewhere",
    "http.empty_body_200",
    "http.invalid_json_200",
    "http.gzip_corrupt",
    "http.retry_after_date",
    "http.retry_after_float",
    "http.retry_after_negative",
    "http.retry_after_garbage",
    "http.retry_after_3600",
    "http.retry_after_ms",
    "http.should_not_retry",
];

#[test]
fn every_wire_fault_is_in_the_table() {
    let names = |specs: &[&'static str]| -> BTreeSet<&str> {
        specs.iter().map(|spec| spec.split(',').next().unwrap()).collect()
    };
    let tested: BTreeSet<&str> = names(TABLE).union(&names(&APART)).copied().collect();
    assert_eq!(tested, ALL.iter().map(|fault| fault.name).collect());
}

#[tokio::test]
async fn what_leaves_on_the_wire() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    let mut seen = String::new();
    for spec in TABLE {
        let got = ask(&tapped, spec, ASKED).await;
        writeln!(seen, "{spec}\n{}", shown(&got)).unwrap();
        let name = spec.split(',').next();
        if got.head.is_some() {
            assert_eq!(got.header("x-gatetap-fault").as_deref(), name, "{spec}");
        }
    }
    insta::assert_snapshot!(seen);
}

#[tokio::test]
async fn nothing_is_asked_twice_and_no_event_is_early() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    for (spec, least) in [
        ("net.slow_headers,delay=60ms", 60),
        ("stream.slow,each=15ms", 75),
        ("stream.slow_first,delay=60ms", 60),
        ("stream.stall,after=2,silence=60ms", 60),
        ("net.refused,delay=60ms", 60),
        ("429,delay=60ms", 60),
        ("stream.bandwidth,rate=4k", 60),
    ] {
        let from = Instant::now();
        ask(&tapped, spec, ASKED).await;
        assert!(from.elapsed() >= Duration::from_millis(least), "{spec}: {:?}", from.elapsed());
    }
}

#[tokio::test]
async fn silence_lasts_until_the_app_leaves_and_the_gateway_is_told() {
    for (spec, heard) in [
        ("net.hang_before_headers", None),
        ("stream.stall,after=1", Some(EVENTS[0])),
        ("stream.stall,after=0,keepalive=1ms", Some(": keep-alive\n\n")),
    ] {
        let gateway = streaming(&EVENTS);
        let tapped = Tapped::before(&gateway).await;
        let mut app = Client::connect(tapped.addr()).await;
        app.send(post("/v1/chat/completions", &[&format!("x-gatetap-fault: {spec}")], ASKED)).await;
        if let Some(heard) = heard {
            app.read_head().await;
            assert_eq!(app.next_chunk().await.unwrap().bytes, heard.as_bytes(), "{spec}");
        } else {
            // The fault is recorded when it begins.
            tapped.told_when(0, |whole| whole.summary.fault.is_some()).await;
        }
        app.abort();
        let told = tapped.told(0).await;
        assert_eq!(told.verdict(), "cut-by-app", "{spec}");
        assert_eq!(told.whole.summary.fault.as_deref(), spec.split(',').next());
        if heard.is_some() {
            assert_eq!(gateway.peer_left(0).await.how, Left::Reset, "{spec}");
        } else {
            assert_eq!(gateway.connections(), 0, "{spec}");
        }
    }
}

#[tokio::test]
async fn a_chunk_whose_size_is_no_number_ends_the_stream() {
    let gateway = streaming(&EVENTS);
    let tapped = Tapped::before(&gateway).await;
    let mut app = Client::connect(tapped.addr()).await;
    app.send(post("/v1/chat/completions", &["x-gatetap-fault: stream.bad_chunk,after=1"], ASKED)).await;
    let (raw, ending) = app.read_to_end().await;
    let raw = String::from_utf8(raw).unwrap();
    assert!(raw.ends_with(&format!("{}\r\nzz\r\n", EVENTS[0])), "{raw}");
    assert_eq!(ending, Ending::Fin);
}

#[tokio::test]
async fn a_tool_call_ends_inside_its_arguments() {
    let call = |arguments: &str| {
        let arguments = serde_json::to_string(arguments).unwrap();
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"function\":{{\"arguments\":{arguments}}},\"index\":0}}]}},\
             \"finish_reason\":null,\"index\":0}}]}}\n\n"
        )
    };
    let done = |reason: &str| {
        format!("data: {{\"choices\":[{{\"delta\":{{}},\"finish_reason\":\"{reason}\",\"index\":0}}]}}\n\n")
    };
    let (first, second, half) = (call("{\"a\":1"), call(",\"b\":2}"), call("{\"a"));
    let gateway = streaming(&[&first, &second, &done("tool_calls"), EVENTS[4]]);
    let tapped = Tapped::before(&gateway).await;
    let got = ask(&tapped, "stream.truncated_tool_args", ASKED).await;
    let expected = [half, done("length"), EVENTS[4].to_owned()].concat();
    assert_eq!(String::from_utf8(got.body()).unwrap(), expected);
}

#[tokio::test]
async fn what_a_fault_has_no_hold_on_passes_as_it_came() {
    let raw = "HTTP/1.1 503 Busy\r\nX-Odd:  a\r\ncontent-length: 4\r\n\r\nbusy";
    let gateway = crate::support::gateway::Gateway::answering(raw);
    let tapped = Tapped::before(&gateway).await;
    let got = ask(&tapped, "stream.cut_clean,after=0", ASKED).await;
    assert_eq!(got.head.unwrap().raw, raw.split_inclusive("\r\n\r\n").next().unwrap().as_bytes());
    assert_eq!(got.chunks.concat(), b"busy");
    let told = tapped.told(0).await;
    assert_eq!(told.whole.summary.fault, None);
    assert_eq!(told.response.bytes, b"busy");
}

/// An answer in a few lines.
fn shown(got: &Got) -> String {
    let mut out = String::new();
    if let Some(head) = &got.head {
        writeln!(out, "  {}", head.start_line()).unwrap();
        for (name, value) in head.headers() {
            let value =
                if name == "retry-after" && value.ends_with("GMT") { "(a date)".to_owned() } else { value };
            if name != "x-gatetap-fault" {
                writeln!(out, "  {name}: {value}").unwrap();
            }
        }
    }
    if got.header("content-encoding").as_deref() == Some("gzip") {
        writeln!(out, "  {} chunks, {} bytes", got.chunks.len().min(2), got.body().len().min(20)).unwrap();
    } else if got.header("transfer-encoding").is_none() {
        writeln!(out, "  {}", text(&got.body())).unwrap();
    } else if got.chunks.len() > 9 {
        writeln!(out, "  {} chunks: {}", got.chunks.len(), text(&got.body())).unwrap();
    } else {
        for chunk in &got.chunks {
            writeln!(out, "  {}", text(chunk)).unwrap();
        }
    }
    writeln!(out, "  {:?}", got.ending).unwrap();
    out
}

/// Bytes on one line; created times aside.
fn text(bytes: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(bytes).escape_debug().collect();
    match text.split_once("\\\"created\\\":") {
        Some((before, after)) => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_digit());
            format!("{before}\\\"created\\\":0{rest}")
        }
        None => text,
    }
}
