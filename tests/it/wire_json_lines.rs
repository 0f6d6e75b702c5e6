//! JSON documents, one a line.

use crate::wire_property::config;
use gatetap::wire::event_stream::Item;
use gatetap::wire::json_lines::JsonLines;
use proptest::prelude::*;

/// The lines with their offsets, and what is left.
fn read<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    finish: bool,
) -> (Vec<(String, u64, u64)>, Option<u64>) {
    let mut lines = Vec::new();
    let mut reader = JsonLines::default();
    let mut sink = |item: Item<'_>| {
        let Item::Event(event) = item else { panic!("{item:?}") };
        lines.push((event.data.into_owned(), event.span.offset, event.span.length));
    };
    for piece in pieces {
        reader.push(piece, &mut sink);
    }
    if finish {
        reader.finish(&mut sink);
    }
    (lines, reader.leftover().map(|span| span.length))
}

#[test]
fn lines_are_found_and_a_last_one_without_its_end_counts_if_it_is_whole() {
    for (body, lines, left) in [
        ("", vec![], None),
        ("{}\n", vec![("{}", 0, 3)], None),
        ("{}\r\n\n{\"a\":1}\n", vec![("{}", 0, 4), ("{\"a\":1}", 5, 8)], None),
        ("{}\n{\"a\":1}", vec![("{}", 0, 3), ("{\"a\":1}", 3, 7)], None),
        ("{}\n{\"a\":", vec![("{}", 0, 3)], Some(5)),
        ("not json\n", vec![("not json", 0, 9)], None),
        (" \n \n", vec![], None),
    ] {
        let expected: Vec<_> =
            lines.into_iter().map(|(text, at, length)| (text.to_owned(), at, length)).collect();
        assert_eq!(read([body.as_bytes()], true), (expected, left), "{body:?}");
    }
}

#[test]
fn a_line_that_has_not_ended_waits_while_more_may_come() {
    assert_eq!(read([&b"{}"[..]], false), (vec![], Some(2)));
}

#[test]
fn a_line_beyond_the_cap_is_cut_and_counted() {
    let mut reader = JsonLines::with_cap(4);
    let mut seen = Vec::new();
    for piece in [&b"{\"a"[..], b"\":12345}\n{}\n"] {
        reader.push(piece, |item| {
            let Item::Event(event) = item else { panic!("{item:?}") };
            seen.push((event.data.into_owned(), event.omitted));
        });
    }
    assert_eq!(seen, [("{\"a\"".to_owned(), 7), ("{}".to_owned(), 0)]);
}

#[test]
fn after_a_gap_reading_goes_on_at_the_next_line() {
    let mut reader = JsonLines::default();
    let mut seen = Vec::new();
    let mut push = |reader: &mut JsonLines, bytes: &[u8]| {
        reader.push(bytes, |item| seen.push((item.span().offset, item.span().length)));
    };
    push(&mut reader, b"{}\n{\"a\"");
    reader.gap(10);
    push(&mut reader, b":1}\n{}\n");
    assert_eq!(seen, [(0, 3), (21, 3)]);
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn pieces_do_not_matter(body in "[{}a\r\n]{0,40}", step in 1_usize..9) {
        let whole = read([body.as_bytes()], true);
        prop_assert_eq!(read(body.as_bytes().chunks(step), true), whole);
    }
}
