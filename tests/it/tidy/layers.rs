//! Which room may know which, and which foreign crates stay in which rooms.

use super::tokens::{Token, is_name, tokens};
use super::{File, Violation};

/// The rooms, ground first. A room may know those of the groups before its own, and no others.
const LAYERS: [&[&str]; 10] = [
    &["exchange"],
    &["wire", "gateway"],
    &["digest"],
    &["check", "store", "tls", "export", "fault", "play"],
    &["record", "sim", "replay"],
    &["config"],
    &["proxy"],
    &["live"],
    &["doctor", "tui"],
    &["cli"],
];

/// Foreign crates, and the only rooms that may name them.
const CRATES: [(&[&str], &[&str]); 4] = [
    (&["rusqlite"], &["store", "record"]),
    (&["rustls", "tokio_rustls", "rcgen"], &["tls", "proxy"]),
    (&["ratatui", "crossterm"], &["tui"]),
    (&["clap", "anyhow"], &["cli"]),
];

/// A room names only rooms that lie below it. `main.rs` names only `cli`, and `lib.rs` none.
pub fn rooms(src: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in src.iter().filter(|file| file.is_rust()) {
        let Some(from) = room(&file.path) else {
            for (to, line) in rooms_named(file) {
                if file.path != "src/main.rs" || to != "cli" {
                    let sentence = format!("{} may not know `{to}`", file.path);
                    violations.push(Violation::new(&file.path, line, sentence));
                }
            }
            continue;
        };
        let Some(layer) = layer_of(from) else {
            violations.push(Violation::new(&file.path, 1, format!("room `{from}` stands in no layer")));
            continue;
        };
        for (to, line) in rooms_named(file) {
            let below = layer_of(to).is_some_and(|other| other < layer);
            if to != from && !below {
                let sentence = format!("`{from}` may not know `{to}`, which does not lie below it");
                violations.push(Violation::new(&file.path, line, sentence));
            }
        }
    }
    violations
}

/// A foreign crate is named only in its rooms.
pub fn crates(src: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in src.iter().filter(|file| file.is_rust()) {
        let tokens = tokens(&file.text);
        for (at, token) in tokens.iter().enumerate() {
            let Some((_, rooms)) = CRATES.iter().find(|(names, _)| names.contains(&token.text)) else {
                continue;
            };
            let allowed = room(&file.path).is_some_and(|room| rooms.contains(&room));
            if !allowed && starts_a_path(&tokens, at) {
                let sentence = format!("`{}` is named only in {}", token.text, rooms.join(" and "));
                violations.push(Violation::new(&file.path, token.line, sentence));
            }
        }
    }
    violations
}

/// The room of a path; `None` for the files beside the rooms.
fn room(path: &str) -> Option<&str> {
    let in_src = path.strip_prefix("src/")?;
    match in_src.split_once('/') {
        Some((room, _)) => Some(room),
        None => in_src.strip_suffix(".rs").filter(|name| !["lib", "main"].contains(name)),
    }
}

fn layer_of(room: &str) -> Option<usize> {
    LAYERS.iter().position(|rooms| rooms.contains(&room))
}

/// The token at `at` begins a path: it is followed by `::` or brought in by `use`, and not itself inside a
/// longer path.
fn starts_a_path(tokens: &[Token<'_>], at: usize) -> bool {
    let text = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map_or("", |token| token.text);
    let before = text(at.checked_sub(1));
    let inside = before == "::" && is_name(text(at.checked_sub(2))) && text(at.checked_sub(2)) != "use";
    !inside && (text(Some(at + 1)) == "::" || ["use", "crate", "::"].contains(&before))
}

/// Every room that the file names by a path, with the line: `crate::x`, `crate::{x, y::z}`, `gatetap::x`,
/// and `super` where it climbs up to the root.
fn rooms_named(file: &File) -> Vec<(&str, usize)> {
    let tokens = tokens(&file.text);
    let mut named = Vec::new();
    // The module that a token stands in: how deep below the root, and at which brace each inline one began.
    let mut braces = 0_usize;
    let mut inline = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text {
            "mod" if tokens.get(at + 2).is_some_and(|token| token.text == "{") => inline.push(braces),
            "{" => braces += 1,
            "}" => {
                braces = braces.saturating_sub(1);
                inline.pop_if(|began| *began == braces);
            }
            "crate" | "gatetap" if tokens.get(at + 1).is_some_and(|token| token.text == "::") => {
                first_names(&tokens, at + 2, &mut named);
            }
            "super" => {
                let depth = depth(&file.path) + inline.len();
                let supers = tokens[at..].iter().step_by(2).take_while(|token| token.text == "super").count();
                let links =
                    tokens[at..].iter().skip(1).step_by(2).take_while(|token| token.text == "::").count();
                let climbed = supers.min(links);
                if climbed > 0 && climbed == depth {
                    first_names(&tokens, at + 2 * climbed, &mut named);
                }
                at += 2 * climbed.saturating_sub(1);
            }
            _ => {}
        }
        at += 1;
    }
    named.retain(|(name, _)| layer_of(name).is_some());
    named
}

/// How many modules deep the file lies below the root.
fn depth(path: &str) -> usize {
    let in_src = path.strip_prefix("src/").unwrap_or(path);
    let module = in_src.strip_suffix("/mod.rs").unwrap_or(in_src);
    match module {
        "lib.rs" | "main.rs" => 0,
        module => module.split('/').count(),
    }
}

/// The name at `at`, or, where a group of braces stands there, the first name of each of its paths.
fn first_names<'a>(tokens: &[Token<'a>], at: usize, named: &mut Vec<(&'a str, usize)>) {
    let Some(first) = tokens.get(at) else {
        return;
    };
    if first.text != "{" {
        named.push((first.text, first.line));
        return;
    }
    let mut depth = 0_usize;
    let mut starts = false;
    for token in &tokens[at..] {
        match token.text {
            "{" => {
                depth += 1;
                starts = depth == 1;
            }
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            }
            "," => starts = depth == 1,
            name if starts => {
                named.push((name, token.line));
                starts = false;
            }
            _ => {}
        }
    }
}

fn lines(violations: &[Violation]) -> Vec<usize> {
    violations.iter().map(|violation| violation.line).collect()
}

#[test]
fn a_room_may_know_only_what_lies_below() {
    for (path, text, expected) in [
        ("src/digest/mod.rs", "use crate::exchange::time::Micros;\nuse crate::wire::x;", vec![]),
        ("src/digest/mod.rs", "use crate::digest::verdict;\n/// See [`crate::proxy`].\nstruct A;", vec![]),
        ("src/exchange/mod.rs", "\nuse crate::wire::x;", vec![2]),
        ("src/wire/sse.rs", "fn f() {\n    crate::gateway::g()\n}", vec![2]),
        (
            "src/wire/sse.rs",
            "use crate::{\n    exchange::x,\n    digest::{y, cli},\n    store,\n};",
            vec![3, 4],
        ),
        ("src/wire/sse.rs", "use super::super::digest::y;", vec![1]),
        ("src/wire/sse.rs", "use super::digest::y;", vec![]),
        ("src/wire/mod.rs", "use super::{digest, exchange};", vec![1]),
        ("src/wire/mod.rs", "mod tests {\n use super::digest;\n}\nuse super::digest;", vec![4]),
        ("src/store/mod.rs", "use crate::check::x;", vec![1]),
        ("src/proxy/tap/mod.rs", "use crate::{record, live};", vec![1]),
        ("src/cellar/mod.rs", "", vec![1]),
        ("src/lib.rs", "pub mod cli;\npub use crate::cli::x;", vec![2]),
        ("src/main.rs", "fn main() { gatetap::cli::main() }", vec![]),
        ("src/main.rs", "fn main() { gatetap::proxy::x() }", vec![1]),
    ] {
        assert_eq!(lines(&rooms(&[File::sample(path, text)])), expected, "{path}: {text}");
    }
}

#[test]
fn a_foreign_crate_stays_in_its_rooms() {
    for (path, text, expected) in [
        ("src/store/mod.rs", "use rusqlite::Connection;", vec![]),
        ("src/check/mod.rs", "use rusqlite::Connection;", vec![1]),
        ("src/check/mod.rs", "use rusqlite as sql;", vec![1]),
        ("src/check/mod.rs", "use {serde::X, rusqlite::Y};", vec![1]),
        ("src/check/mod.rs", "fn f() -> ::anyhow::Result<()>;", vec![1]),
        ("src/check/mod.rs", "let rustls = 1; // rustls::x\ncrate::tls::rustls::x();", vec![]),
        ("src/live/mod.rs", "\n#[derive(clap::Args)]", vec![2]),
        ("src/proxy/mod.rs", "use tokio_rustls::TlsAcceptor;", vec![]),
        ("src/main.rs", "use anyhow::Result;", vec![1]),
    ] {
        assert_eq!(lines(&crates(&[File::sample(path, text)])), expected, "{path}: {text}");
    }
}
