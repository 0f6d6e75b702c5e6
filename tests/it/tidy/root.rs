//! What may lie at the root of the tree, and what may lie nowhere.

use super::{File, Violation};

/// What may lie at the root, beside licences and dot-files. `target` is not part of the tree.
const ENTRIES: [&str; 8] =
    ["Cargo.toml", "Cargo.lock", "README.md", "src", "tests", "fixtures", "benches", "target"];

/// The root holds only what everybody expects there.
pub fn entries(names: &[String]) -> Vec<Violation> {
    let expected = |name: &str| {
        ENTRIES.contains(&name) || name.starts_with('.') || name == "LICENSE" || name.starts_with("LICENSE-")
    };
    let others = names.iter().filter(|name| !expected(name));
    others.map(|name| Violation::new(name, 1, "it does not belong at the root")).collect()
}

/// Every changed snapshot was looked at.
pub fn new_snapshots(files: &[File]) -> Vec<Violation> {
    let new = files
        .iter()
        .filter(|file| [".snap.new", ".pending-snap"].iter().any(|ending| file.path.ends_with(ending)));
    new.map(|file| Violation::new(&file.path, 1, "a snapshot waits to be accepted or deleted")).collect()
}

#[test]
fn strangers_at_the_root_are_found() {
    let names = ["Cargo.toml", ".ci", "LICENSE-MIT", "target", "notes.txt"].map(str::to_owned);
    let found: Vec<_> = entries(&names).iter().map(ToString::to_string).collect();
    assert_eq!(found, ["notes.txt:1: it does not belong at the root"]);
}

#[test]
fn waiting_snapshots_are_found() {
    let files = ["tests/it/x.snap", "tests/it/y.snap.new"].map(|path| File::sample(path, ""));
    let found: Vec<_> = new_snapshots(&files).into_iter().map(|violation| violation.file).collect();
    assert_eq!(found, ["tests/it/y.snap.new"]);
}
