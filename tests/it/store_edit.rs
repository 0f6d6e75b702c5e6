//! What a person changes by hand: notes, and exchanges that are to go.

use crate::support::made::{Made, START, recording, session};
use gatetap::exchange::ExchangeId;
use gatetap::exchange::body::Side;
use gatetap::exchange::end::Verdict;
use gatetap::store::filter::Filter;
use gatetap::store::{Deleted, Editor, Error, Page, Reader};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn three() -> (TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let made =
        |answer: &str| Made { answer: answer.to_owned(), response: b"xyz".to_vec(), ..Made::default() };
    recording(&path, &[made("first"), made("second"), made("third")]);
    (home, path)
}

fn notes(path: &Path) -> Vec<(ExchangeId, Option<String>)> {
    let rows = Reader::open(path).unwrap().summaries(Page::default()).unwrap();
    rows.into_iter().map(|row| (row.id, row.note)).collect()
}

#[test]
fn a_note_is_kept_replaced_and_taken_away() {
    let (_home, path) = three();
    let editor = Editor::open(&path).unwrap();
    assert_eq!(editor.put_note(&[1, 3, 9], Some("look at this")).unwrap(), 2);
    let told = |note: &str| Some(note.to_owned());
    assert_eq!(notes(&path), [(1, told("look at this")), (2, None), (3, told("look at this"))]);
    assert_eq!(editor.put_note(&[3], Some("fixed")).unwrap(), 1);
    assert_eq!(editor.put_note(&[1], None).unwrap(), 1);
    assert_eq!(notes(&path), [(1, None), (2, None), (3, told("fixed"))]);
}

#[test]
fn a_note_outlives_what_the_recorder_says_later() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let writer = session(&path);
    let id = Made { verdict: Verdict::Open, duration: None, ..Made::default() }.write(&writer);
    Editor::open(&path).unwrap().put_note(&[id], Some("still going")).unwrap();
    let whole = Reader::open(&path).unwrap().exchange(id).unwrap().unwrap();
    writer.begin().unwrap();
    writer.update_exchange(&whole.exchange).unwrap();
    writer.commit().unwrap();
    assert_eq!(notes(&path), [(id, Some("still going".to_owned()))]);
}

#[test]
fn what_is_deleted_is_gone_with_all_that_belongs_to_it() {
    let (_home, path) = three();
    let deleted = Editor::open(&path).unwrap().delete(&[2, 7]).unwrap();
    assert_eq!(deleted, Deleted { gone: vec![2], open: Vec::new() });
    let reader = Reader::open(&path).unwrap();
    assert_eq!(notes(&path), [(1, None), (3, None)]);
    assert!(reader.body(2, Side::Response).unwrap().bytes.is_empty());
    for (word, found) in [("second", vec![]), ("third", vec![3])] {
        let filter = Filter::parse(word).unwrap();
        assert_eq!(reader.select_ids(&filter, Page::default(), START).unwrap(), found);
    }
}

#[test]
fn what_is_open_is_not_deleted() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let writer = session(&path);
    let open = Made { verdict: Verdict::Open, duration: None, ..Made::default() }.write(&writer);
    let ended = Made::default().write(&writer);
    let deleted = Editor::open(&path).unwrap().delete(&[open, ended]).unwrap();
    assert_eq!(deleted, Deleted { gone: vec![ended], open: vec![open] });
    assert_eq!(notes(&path), [(open, None)]);
}

#[test]
fn what_is_not_there_is_not_made() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    assert!(matches!(Editor::open(&path), Err(Error::Missing { .. })));
    assert!(!path.exists());
}
