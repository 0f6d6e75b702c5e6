//! HTTP/1 on the wire: what is read does not hang on how the bytes come.

use bytes::Bytes;
use gatetap::exchange::body::Rest;
use gatetap::wire::http1::{BodyReader, Field, Framing, Head, Problem, RequestLine, StatusLine, head_end};
use proptest::prelude::*;

/// The data, the trailers, whether the body is whole, and what lies behind it.
type Found = (Vec<u8>, Vec<u8>, bool, Vec<u8>);

/// What a reader makes of a body that comes in these pieces.
fn read(mut reader: BodyReader, pieces: &[&[u8]]) -> Result<Found, Problem> {
    let (mut data, mut rest) = (Vec::new(), Vec::new());
    for piece in pieces {
        let taken = reader.read(piece, |range, _| data.extend_from_slice(&piece[range]))?;
        rest.extend_from_slice(&piece[taken..]);
        assert!(taken == piece.len() || reader.is_whole(), "bytes were left that belong to the body");
    }
    Ok((data, reader.trailers().to_vec(), reader.is_whole(), rest))
}

#[test]
fn bodies_end_where_their_framing_says() {
    let cases: [(Framing, &str, &str, &str, bool, &str); 10] = [
        (Framing::None, "next", "", "", true, "next"),
        (Framing::Length(0), "next", "", "", true, "next"),
        (Framing::Length(3), "abcnext", "abc", "", true, "next"),
        (Framing::Length(9), "abc", "abc", "", false, ""),
        (Framing::UntilClose, "abc\r\n\r\n", "abc\r\n\r\n", "", false, ""),
        (Framing::Chunked, "3\r\nabc\r\n0\r\n\r\nnext", "abc", "", true, "next"),
        (
            Framing::Chunked,
            "1;a=\"b c\"\r\na\r\n00A\r\n0123456789\r\n0;x\r\n\r\n",
            "a0123456789",
            "",
            true,
            "",
        ),
        (
            Framing::Chunked,
            "2\r\n\r\n\r\n0\r\nA: b\r\nc:\r\n\r\nnext",
            "\r\n",
            "A: b\r\nc:\r\n",
            true,
            "next",
        ),
        (Framing::Chunked, "3\r\nab", "ab", "", false, ""),
        (Framing::Chunked, "3\r\nabc\r\n0\r\n", "abc", "", false, ""),
    ];
    for (framing, input, data, trailers, whole, rest) in cases {
        let expected = Ok((data.into(), trailers.into(), whole, rest.into()));
        for reader in [BodyReader::request(framing), BodyReader::answer(framing)] {
            let bytes = input.as_bytes();
            assert_eq!(read(reader.clone(), &[bytes]), expected, "{input:?}");
            assert_eq!(
                read(reader.clone(), &bytes.chunks(1).collect::<Vec<_>>()),
                expected,
                "{input:?} by bytes"
            );
            for at in 0..bytes.len() {
                let (left, right) = bytes.split_at(at);
                assert_eq!(read(reader.clone(), &[left, right]), expected, "{input:?} cut at {at}");
            }
        }
    }
}

#[test]
fn pieces_of_data_span_no_two_chunks() {
    let mut pieces = Vec::new();
    let input = b"2\r\nab\r\n1\r\nc\r\n3\r\nd";
    let mut reader = BodyReader::request(Framing::Chunked);
    reader.read(input, |range, rest| pieces.push((&input[range], rest))).unwrap();
    reader.read(b"e", |range, rest| pieces.push((&b"e"[range], rest))).unwrap();
    let rest = |bytes| Rest { bytes, capitals: false };
    assert_eq!(pieces, [(&b"ab"[..], rest(0)), (b"c", rest(0)), (b"d", rest(2)), (b"e", rest(1))]);
}

#[test]
fn a_kind_reader_never_stops() {
    let mut reader = BodyReader::answer(Framing::Chunked);
    let input = b"3\r\nabc\r\nnonsense";
    assert_eq!(reader.read(input, |_, _| ()), Ok(input.len()));
    assert!(!reader.may_end_here() && !reader.is_whole());
}

#[test]
fn a_head_keeps_every_byte() {
    let raw = "GET /a HTTP/1.1\r\nHost: x\nA:  b \r\nA:\r\n\tc\r\n d\r\nE:f\r\n\r\n";
    let head = Head::request(Bytes::from_static(raw.as_bytes())).unwrap();
    let fields: Vec<Field<'_>> = head.fields().collect();
    let seen: Vec<_> = fields
        .iter()
        .map(|field| {
            [field.name, field.value, field.line].map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        })
        .collect();
    assert_eq!(
        seen,
        [
            ["Host", "x", "Host: x"],
            ["A", "b", "A:  b "],
            ["A", "c\r\n d", "A:\r\n\tc\r\n d"],
            ["E", "f", "E:f"]
        ]
    );
    assert_eq!(fields[2].unfolded(), b"c d");
    let lines: usize = fields.iter().map(|field| field.line.len() + field.line_end.len()).sum();
    assert_eq!(head.start_line().len() + 2 + lines + 2, raw.len());
    assert_eq!(
        RequestLine::parse(head.start_line()),
        Ok(RequestLine { method: b"GET", target: b"/a", minor: 1 })
    );
}

#[test]
fn a_status_line_is_one() {
    for (line, expected) in [
        ("HTTP/1.1 200 OK", Some((200, 1))),
        ("HTTP/1.0 404 ", Some((404, 0))),
        ("HTTP/1.1 204", Some((204, 1))),
        ("HTTP/1.1 999 \u{e9}", Some((999, 1))),
        ("HTTP/1.1 099 x", None),
        ("HTTP/1.1 20", None),
        ("HTTP/1.1 2000 OK", None),
        ("HTTP/1.1 +20 OK", None),
        ("HTTP/1.2 200 OK", None),
        ("HTTP/2 200", None),
        ("", None),
    ] {
        let found = StatusLine::parse(line.as_bytes()).ok().map(|line| (line.status, line.minor));
        assert_eq!(found, expected, "{line:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_the_same_however_they_come(
        bytes in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'1'), Just(b'0'), Just(b';'), any::<u8>()], 0..80),
        cuts in prop::collection::vec(0_usize..80, 0..6),
        strict in any::<bool>(),
    ) {
        let reader = if strict { BodyReader::request(Framing::Chunked) } else { BodyReader::answer(Framing::Chunked) };
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts.into_iter().chain([bytes.len()]) {
            pieces.push(&bytes[from..cut]);
            from = cut;
        }
        prop_assert_eq!(read(reader.clone(), &pieces), read(reader, &[&bytes]));
    }

    #[test]
    fn any_head_is_read_without_a_panic(bytes in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b':'), Just(b' '), any::<u8>()], 0..200)) {
        let end = head_end(&bytes, 0).unwrap_or(bytes.len());
        for head in [Head::request(Bytes::copy_from_slice(&bytes[..end])), Head::answer(Bytes::copy_from_slice(&bytes))] {
            let Ok(head) = head else { continue };
            for field in head.fields() {
                prop_assert!(field.line.len() >= field.name.len() + field.value.len());
            }
            let _ = (RequestLine::parse(head.start_line()), StatusLine::parse(head.start_line()));
            let _ = (Framing::of_request(&head, 1), Framing::of_answer(&head, b"GET", 200));
        }
    }
}
