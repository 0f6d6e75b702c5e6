//! Rules that look at one Rust file at a time.

use super::tokens::tokens;
use super::{File, Violation};
use gatetap::config::LOG_TARGETS;

/// The most lines that a Rust file may have.
const MOST_LINES: usize = 600;

/// Macros that write to stdout or stderr.
const PRINTING: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

/// Only the room `cli` prints.
pub fn printing(src: &[File]) -> Vec<Violation> {
    let elsewhere = src.iter().filter(|file| !file.path.starts_with("src/cli/"));
    each(elsewhere, |words| match words {
        [name, "!", ..] if PRINTING.contains(name) => Some(format!("`{name}!` is for cli only")),
        _ => None,
    })
}

/// Nothing is left for later, and no test is switched off or satisfied with any panic at all.
pub fn unfinished(rust: &[File]) -> Vec<Violation> {
    each(rust.iter(), |words| match words {
        [name @ ("todo" | "unimplemented"), "!", ..] => Some(format!("`{name}!` is left for later")),
        ["#", "[", "ignore", ..] => Some("an ignored test proves nothing".to_owned()),
        ["should_panic", ..] => Some("`should_panic` does not tell which panic: assert its text".to_owned()),
        _ => None,
    })
}

/// A file can be read in one go.
pub fn length(rust: &[File]) -> Vec<Violation> {
    let rust = rust.iter().filter(|file| file.is_rust());
    rust.filter_map(|file| {
        let lines = file.text.lines().count();
        let sentence = format!("{lines} lines are more than {MOST_LINES}: split it");
        (lines > MOST_LINES).then(|| Violation::new(&file.path, MOST_LINES + 1, sentence))
    })
    .collect()
}

/// A file says first what it is.
pub fn module_docs(src: &[File]) -> Vec<Violation> {
    let undocumented = src.iter().filter(|file| file.is_rust() && !file.text.starts_with("//! "));
    undocumented
        .map(|file| Violation::new(&file.path, 1, "the file does not start with a `//! ` doc"))
        .collect()
}

/// What is logged can be asked for by name.
pub fn log_targets(src: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in src.iter().filter(|file| file.is_rust()) {
        for (at, opening) in file.text.match_indices("target: \"") {
            // A member of a struct may have this name too; a macro begins with it.
            let before = &file.text[..at];
            let target = file.text[at + opening.len()..].split('"').next().unwrap_or_default();
            if before.trim_end().ends_with('(') && !LOG_TARGETS.contains(&target) {
                let sentence = format!("`{target}` is none of LOG_TARGETS");
                violations.push(Violation::new(&file.path, before.lines().count(), sentence));
            }
        }
    }
    violations
}

/// Asks `rule` at every token of every Rust file; it is given that token and the ones after it.
fn each<'a>(
    files: impl Iterator<Item = &'a File>,
    rule: impl Fn(&[&str]) -> Option<String>,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files.filter(|file| file.is_rust()) {
        let tokens = tokens(&file.text);
        let words: Vec<_> = tokens.iter().map(|token| token.text).collect();
        for (at, token) in tokens.iter().enumerate() {
            if let Some(sentence) = rule(&words[at..]) {
                violations.push(Violation::new(&file.path, token.line, sentence));
            }
        }
    }
    violations
}

#[test]
fn printing_is_found_outside_cli() {
    let text = "//! x\nfn f() {\n    eprintln!(\"{x}\"); // println!\n    self.print();\n}";
    let found = printing(&[File::sample("src/live/mod.rs", text), File::sample("src/cli/ls.rs", text)]);
    assert_eq!(found, [Violation::new("src/live/mod.rs", 3, "`eprintln!` is for cli only")]);
}

#[test]
fn logs_that_nobody_can_ask_for_are_found() {
    let text = "//! x\nlog::info!(target: \"recorder\", \"y\");\nlog::warn!(\n    target: \"recoder\",\n);\n\
                let ask = Ask { method, target: \"/v1\" };";
    let found = log_targets(&[File::sample("src/live/mod.rs", text)]);
    assert_eq!(found, [Violation::new("src/live/mod.rs", 4, "`recoder` is none of LOG_TARGETS")]);
}

#[test]
fn unfinished_code_is_found() {
    for (text, expected) in [
        ("fn f() { todo!() }", 1),
        ("fn f() { unimplemented!(\"x\") }", 1),
        ("#[test]\n#[ignore = \"slow\"]\nfn f() {}", 1),
        ("#[should_panic]", 1),
        ("// todo!\nlet todo = \"#[ignore] should_panic\"; ignore()", 0),
    ] {
        assert_eq!(unfinished(&[File::sample("tests/it/x.rs", text)]).len(), expected, "{text}");
    }
}

#[test]
fn long_files_are_found() {
    let file = |lines| File::sample("src/x.rs", &"\n".repeat(lines));
    assert_eq!(length(&[file(MOST_LINES)]), []);
    assert_eq!(length(&[file(MOST_LINES + 1)])[0].line, 601);
}

#[test]
fn undocumented_files_are_found() {
    let files = [
        File::sample("src/a.rs", "//! What it is.\n"),
        File::sample("src/b.rs", "use x;\n//! Too late.\n"),
        File::sample("src/c.toml", "x = 1"),
    ];
    let found: Vec<_> = module_docs(&files).into_iter().map(|violation| violation.file).collect();
    assert_eq!(found, ["src/b.rs"]);
}
