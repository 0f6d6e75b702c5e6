//! What may stand in Cargo.lock.

use super::{File, Violation};

/// Packages of which there is exactly one: two of them are two incompatible sets of types, or two
/// providers that cannot agree at run time.
const ONE_OF: [&str; 3] = ["rustls", "ring", "crossterm"];

/// Packages that stay out: other TLS stacks and providers.
const NONE_OF: [&str; 3] = ["aws-lc-rs", "openssl-sys", "native-tls"];

/// One TLS stack with one provider, and one terminal library.
pub fn packages(lock: &File) -> Vec<Violation> {
    let names: Vec<_> = lock.text.lines().enumerate().filter_map(name_on).collect();
    let mut violations = Vec::new();
    for one in ONE_OF {
        let lines: Vec<_> = names.iter().filter(|(_, name)| *name == one).map(|(line, _)| *line).collect();
        if lines.len() != 1 {
            let sentence = format!("there are {} of `{one}`, not one", lines.len());
            violations.push(Violation::new(&lock.path, lines.last().copied().unwrap_or(1), sentence));
        }
    }
    for (line, name) in names {
        if NONE_OF.contains(&name) {
            violations.push(Violation::new(&lock.path, line, format!("`{name}` stays out")));
        }
    }
    violations
}

fn name_on((index, line): (usize, &str)) -> Option<(usize, &str)> {
    let name = line.strip_prefix("name = \"")?.strip_suffix('"')?;
    Some((index + 1, name))
}

#[test]
fn missing_doubled_and_unwanted_packages_are_found() {
    let lock = |names: &[&str]| {
        let packages: Vec<_> = names.iter().map(|name| format!("[[package]]\nname = \"{name}\"\n")).collect();
        packages.concat()
    };
    for (names, expected) in [
        (vec!["rustls", "ring", "crossterm", "rustls-pki-types"], vec![]),
        (vec!["rustls", "ring"], vec![1]),
        (vec!["rustls", "ring", "crossterm", "crossterm"], vec![8]),
        (vec!["rustls", "ring", "crossterm", "aws-lc-rs"], vec![8]),
    ] {
        let found = packages(&File::sample("Cargo.lock", &lock(&names)));
        let lines: Vec<_> = found.iter().map(|violation| violation.line).collect();
        assert_eq!(lines, expected, "{names:?}");
    }
}
