//! Masking of a command line: what is said to be a secret is hidden whole, whatever it looks like.

use super::mask::mask_string;

/// How the names end of what is secret, of flags and of variables.
const SECRET_NAMES: [&str; 9] =
    ["token", "secret", "key", "password", "passwd", "pass", "credential", "credentials", "auth"];

/// The flags whose value is a user and, after a colon, a password, as curl and its like have them.
const USER_FLAGS: [&str; 4] = ["u", "user", "U", "proxy-user"];

/// What of the next word is secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Nothing,
    All,
    /// What follows a colon.
    Password,
}

/// The words of a command line, in a row, with their secrets hidden: values of flags and variables with secret names,
/// passwords of users, and what [`mask_string`] hides in any text. A word that is a command line of its own, as
/// `sh -c` takes it, is read as one.
///
/// ```
/// use gatetap::gateway::command::mask_command;
///
/// assert_eq!(mask_command(["app", "--token", "hunter2", "-u", "me:hunter2"]), "app --token ******* -u me:*******");
/// ```
pub fn mask_command<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut next = Next::Nothing;
    let words: Vec<String> = words.into_iter().map(|word| masked(word, &mut next)).collect();
    mask_string(words.join(" "))
}

/// The word, after one that left `next` to be said of it.
fn masked(word: &str, next: &mut Next) -> String {
    let expected = std::mem::replace(next, Next::Nothing);
    if word.contains(char::is_whitespace) && expected != Next::All {
        return line(word);
    }
    let name = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    let is_flag = name.is_some_and(|name| name.starts_with(|first: char| first.is_ascii_alphabetic()));
    match expected {
        Next::All if !is_flag => return hidden(word),
        Next::Password if !is_flag => return after(word, ':'),
        _ => {}
    }
    let said = if is_flag { name.unwrap_or_default() } else { word };
    match said.split_once('=') {
        Some((name, _)) if is_secret(name, is_flag) => after(word, '='),
        Some((name, _)) if is_flag && USER_FLAGS.contains(&name) => after(word, ':'),
        Some(_) => word.to_owned(),
        None if !is_flag => word.to_owned(),
        None if is_secret(said, true) => {
            *next = Next::All;
            word.to_owned()
        }
        None if USER_FLAGS.contains(&said) => {
            *next = Next::Password;
            word.to_owned()
        }
        // `-ume:secret`
        None if !word.starts_with("--") && said.starts_with('u') => after(word, ':'),
        None => word.to_owned(),
    }
}

/// A command line in one word.
fn line(text: &str) -> String {
    let mut next = Next::Nothing;
    let is_space = |character: char| character.is_whitespace();
    text.split_inclusive(is_space)
        .map(|word| {
            let bare = word.trim_end_matches(is_space);
            if bare.is_empty() {
                return word.to_owned();
            }
            masked(bare, &mut next) + word.get(bare.len()..).unwrap_or_default()
        })
        .collect()
}

/// Whether what has this name is secret: the name of a flag, or of a variable as environments have it, `NAME_TOKEN`.
fn is_secret(name: &str, is_flag: bool) -> bool {
    let name = name.trim_matches(['"', '\'']).to_ascii_lowercase();
    SECRET_NAMES.iter().any(|secret| {
        name.strip_suffix(secret).is_some_and(|before| {
            is_flag || before.is_empty() || before.ends_with(|last: char| !last.is_ascii_alphanumeric())
        })
    })
}

/// The word, with what follows the first `separator` hidden.
fn after(word: &str, separator: char) -> String {
    word.split_once(separator)
        .map_or_else(|| word.to_owned(), |(before, secret)| format!("{before}{separator}{}", hidden(secret)))
}

fn hidden(text: &str) -> String {
    "*".repeat(text.chars().count())
}
