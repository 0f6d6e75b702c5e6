//! Rust text cut into tokens, as far as the rules need it: without comments, strings and spaces.

/// A token and the line it stands on, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    /// An identifier, a number, `::`, or one other character.
    pub text: &'a str,
    /// Its line.
    pub line: usize,
}

/// The tokens of `source`. Comments, string and character literals are left out.
pub fn tokens(source: &str) -> Vec<Token<'_>> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < bytes.len() {
        let rest = &source[at..];
        let (length, is_token) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if let Some(length) = literal(rest) {
            (length, false)
        } else if bytes[at].is_ascii_whitespace() {
            (1, false)
        } else if rest.starts_with("::") {
            (2, true)
        } else {
            let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            let one = rest.chars().next().map_or(1, char::len_utf8);
            (word.max(one), true)
        };
        let text = &rest[..length];
        if is_token {
            tokens.push(Token { text, line });
        }
        line += text.matches('\n').count();
        at += length;
    }
    tokens
}

/// Whether this token is an identifier or a keyword.
pub fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c == '_' || c.is_alphabetic())
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(next) = rest[at..].find(['/', '*']) {
        at += next;
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The length of the string or character literal that `rest` starts with, if it does.
fn literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let after = rest.strip_prefix(prefix);
        after.is_some_and(|after| {
            let after_hashes = after.trim_start_matches('#');
            let hashes = after_hashes.len() < after.len();
            after_hashes.starts_with('"') && (prefix.ends_with('r') || !hashes)
                || after.starts_with('\'') && ["", "b"].contains(prefix)
        })
    })?;
    let body = &rest[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = body.len() - body.trim_start_matches('#').len();
        let open = prefix.len() + hashes + 1;
        let close = format!("\"{}", "#".repeat(hashes));
        let end = rest[open..].find(&close).map(|end| open + end + close.len());
        return Some(end.unwrap_or(rest.len()));
    }
    let quote = body.chars().next()?;
    if quote == '\'' && is_lifetime(body) {
        return None;
    }
    let mut escaped = false;
    for (at, c) in body.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(prefix.len() + at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

fn is_lifetime(body: &str) -> bool {
    let mut chars = body.chars().skip(1);
    chars.next().is_some_and(is_word) && chars.next() != Some('\'')
}

#[test]
fn only_code_is_left() {
    let source = r##"
use a::b; // use c::d
/* use e; /* nested */ "still" */ fn f<'a>(x: &'a str) {
    let s = "use g::h \" //"; let c = '"'; let d = '\''; let e = b'x'; let g = b"use";
    let r = r#"use "i" //"#; let br = br"\"; last
}"##;
    let words: Vec<_> = tokens(source).iter().map(|token| token.text).collect();
    assert_eq!(
        words.join(" "),
        "use a :: b ; fn f < ' a > ( x : & ' a str ) { let s = ; let c = ; let d = ; let e = ; let g = ; \
         let r = ; let br = ; last }"
    );
    let last = *tokens(source).iter().rfind(|token| token.text == "last").unwrap();
    assert_eq!(last, Token { text: "last", line: 5 });
}

#[test]
fn unfinished_source_ends_somewhere() {
    for source in ["/* x", "\"x", "r#\"x", "'", "'\\", "b'", "é"] {
        tokens(source);
    }
}
