//! Bodies in pieces: while they pass, coded, cut, with a gap, event by event.

use std::io::Write as _;

use gatetap::digest::{Digester, EventKind, Pace, events, examine};
use gatetap::exchange::body::{Body, Cut, Mark, Rest};
use gatetap::exchange::end::Verdict;
use gatetap::exchange::time::Micros;
use gatetap::wire::coding::{Coding, Problem};
use proptest::prelude::*;

use crate::wire_property::config;

use super::{CHAT, JSON, MESSAGES, RESPONSES, SSE, body, digest, exchange, request_head, response_head};

#[test]
fn it_can_be_asked_at_any_time() {
    let mut digester = Digester::new(&request_head("POST", "/v1/chat/completions", &[]));
    digester.request_chunk(br#"{"model":"m-1","str"#);
    assert!(!digester.digest().streaming);
    digester.request_chunk(br#"eam":true}"#);
    assert!(digester.digest().streaming);
    assert_eq!(digester.digest().model.as_deref(), Some("m-1"));
    digester.response_head(&response_head(200, SSE));
    let first = CHAT.find("llo").unwrap();
    let (start, end) = CHAT.split_at(first);
    digester.response_chunk(start.as_bytes(), Micros(10));
    assert_eq!(digester.answer().text, "Hé");
    assert_eq!(digester.digest().events, 3);
    assert!(digester.digest().leftover > 0);
    assert_eq!(digester.digest().finish_reason, None);
    digester.response_chunk(end.as_bytes(), Micros(20));
    digester.response_end(Micros(20));
    assert_eq!(digester.answer().text, "Héllo 😀");
    assert_eq!(
        (digester.digest().first_token, digester.digest().last_event),
        (Some(Micros(10)), Some(Micros(20)))
    );
}

#[test]
fn a_plain_answer_that_was_cut_is_read_as_far_as_it_goes() {
    let text =
        r#"{"model":"m-2","choices":[{"message":{"content":"a long answer"},"finish_reason":"stop"}]}"#;
    let cut = text.find("answer").unwrap();
    let (digest, answer) =
        digest("/v1/chat/completions", &response_head(200, JSON), &text.as_bytes()[..cut], 5);
    assert_eq!(answer.text, "a long ");
    assert_eq!(digest.model_answered.as_deref(), Some("m-2"));
    assert_eq!(digest.leftover, cut as u64);
}

#[test]
fn a_stream_under_another_media_type_is_a_stream() {
    for content_type in ["text/plain", "application/json", "application/octet-stream"] {
        let head = response_head(200, &[("content-type", content_type)]);
        let (digest, _) = digest("/v1/chat/completions", &head, CHAT.as_bytes(), 1);
        assert_eq!(digest.events, 10, "{content_type}");
        assert!(digest.streaming);
    }
}

#[test]
fn a_coded_stream_keeps_the_time_of_each_event() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut coded = Body::default();
    for (at, event) in MESSAGES.split_inclusive("\n\n").enumerate() {
        encoder.write_all(event.as_bytes()).unwrap();
        encoder.flush().unwrap();
        let bytes = std::mem::take(encoder.get_mut());
        coded.marks.push(Mark {
            length: bytes.len() as u32,
            read: Micros(at as u64 + 1),
            taken: None,
            rest: Rest::default(),
        });
        coded.bytes.extend(bytes);
    }
    let head = response_head(200, &[SSE[0], ("content-encoding", "gzip")]);
    let exchange = exchange(request_head("POST", "/v1/messages", &[]), Some(head.clone()));
    let examined = examine(&exchange, &Body::default(), &coded);
    assert_eq!(examined.answer.text, "Good day");
    assert_eq!(examined.digest.first_event, Some(Micros(1)));
    assert_eq!(examined.digest.first_token, Some(Micros(3)));
    assert_eq!(examined.digest.last_event, Some(Micros(9)));
    let lines = events(&head, &coded);
    assert_eq!(lines.len(), 9);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!((line.chunk, line.at), (at, Some(Micros(at as u64 + 1))));
        let from = line.offset as usize;
        assert!(MESSAGES.as_bytes()[from..from + line.length as usize].ends_with(b"\n\n"));
    }
}

#[test]
fn events_line_by_line() {
    let stream = b": hi\n\nid: 7\nevent: x\ndata: a\n\nretry: 10\n\nevent: ping\n\ndata: lef";
    let lines = events(&response_head(200, SSE), &body(stream, 8));
    let seen: Vec<_> = lines
        .iter()
        .map(|line| (line.index, line.kind, line.event.as_deref(), line.id.as_deref(), line.data.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (0, EventKind::Comment, None, None, "hi"),
            (1, EventKind::Event, Some("x"), Some("7"), "a"),
            (2, EventKind::Retry, None, None, "10"),
            (3, EventKind::Partial, None, None, "data: lef"),
        ]
    );
    let places: Vec<_> =
        lines.iter().map(|line| (line.chunk, line.at, line.taken, line.offset, line.length)).collect();
    let mark = |chunk: usize| {
        (Some(Micros(1000 * (chunk as u64 + 1))), Some(Micros(1000 * (chunk as u64 + 1) + 500)))
    };
    let place = |chunk, offset, length| (chunk, mark(chunk).0, mark(chunk).1, offset, length);
    assert_eq!(
        places,
        [place(0, 0, 5), place(3, 6, 24), place(4, 30, 10), place(7, stream.len() as u64 - 9, 9)]
    );
    assert_eq!(events(&response_head(200, JSON), &body(b"{}", 1)), []);
}

#[test]
fn a_recording_with_a_gap_is_read_around_it() {
    let stream = CHAT.as_bytes();
    let (head, tail) = (300, 400);
    let mut recorded = body(stream, 37);
    recorded.bytes = [&stream[..head], &stream[stream.len() - tail..]].concat();
    recorded.cut = Some(Cut { at: head as u64, tail: tail as u64 });
    let exchange = exchange(request_head("POST", "/v1/chat/completions", &[]), Some(response_head(200, SSE)));
    let examined = examine(&exchange, &Body::default(), &recorded);
    assert_eq!(examined.digest.finish_reason.as_deref(), Some("tool_calls"));
    assert_eq!(examined.digest.usage.total, Some(13));
    assert_eq!(examined.judgement.verdict, Verdict::Complete);
    let lines = events(&response_head(200, SSE), &recorded);
    let last = lines.last().unwrap();
    assert_eq!((last.data.as_str(), last.offset + last.length), ("[DONE]", stream.len() as u64));
}

#[test]
fn a_coded_recording_with_a_gap_is_read_up_to_it() {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    let mut coded = Vec::new();
    for event in MESSAGES.split_inclusive("\n\n") {
        encoder.write_all(event.as_bytes()).unwrap();
        encoder.flush().unwrap();
        coded.push(std::mem::take(encoder.get_mut()));
    }
    let kept = coded.iter().take(4).map(Vec::len).sum::<usize>();
    let coded = coded.concat();
    let tail = b"data: not decoded\n\n";
    let mut recorded = body(&coded, 37);
    recorded.bytes = [&coded[..kept], tail].concat();
    recorded.cut = Some(Cut { at: kept as u64, tail: tail.len() as u64 });
    let head = response_head(200, &[SSE[0], ("content-encoding", "gzip")]);
    let lines = events(&head, &recorded);
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines.iter().all(|line| line.kind == EventKind::Event));
}

#[test]
fn why_decoding_stopped_is_told() {
    let gzip = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    };
    for (bytes, problem) in [
        (gzip(b"{}"), None),
        (gzip(&vec![b' '; (64 << 20) + 1]), Some(Problem::Capped)),
        (b"{\"a\":1}".to_vec(), Some(Problem::Corrupt { coding: Coding::Gzip, at: 7 })),
    ] {
        let mut digester = Digester::new(&request_head("POST", "/v1/chat/completions", &[]));
        digester.response_head(&response_head(200, &[JSON[0], ("content-encoding", "gzip")]));
        digester.response_chunk(&bytes, Micros(1));
        assert_eq!(digester.coding_problem(), problem.as_ref());
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn chunks_do_not_matter(which in 0_usize..3, step in 1_usize..400) {
        let (path, stream) = [
            ("/v1/chat/completions", CHAT),
            ("/v1/responses", RESPONSES),
            ("/v1/messages", MESSAGES),
        ][which];
        let head = response_head(200, SSE);
        let (mut whole, text) = digest(path, &head, stream.as_bytes(), stream.len());
        let (mut parts, parts_text) = digest(path, &head, stream.as_bytes(), step);
        for digest in [&mut whole, &mut parts] {
            (digest.first_event, digest.first_token, digest.last_event) = (None, None, None);
            digest.pace = Pace::default();
        }
        prop_assert_eq!(whole, parts);
        prop_assert_eq!(text, parts_text);
    }

    #[test]
    fn any_bytes_in_any_head(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        stream in any::<bool>(),
        coding in prop::sample::select(vec!["", "gzip", "br", "zstd", "deflate, gzip", "odd"]),
        step in 1_usize..50,
    ) {
        let media = if stream { SSE[0] } else { JSON[0] };
        let head = response_head(200, &[media, ("content-encoding", coding)]);
        let (digest, _) = digest("/v1/responses", &head, &bytes, step);
        prop_assert!(digest.leftover <= 1 << 26);
        events(&head, &body(&bytes, step));
    }
}

#[test]
fn a_request_with_a_gap_in_a_message_still_tells_its_model() {
    let text = format!(
        r#"{{"messages":[{{"role":"user","content":"{}"}}],"model":"m-1","stream":true}}"#,
        "x".repeat(500)
    );
    let (head, tail) = (100, 80);
    let mut request = body(text.as_bytes(), 64);
    request.bytes = [&text.as_bytes()[..head], &text.as_bytes()[text.len() - tail..]].concat();
    request.cut = Some(Cut { at: head as u64, tail: tail as u64 });
    let exchange = exchange(request_head("POST", "/v1/chat/completions", &[]), None);
    let digest = examine(&exchange, &request, &Body::default()).digest;
    assert_eq!(digest.model.as_deref(), Some("m-1"));
    assert!(digest.streaming);
}
