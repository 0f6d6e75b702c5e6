//! No string in the fixtures looks like a key that somebody could use.

use super::{File, Violation};

/// The prefix of a vendor's keys, and how many key characters at least follow it in a real one.
const SHAPES: [(&str, usize); 25] = [
    ("sk-ant-", 20),
    ("sk-or-v1-", 20),
    ("sk-proj-", 20),
    ("sk-svcacct-", 20),
    ("sk-service-", 20),
    ("sk-admin-", 20),
    ("sk-", 20),
    ("csk-", 40),
    ("AIza", 35),
    ("gsk_", 40),
    ("xai-", 40),
    ("hf_", 34),
    ("api_org_", 34),
    ("pplx-", 40),
    ("r8_", 37),
    ("nvapi-", 40),
    ("tgp_v1_", 40),
    ("fw_", 24),
    ("ABSK", 40),
    ("bedrock-api-key-", 20),
    ("AKIA", 16),
    ("ASIA", 16),
    ("ghp_", 36),
    ("github_pat_", 36),
    ("eyJhbGciOi", 40),
];

/// What stands in the middle of every OpenAI key.
const OPENAI_MARKER: &str = "T3BlbkFJ";

/// What makes a key plainly a fake.
const FAKE: [&str; 6] = ["sim", "fake", "example", "test", "0000", "xxxx"];

/// A key in a fixture says that it is a fake, in lower or upper case.
pub fn keys(fixtures: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in fixtures {
        for (index, line) in file.text.lines().enumerate() {
            // An escaped line end would otherwise become the first letter of the word after it.
            let line = line.replace("\\n", "  ").replace("\\r", "  ").replace("\\t", "  ");
            let words = line.split(|c: char| !is_key_character(c));
            if let Some(shape) = words.filter(|word| !is_fake(word)).find_map(shape) {
                let sentence = format!("`{shape}…` looks like a key: write `fake` into it");
                violations.push(Violation::new(&file.path, index + 1, sentence));
            }
        }
    }
    violations
}

/// The shape of the first key inside this word, if there is one.
fn shape(word: &str) -> Option<&'static str> {
    if word.contains(OPENAI_MARKER) {
        return Some(OPENAI_MARKER);
    }
    let prefix_of_a_key = |(prefix, least): &(&'static str, usize)| {
        word.match_indices(prefix).any(|(at, _)| {
            let starts = !word[..at].ends_with(|c: char| c.is_ascii_alphabetic());
            starts && word.len() - at - prefix.len() >= *least
        })
    };
    SHAPES.iter().find(|shape| prefix_of_a_key(shape)).map(|(prefix, _)| *prefix)
}

fn is_fake(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    FAKE.iter().any(|fake| word.contains(fake))
}

const fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

#[test]
fn key_shapes_are_found_and_fakes_are_not() {
    for (prefix, least) in SHAPES {
        let real: String = "a1B2c3D4".chars().cycle().take(least).collect();
        let fake = format!("{prefix}fake-{real}");
        let short = format!("{prefix}{}", &real[..least - 1]);
        let key = format!("{prefix}{real}");
        for (text, found) in [
            (format!("authorization: Bearer {key}"), true),
            (format!("{{\"key\": \"{key}\"}}"), true),
            (format!("one line\\n{key}"), true),
            (format!("?key={key}&x=1"), true),
            (fake, false),
            (short, false),
            (format!("disk{key}"), false),
        ] {
            let violations = keys(&[File::sample("fixtures/x.json", &text)]);
            let itself =
                violations.iter().any(|violation| violation.sentence.contains(&format!("`{prefix}…`")));
            assert_eq!(itself, found, "{text}");
        }
    }
}

#[test]
fn the_marker_and_the_line_are_found_and_the_key_is_not_repeated() {
    let text = format!("x\nsk-a1{OPENAI_MARKER}b2");
    let found = keys(&[File::sample("fixtures/x.txt", &text)]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].line, 2);
    assert!(!found[0].to_string().contains("a1"));
}
