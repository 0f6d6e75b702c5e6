//! The invariants of the tree that no compiler checks, each a rule with a test that it can fail.
//!
//! A rule is a pure function from files to [`Violation`]s; the tests here read the real tree and hand it
//! over. A new rule is one file, or one function, and one line in [`the_tree_is_tidy`].

mod layers;
mod lockfile;
mod readme;
mod root;
mod rust_files;
mod secrets;
mod tokens;

use std::fmt;
use std::path::Path;

use crate::support::binary::run_to_end;

/// One place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Violation {
    file: String,
    line: usize,
    sentence: String,
}

/// A file of the tree: its path from the root, with `/`, and its text.
#[derive(Debug)]
pub struct File {
    path: String,
    text: String,
}

impl Violation {
    fn new(file: &str, line: usize, sentence: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, sentence: sentence.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, sentence } = self;
        write!(f, "{file}:{line}: {sentence}")
    }
}

impl File {
    /// Whether it holds Rust.
    fn is_rust(&self) -> bool {
        Path::new(&self.path).extension().is_some_and(|extension| extension == "rs")
    }

    /// A file of a test of a rule.
    fn sample(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folders` of the root, in order of their paths. A folder may be missing.
fn read(folders: &[&str]) -> Vec<File> {
    let mut files = Vec::new();
    let mut left: Vec<_> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            let from_root = path.strip_prefix(root()).unwrap();
            files.push(File {
                path: from_root.to_str().unwrap().replace('\\', "/"),
                text: String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned(),
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[track_caller]
fn assert_none(violations: &[Violation]) {
    let lines: Vec<_> = violations.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "the tree is not tidy:\n{}", lines.join("\n"));
}

#[test]
fn the_tree_is_tidy() {
    let src = read(&["src"]);
    let rust = read(&["src", "tests", "benches"]);
    assert!(src.iter().any(|file| file.path == "src/lib.rs"), "src was not read");
    assert!(rust.iter().any(|file| file.path == "tests/it/main.rs"), "tests were not read");
    let entries = std::fs::read_dir(root()).unwrap();
    let entries: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let lock = read(&["Cargo.lock"]);

    let mut violations = Vec::new();
    violations.extend(layers::rooms(&src));
    violations.extend(layers::crates(&src));
    violations.extend(rust_files::printing(&src));
    violations.extend(rust_files::module_docs(&src));
    violations.extend(rust_files::log_targets(&src));
    violations.extend(rust_files::length(&rust));
    violations.extend(rust_files::unfinished(&rust));
    violations.extend(lockfile::packages(&lock[0]));
    violations.extend(secrets::keys(&read(&["fixtures"])));
    violations.extend(root::entries(&entries));
    violations.extend(root::new_snapshots(&read(&["src", "tests", "benches", "fixtures"])));
    assert_none(&violations);
}

#[test]
fn the_readme_names_every_command_as_the_help_does() {
    let readme = read(&["README.md"]).pop().unwrap();
    let help = run_to_end(&["--help"], &[]).stdout;
    assert!(help.contains("Usage: gatetap"), "{help}");
    assert_none(&readme::commands(&readme, &help));
}

#[test]
fn a_violation_reads_as_a_compiler_message() {
    let violation = Violation::new("src/lib.rs", 3, "a sentence");
    assert_eq!(violation.to_string(), "src/lib.rs:3: a sentence");
}
