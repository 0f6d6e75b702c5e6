//! The page of all checks in `fixtures/docs/checks.md`, and the README's table of their families.

use gatetap::check::{ALL, Check};
use std::fmt::Write as _;
use std::path::PathBuf;

/// What each family is about, in the order of the list.
const FAMILIES: [(&str, &str); 10] = [
    ("auth", "credentials: whether there is one, well written, the right one"),
    ("url", "base URLs, paths and hosts"),
    ("body", "what the request asks for"),
    ("stream", "how streams come and end"),
    ("retry", "what is tried again, when and how often"),
    ("rate", "limits"),
    ("timeout", "patience, on both sides"),
    ("cancel", "answers that nobody waits for"),
    ("resp", "what the answer says"),
    ("leak", "secrets where they do not belong"),
];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The families that have checks, in the order of the list, each once.
fn families() -> Vec<(&'static str, Vec<&'static Check>)> {
    let mut families: Vec<(&str, Vec<&Check>)> = Vec::new();
    for check in ALL {
        match families.iter_mut().find(|(name, _)| *name == check.family()) {
            Some((_, checks)) => checks.push(check),
            None => families.push((check.family(), vec![check])),
        }
    }
    families
}

fn about(family: &str) -> &'static str {
    let known = FAMILIES.iter().find(|(name, _)| *name == family);
    known.unwrap_or_else(|| panic!("say in FAMILIES what the family {family} is about")).1
}

fn pages() -> String {
    let mut text = String::from(
        "# Checks\n\nWhat gatetap looks for in traffic. `gatetap explain ID` shows the same in the terminal.\n\n\
         This page is made from `src/check`: `UPDATE_DOCS=1 cargo test --test it check`.\n",
    );
    for (family, checks) in families() {
        writeln!(text, "\n## {family}\n\nAbout {}.\n", about(family)).unwrap();
        text.push_str("| check | severity | finds |\n|---|---|---|\n");
        for Check { id, severity, summary, .. } in &checks {
            let summary = summary.replace('|', "\\|");
            writeln!(text, "| [`{id}`](#{id}) | {} | {summary} |", severity.as_str()).unwrap();
        }
        for check in checks {
            text.push('\n');
            text.push_str(&demoted(&check.page()));
        }
    }
    text
}

/// A page whose headings stand two levels lower.
fn demoted(page: &str) -> String {
    let mut in_code = false;
    let mut text = String::new();
    for line in page.lines() {
        in_code ^= line.starts_with("```");
        let lead = if line.starts_with('#') && !in_code { "##" } else { "" };
        text.push_str(lead);
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// The README's rows.
fn rows() -> String {
    let mut text = String::from("| family | checks | about |\n|---|---|---|\n");
    for (family, checks) in families() {
        let about = about(family);
        let count = checks.len();
        writeln!(text, "| [{family}](fixtures/docs/checks.md#{family}) | {count} | {about} |").unwrap();
    }
    text
}

/// Holds a file to `expected`, or writes it where `UPDATE_DOCS` says so.
#[track_caller]
fn hold(name: &str, expected: &str) {
    let path = path(name);
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    if found == expected {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
        return;
    }
    let line = found.lines().zip(expected.lines()).take_while(|(a, b)| a == b).count() + 1;
    panic!("{name} is out of date from line {line} on: UPDATE_DOCS=1 cargo test --test it check");
}

#[test]
fn the_page_of_all_checks_says_what_the_checks_say() {
    hold("fixtures/docs/checks.md", &pages());
}

#[test]
fn the_readme_has_every_family() {
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    let (before, rest) = readme.split_once("<!-- families -->\n").expect("a mark before the table");
    let (_, after) = rest.split_once("<!-- /families -->").expect("a mark after the table");
    let expected = format!("{before}<!-- families -->\n{}<!-- /families -->{after}", rows());
    hold("README.md", &expected);
}

#[test]
fn the_readme_says_what_verdicts_mean() {
    let readme = std::fs::read_to_string(path("README.md")).unwrap();
    for verdict in gatetap::exchange::end::Verdict::ALL {
        let row = format!("| `{verdict}` | {} |", verdict.meaning());
        assert!(readme.contains(&row), "{row}");
    }
}
