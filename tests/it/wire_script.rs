//! Captures as text: what is written is read back, and what is wrong is named with its line.

use crate::wire_property::config;
use gatetap::exchange::body::{Body, Cut, Mark, Rest};
use gatetap::exchange::end::{BodyEnd, Hop};
use gatetap::exchange::time::Micros;
use gatetap::wire::script::{Capture, read};
use proptest::prelude::*;

const WHOLE: &str = "\
# What it shows,
# in two lines.

gateway openrouter
url https://openrouter.ai/api/v1/chat/completions
> POST /v1/chat/completions?a=1 HTTP/1.1
> Host: localhost
>~ X-Name: caf\\xe9\\r\\n
# Not about anything.
| {\"a\":\"\\n\"}
+120.5ms
< HTTP/1.1 200 OK
< Content-Type: text/event-stream
+15ms
| : wait
|
|~ data: \\xf0\\x9f
+1us taken 0.25ms
|~ \\x98\\x80\\r\\n\\r\\n
|= AAEC
missing 7
| tail
+1s
end gateway connection reset
";

#[test]
fn every_kind_of_line_is_read() {
    let capture = read(WHOLE).unwrap();
    assert_eq!(capture.about, "What it shows,\nin two lines.");
    let exchange = &capture.exchange;
    assert_eq!(exchange.gateway, "openrouter");
    assert_eq!(exchange.url, "https://openrouter.ai/api/v1/chat/completions");
    assert_eq!((exchange.request.method.as_str(), exchange.request.query()), ("POST", Some("a=1")));
    assert_eq!(exchange.request.headers.first("x-name").unwrap().as_ref(), b"caf\xe9");
    assert_eq!(
        exchange.request.raw.as_deref(),
        Some(&b"POST /v1/chat/completions?a=1 HTTP/1.1\r\nHost: localhost\r\nX-Name: caf\xe9\r\n\r\n"[..])
    );
    assert_eq!(capture.request.bytes, b"{\"a\":\"\\n\"}\n");
    let response = exchange.response.as_ref().unwrap();
    assert_eq!((response.status, response.version.as_str()), (200, "HTTP/1.1"));
    assert_eq!(capture.response.bytes, b": wait\n\ndata: \xf0\x9f\x98\x80\r\n\r\n\0\x01\x02tail\n");
    assert_eq!(
        capture.response.marks,
        [
            Mark { length: 16, read: Micros(135_500), taken: None, rest: Rest::default() },
            Mark { length: 21, read: Micros(135_501), taken: Some(Micros(135_751)), rest: Rest::default() },
        ]
    );
    assert_eq!(capture.response.cut, Some(Cut { at: 25, tail: 5 }));
    assert_eq!(exchange.response_bytes, 37);
    let timing = &exchange.timing;
    assert_eq!((timing.head, timing.end), (Some(Micros(120_500)), Some(Micros(1_135_501))));
    assert_eq!(exchange.response_end, Some(BodyEnd::broken(Hop::Gateway, "connection reset")));
    assert_eq!(exchange.request_end, Some(BodyEnd::Whole));
}

#[test]
fn what_is_written_is_read_back() {
    let own = "> GET / HTTP/1.1\n< HTTP/1.1 502 Bad Gateway\nown dns-not-found there is no host\nend\n";
    let open = "> GET /v1/models HTTP/2\n> authorization: Bearer x\nend-request app closed\n";
    for text in [WHOLE, own, open] {
        let capture = read(text).unwrap();
        let written = capture.to_string();
        assert_eq!(read(&written).unwrap(), capture, "{written}");
    }
}

#[test]
fn text_stays_text_and_bytes_become_base64() {
    let mut capture = read("> GET / HTTP/1.1\n< HTTP/1.1 200 OK\nend").unwrap();
    let marks = [6, 3, 5].map(|length| Mark { length, read: Micros(0), taken: None, rest: Rest::default() });
    capture.response =
        Body { bytes: b"one \ntwo\n\0\x01\x02\x03\xff".to_vec(), marks: marks.to_vec(), cut: None };
    let text = capture.to_string();
    let body: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    assert_eq!(body, [r"|~ one \n", "|~ t", "| wo", "|= AAECA/8="]);
}

#[test]
fn a_mistake_is_named_with_its_line() {
    let head = "> GET / HTTP/1.1\n";
    for (text, message) in [
        (String::new(), "line 1: there is no request: write its head after `>`"),
        ("| x".to_owned(), "line 1: there is no request: write its head after `>`"),
        ("\nhello there".to_owned(), "line 2: `hello` is no word of a capture"),
        (format!("{head}+5"), "line 2: `5` is no time: write a number and us, ms or s"),
        (format!("{head}+0.0001ms"), "line 2: `0.0001ms` is no time: write a number and us, ms or s"),
        (format!("{head}|x"), "line 2: a space, `~` or `=` follows the mark"),
        (format!("{head}|~ \\q"), "line 2: the escape `\\q` is not known; known are \\\\ \\n \\r \\t \\xNN"),
        (format!("{head}|~ \\x1"), "line 2: the escape `\\x` is not known; known are \\\\ \\n \\r \\t \\xNN"),
        (format!("{head}|= #"), "line 2: this is not Base64"),
        (format!("{head}missing many"), "line 2: `many` is no number"),
        (format!("{head}missing 1\n| x\nmissing 1"), "line 4: a body has one gap at most"),
        (format!("{head}end nobody"), "line 2: `nobody` can end nothing: write app, gateway or gatetap"),
        (format!("{head}end\n| x"), "line 3: nothing follows the end"),
        (format!("{head}| x\n> y: z"), "line 3: the request's head comes first"),
        (format!("{head}< HTTP/1.1 200\n| x\n< y: z"), "line 4: an answer has one head, before its body"),
        ("> GET".to_owned(), "line 1: `GET` is no start line"),
        (format!("{head}< HTTP/1.1 OK"), "line 2: `HTTP/1.1 OK` is no start line"),
    ] {
        assert_eq!(read(&text).unwrap_err().to_string(), message, "{text:?}");
    }
}

#[test]
fn line_ends_of_another_system_change_nothing() {
    assert_eq!(read(&WHOLE.replace('\n', "\r\n")), read(WHOLE));
}

fn body(chunks: Vec<(Vec<u8>, u32, Option<u32>, u32)>, hole: Option<(usize, u32)>) -> Body {
    let mut body = Body::default();
    let mut now = 0;
    for (bytes, later, taken, more) in chunks {
        now += u64::from(later);
        body.marks.push(Mark {
            length: bytes.len() as u32,
            read: Micros(now),
            taken: taken.map(|taken| Micros(now + u64::from(taken))),
            rest: Rest { bytes: more, capitals: more % 2 == 1 },
        });
        body.bytes.extend(bytes);
    }
    let kept = body.bytes.len();
    if let (Some((at, missing)), Some(last)) = (hole, body.marks.last_mut()) {
        let at = kept - at % (last.length as usize + 1);
        last.length += missing;
        body.cut = Some(Cut { at: at as u64, tail: (kept - at) as u64 });
    }
    body
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_body_is_read_back(
        chunks in prop::collection::vec(
            (
                prop_oneof![
                    prop::collection::vec(any::<u8>(), 0..40),
                    "(data: [a-z \\\\é😀\t]{0,9}[\r\n]{0,3}){0,3}".prop_map(String::into_bytes),
                ],
                any::<u32>(),
                prop::option::of(any::<u32>()),
                prop_oneof![Just(0), any::<u32>()],
            ),
            0..6,
        ),
        hole in prop::option::of((any::<usize>(), 1_u32..9)),
    ) {
        let mut capture: Capture = read("> GET / HTTP/1.1\n< HTTP/1.1 200 OK\nend").unwrap();
        capture.response = body(chunks, hole);
        capture.exchange.response_bytes = capture.response.marks.iter().map(|m| u64::from(m.length)).sum();
        capture.exchange.timing.end = Some(capture.response.marks.last().map_or(Micros(0), |mark| mark.read));
        let written = capture.to_string();
        prop_assert_eq!(read(&written).unwrap(), capture, "{}", written);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([>|<+#][ ~=]?[ -~]{0,12}\n|end|missing 3\n){0,6}") {
        drop(read(&text));
    }
}
