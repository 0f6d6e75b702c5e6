//! Exchanges in another order: each part of it against all of them, put in order here.

use crate::support::made::{Made, START, recording};
use gatetap::digest::summary::Summary;
use gatetap::digest::{Digest, Usage};
use gatetap::exchange::ExchangeId;
use gatetap::exchange::end::Verdict;
use gatetap::exchange::finding::Severity;
use gatetap::exchange::time::Micros;
use gatetap::store::filter::Filter;
use gatetap::store::{Order, OrderBy, Page, Part, Reader};
use std::path::PathBuf;
use tempfile::TempDir;

/// Sixty exchanges, many of them alike, some without a value in each column.
fn made() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("recording.db");
    let made: Vec<Made> = (0..60_u64)
        .map(|nth| Made {
            at: nth,
            path: format!("/v1/{}", ["chat", "models", "embeddings"][nth as usize % 3]),
            status: (nth % 5 > 0).then_some(200 + (nth as u16 * 37) % 5 * 50),
            verdict: Verdict::ALL[1 + nth as usize % 5],
            duration: (nth % 4 > 0).then_some(nth * 7_919 % 11 * 1000),
            findings: match nth % 4 {
                0 => vec![("a".to_owned(), Severity::Info), ("b".to_owned(), Severity::Warning)],
                1 => vec![("c".to_owned(), Severity::Error)],
                _ => Vec::new(),
            },
            digest: Digest {
                model: (nth % 3 > 0).then(|| ["zeta", "Alpha", "alpha/ü"][nth as usize % 2].to_owned()),
                usage: Usage { total: (nth % 2 > 0).then_some(nth * 31 % 17), ..Usage::default() },
                first_token: (nth % 6 > 0).then_some(Micros(nth * 131 % 13)),
                ..Digest::default()
            },
            prompt: if nth % 2 == 0 { "even".to_owned() } else { "odd".to_owned() },
            response: vec![b'x'; nth as usize % 9],
            ..Made::default()
        })
        .collect();
    recording(&path, &made);
    (directory, path)
}

/// What a row is put in order by: a number or a text, where it has one.
fn value(by: OrderBy, row: &Summary) -> Option<(i64, String)> {
    let number = |number: Option<u64>| number.map(|number| (number as i64, String::new()));
    match by {
        OrderBy::Path => Some((0, row.path.clone())),
        OrderBy::Model => row.digest.model.clone().map(|model| (0, model)),
        OrderBy::Status => number(row.status.map(u64::from)),
        OrderBy::Verdict => {
            number(Verdict::ALL.iter().position(|one| *one == row.verdict).map(|at| at as u64))
        }
        OrderBy::Findings => number(row.severity.map(|severity| severity as u64)),
        OrderBy::FirstToken => number(row.digest.first_token.map(|at| at.0)),
        OrderBy::Duration => number(row.duration.map(|took| took.0)),
        OrderBy::Tokens => number(row.digest.usage.total),
        OrderBy::Bytes => number(Some(row.request_bytes + row.response_bytes)),
    }
}

/// All of them, put in order here.
fn expected(rows: &[Summary], order: Order) -> Vec<ExchangeId> {
    let (mut with, mut without): (Vec<_>, Vec<_>) =
        rows.iter().map(|row| (value(order.by, row), row.id)).partition(|(value, _)| value.is_some());
    with.sort();
    without.sort();
    if order.descending {
        with.reverse();
        without.reverse();
    }
    with.into_iter().chain(without).map(|(_, id)| id).collect()
}

#[test]
fn every_part_is_as_it_would_be_in_the_whole() {
    let (_directory, path) = made();
    let reader = Reader::open(&path).unwrap();
    for filter in
        ["", "status>=200", "path:/v1/chat*", "even", "even -status:200", "-odd OR status:250", "status:777"]
    {
        let filter = Filter::parse(filter).unwrap();
        let rows = reader.select(&filter, Page::default(), START).unwrap();
        for by in OrderBy::ALL {
            for order in [Order::by(by), Order::by(by).reversed()] {
                let all = expected(&rows, order);
                let read = |part, limit| {
                    reader.in_order(&filter, order, part, limit, ExchangeId::MAX, START).unwrap()
                };
                assert_eq!(read(Part::First, 1_000), all, "{order:?} {filter:?}");
                assert_eq!(read(Part::Last, 1_000), all, "{order:?} {filter:?}");
                assert_eq!(read(Part::First, 7), all[..all.len().min(7)], "{order:?} {filter:?}");
                assert_eq!(read(Part::Last, 7), all[all.len().saturating_sub(7)..], "{order:?} {filter:?}");
                for (at, id) in all.iter().enumerate() {
                    let after = &all[at..all.len().min(at + 5)];
                    assert_eq!(read(Part::From(*id), 5), after, "{order:?} {filter:?} from {id}");
                    let before = &all[at.saturating_sub(5)..at];
                    assert_eq!(read(Part::Before(*id), 5), before, "{order:?} {filter:?} before {id}");
                }
            }
        }
    }
}

#[test]
fn nothing_after_an_exchange_is_part_of_it_where_that_is_asked() {
    let (_directory, path) = made();
    let reader = Reader::open(&path).unwrap();
    let order = Order::by(OrderBy::Duration);
    let ids = reader.in_order(&Filter::default(), order, Part::First, 100, 20, START).unwrap();
    assert_eq!(ids.len(), 20);
    assert!(ids.iter().all(|id| *id <= 20));
    let gone = reader.in_order(&Filter::default(), order, Part::From(999), 100, 20, START).unwrap();
    assert!(gone.is_empty(), "there is no place of what is not there");
}
