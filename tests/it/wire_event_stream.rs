//! The event-stream parser against the standard's cases, against itself, and against another parser.

use std::fmt::Write as _;

use futures_util::{FutureExt, StreamExt};
use gatetap::wire::event_stream::{Event, Item, Parser, Reason, Span, parse};
use gatetap::wire::media;
use proptest::prelude::*;

use crate::wire_property::config;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Case {
    id: String,
    bytes_b64: String,
    initial_last_event_id: String,
    events: Vec<Expected>,
    last_event_id: String,
    retry: serde_json::Value,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Expected {
    r#type: String,
    data: String,
    id: String,
}

/// What a stream gave, in a form to compare.
#[derive(Debug, Default, PartialEq)]
struct Read {
    items: Vec<Item<'static>>,
    leftover: Option<Span>,
    last_id: String,
}

/// The cases whose media type is no event stream, by id.
const NOT_STREAMS: [(&str, &str); 2] = [("W25", "x bogus"), ("W26", "text/x-bogus")];

/// Every case's id and its bytes.
pub(crate) fn case_bytes() -> Vec<(String, Vec<u8>)> {
    cases().into_iter().map(|(case, bytes)| (case.id, bytes)).collect()
}

fn cases() -> Vec<(Case, Vec<u8>)> {
    let text = include_str!("../../fixtures/sse/cases.json");
    let cases: Vec<Case> = serde_json::from_str(text).unwrap();
    assert_eq!(cases.len(), 92, "a case was lost");
    cases
        .into_iter()
        .filter(|case| !NOT_STREAMS.iter().any(|(id, _)| *id == case.id))
        .map(|case| {
            let bytes = base64(&case.bytes_b64);
            (case, bytes)
        })
        .collect()
}

fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    let mut bits = 0_u32;
    let mut count = 0;
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let value = ALPHABET.iter().position(|known| *known == byte).unwrap();
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

fn read<'a>(initial_id: &str, pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    read_with(Parser::new().with_last_event_id(initial_id), pieces)
}

fn read_with<'a>(mut parser: Parser, pieces: impl IntoIterator<Item = &'a [u8]>) -> Read {
    let mut items = Vec::new();
    for piece in pieces {
        parser.push(piece, |item| items.push(item.into_owned()));
    }
    Read { items, leftover: parser.leftover(), last_id: parser.last_event_id().to_owned() }
}

fn events(items: &[Item<'_>]) -> Vec<Expected> {
    items
        .iter()
        .filter_map(|item| match item {
            Item::Event(event) => Some(Expected {
                r#type: event.kind.to_string(),
                data: event.data.to_string(),
                id: event.id.to_string(),
            }),
            _ => None,
        })
        .collect()
}

#[test]
fn cases_of_the_standard() {
    for (case, bytes) in cases() {
        let whole = read(&case.initial_last_event_id, [&bytes[..]]);
        assert_eq!(events(&whole.items), case.events, "{}", case.id);
        assert_eq!(whole.last_id, case.last_event_id, "{}", case.id);
        let retry = whole.items.iter().rev().find_map(|item| match item {
            Item::Retry(retry) => Some(retry.value),
            _ => None,
        });
        let expected = match &case.retry {
            serde_json::Value::String(word) if word == "overflow" => Some(u64::MAX),
            value => value.as_u64(),
        };
        assert_eq!(retry, expected, "{}", case.id);
    }
}

#[test]
fn cases_do_not_depend_on_splits() {
    for (case, bytes) in cases() {
        let id = &case.initial_last_event_id;
        let whole = read(id, [&bytes[..]]);
        assert_eq!(read(id, bytes.chunks(1)), whole, "{} byte by byte", case.id);
        let empty: &[u8] = &[];
        let with_empty = bytes.chunks(1).flat_map(|byte| [empty, byte, empty]);
        assert_eq!(read(id, with_empty), whole, "{} with empty pieces", case.id);
        for at in 0..=bytes.len() {
            let (a, b) = bytes.split_at(at);
            assert_eq!(read(id, [a, b]), whole, "{} split at {at}", case.id);
            assert_eq!(read(id, [a, empty, b]), whole, "{} split at {at} by nothing", case.id);
        }
        if bytes.len() <= 64 {
            for first in 0..=bytes.len() {
                for second in first..=bytes.len() {
                    let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                    assert_eq!(read(id, pieces), whole, "{} split at {first}, {second}", case.id);
                }
            }
        }
    }
}

#[test]
fn an_item_appears_with_the_byte_that_ends_it() {
    for (case, bytes) in cases() {
        let mut parser = Parser::new();
        for (at, byte) in bytes.iter().enumerate() {
            parser.push(std::slice::from_ref(byte), |item| {
                assert_eq!(item.span().end(), at as u64 + 1, "{} {item:?}", case.id);
            });
        }
    }
}

#[test]
fn media_types_that_are_no_event_stream() {
    for (id, content_type) in NOT_STREAMS {
        assert!(!media::is(content_type, media::EVENT_STREAM), "{id}");
    }
    for content_type in [
        "text/event-stream",
        "text/event-stream;",
        "text/event-stream;charset=windows-1252",
        "Text/Event-Stream ; charset=utf-8",
    ] {
        assert!(media::is(content_type, media::EVENT_STREAM), "{content_type}");
    }
}

#[test]
fn spans_are_exact_to_the_byte() {
    let stream = b"\xef\xbb\xbf: one\r\nevent: x\r\n:two\r\ndata: a\r\ndata: b\r\n\r\nretry: 5\n\ndata: left";
    let (items, leftover) = parse(stream);
    let texts: Vec<String> =
        items.iter().map(|item| String::from_utf8_lossy(item.span().of(stream)).into_owned()).collect();
    assert_eq!(
        texts,
        [": one\r", ":two\r", "event: x\r\n:two\r\ndata: a\r\ndata: b\r\n\r", "retry: 5\n", "retry: 5\n\n",]
    );
    assert!(matches!(&items[0], Item::Comment(comment) if comment.text == "one"));
    assert!(matches!(&items[2], Item::Event(event) if event.kind == "x" && event.data == "a\nb"));
    assert!(matches!(&items[3], Item::Retry(retry) if retry.value == 5));
    assert!(matches!(&items[4], Item::Undispatched(block) if block.kind.is_empty()));
    assert_eq!(leftover.unwrap().of(stream), b"data: left");
}

#[test]
fn leftovers() {
    for (stream, left) in [
        (&b""[..], &b""[..]),
        (b"data: x\n\n", b""),
        (b"data: x\r\n\r\n", b""),
        (b"data: x\n\n: done\n", b""),
        (b"data: x\n", b"data: x\n"),
        (b"data: x\n\nid: 7\n: c\ndata", b"id: 7\n: c\ndata"),
        (b"data: x\n\n: half", b": half"),
        (b"\xef\xbb", b"\xef\xbb"),
        (b"\xef\xbb\xbf", b""),
        (b"\xef\xbb\xbfda", b"da"),
    ] {
        let (_, leftover) = parse(stream);
        let found = leftover.map_or(&b""[..], |span| span.of(stream));
        assert_eq!(found, left, "{}", stream.escape_ascii());
    }
}

#[test]
fn what_has_no_effect_is_told() {
    let (items, _) = parse(b"Data: x\nid: a\0b\nretry: 1x\nretry\nevent: ping\n\n");
    let reasons: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            Item::Ignored(field) => Some((field.name.as_ref(), field.value.as_ref(), field.reason)),
            _ => None,
        })
        .collect();
    assert_eq!(
        reasons,
        [
            ("Data", "x", Reason::UnknownField),
            ("id", "a\0b", Reason::NulInId),
            ("retry", "1x", Reason::RetryNotDigits),
            ("retry", "", Reason::RetryNotDigits),
        ]
    );
    assert!(matches!(&items[4], Item::Undispatched(block) if block.kind == "ping"));
}

#[test]
fn events_of_many_megabytes() {
    let mut stream = b"data: ".to_vec();
    stream.resize(5 * 1024 * 1024, b'x');
    stream.extend_from_slice(b"\n\n");
    let twice = [&stream[..], &stream].concat();
    for step in [twice.len(), stream.len(), 8192] {
        let read = read("", twice.chunks(step));
        let sizes: Vec<usize> = events(&read.items).iter().map(|event| event.data.len()).collect();
        assert_eq!(sizes, [5 * 1024 * 1024 - 6; 2]);
    }
}

#[test]
fn the_cap_is_a_fact_and_not_an_error() {
    let mut stream = String::new();
    let long = "€".repeat(100);
    write!(stream, ": {long}\n\ndata: {long}\ndata: {long}\ndata: z\n\ndata: ok\n\n").unwrap();
    let whole = read_with(Parser::with_cap(101), [stream.as_bytes()]);
    for step in [1, 2, 3, 7, 64, 100] {
        let parts = read_with(Parser::with_cap(101), stream.as_bytes().chunks(step));
        assert_eq!(parts, whole, "in pieces of {step}");
    }
    let Item::Comment(comment) = &whole.items[0] else { panic!("{:?}", whole.items) };
    assert_eq!((comment.text.as_ref(), comment.omitted), ("€".repeat(33).as_str(), 201));
    let Item::Event(Event { data, omitted, .. }) = &whole.items[1] else { panic!("{:?}", whole.items) };
    // 95 bytes of the first line fit, and 5 of the second after its LF.
    assert_eq!(data.replace('\u{fffd}', "?").matches('€').count(), 31 + 1);
    assert_eq!(*omitted, 300 + 1 + 300 + 1 + 1 - 101);
    assert!(matches!(&whole.items[2], Item::Event(event) if event.data == "ok" && event.omitted == 0));
}

#[test]
fn after_a_gap_reading_goes_on_at_the_next_block() {
    let mut parser = Parser::new();
    let mut seen = Vec::new();
    let mut sink = |item: Item<'_>| seen.push((item.clone().into_owned(), item.span()));
    parser.push(b"data: 1\n\ndata: lost", &mut sink);
    parser.gap(100);
    parser.push(b"rest of a line\ndata: of some block\n\ndata: 2\n\n", &mut sink);
    let data: Vec<_> = seen
        .iter()
        .filter_map(|(item, span)| match item {
            Item::Event(event) => Some((event.data.as_ref(), span.offset)),
            _ => None,
        })
        .collect();
    assert_eq!(data, [("1", 0), ("2", 19 + 100 + 36)]);
    assert_eq!(parser.leftover(), None);
}

/// Streams that are mostly fields, so that the grammar's corners are met.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        4 => prop::sample::select(vec![
            &b"data"[..], b"data:", b"data: ", b"event: ping", b"id: 7", b"id", b"retry: 10", b":", b": c",
            b"x: y", b" ", b"\0", b"\xef\xbb\xbf", b"\xe2\x82\xac", b"\xff", b"{\"a\":1}", b"[DONE]",
        ])
        .prop_map(<[u8]>::to_vec),
        4 => prop::sample::select(vec![&b"\n"[..], b"\r", b"\r\n", b"\n\n", b"\r\n\r\n"]).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..5),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

fn cut(bytes: &[u8], cuts: &[prop::sample::Index]) -> Vec<Vec<u8>> {
    let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| bytes[pair[0]..pair[1]].to_vec()).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_in_any_pieces(bytes in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let whole = read("", [&bytes[..]]);
        let pieces = cut(&bytes, &cuts);
        prop_assert_eq!(&read("", pieces.iter().map(Vec::as_slice)), &whole);
        let mut last_end = 0;
        let mut last_event_end = 0;
        for item in &whole.items {
            let span = item.span();
            prop_assert!(span.length > 0 && span.end() <= bytes.len() as u64);
            prop_assert!(span.end() >= last_end, "ends go back");
            last_end = span.end();
            if let Item::Event(_) | Item::Undispatched(_) = item {
                prop_assert!(span.offset >= last_event_end, "blocks overlap");
                last_event_end = span.end();
            }
        }
        if let Some(leftover) = whole.leftover {
            prop_assert_eq!(leftover.end(), bytes.len() as u64);
            prop_assert!(leftover.offset >= last_event_end);
        }
    }

    #[test]
    fn an_event_read_alone_is_the_same_event(bytes in stream()) {
        for item in read("", [&bytes[..]]).items {
            let Item::Event(event) = item else { continue };
            // Not at the very start, where a byte order mark would be skipped.
            let (alone, _) = parse(&[b"\n", event.span.of(&bytes)].concat());
            let Some(Item::Event(again)) = alone.last() else { panic!("no event in {event:?}") };
            prop_assert_eq!(&again.data, &event.data);
            prop_assert_eq!(&again.kind, &event.kind);
        }
    }

    #[test]
    fn agrees_with_another_parser(bytes in stream()) {
        // The other one ends at invalid UTF-8 in a field's value, and gives blocks without data too.
        let bytes = String::from_utf8_lossy(&bytes).into_owned().into_bytes();
        let body = futures_util::stream::iter([Ok::<_, std::io::Error>(&bytes[..])]);
        let theirs: Vec<(String, String)> = sse_stream::SseByteStream::new(body)
            .collect::<Vec<_>>()
            .now_or_never()
            .unwrap()
            .into_iter()
            .map(|event| event.unwrap())
            .filter_map(|event| {
                let kind = event.event.filter(|kind| !kind.is_empty());
                Some((kind.unwrap_or_else(|| "message".to_owned()), event.data?))
            })
            .collect();
        let ours: Vec<(String, String)> = events(&read("", [&bytes[..]]).items)
            .into_iter()
            .map(|event| (event.r#type, event.data))
            .collect();
        prop_assert_eq!(ours, theirs);
    }
}
