//! JSON as text: indented without being understood, so that numbers keep their digits, keys their order
//! and strings their escapes.

/// Beyond this depth lines are not moved any further: no screen is that wide, and no body may make the
/// indented text much larger than itself.
const DEEPEST_INDENT: usize = 32;

/// A piece of JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// `{` or `[`.
    Open(&'a str),
    /// `}` or `]`.
    Close(&'a str),
    /// `,`.
    Comma,
    /// `:`.
    Colon,
    /// A string with its quotes.
    Text(&'a str),
    /// A number, `true`, `false`, `null`, or anything else that stands bare.
    Bare(&'a str),
}

/// The tokens of `text`, white space left out. A string that does not end is its last, bare token.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    token_indices(text).map(|(_, token)| token)
}

/// The tokens of `text`, each with the offset of its first byte.
fn token_indices(text: &str) -> impl Iterator<Item = (usize, Token<'_>)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let at = text.len() - rest.len();
        let length = token_length(rest)?;
        let (token, after) = rest.split_at_checked(length)?;
        rest = after;
        let token = match token.as_bytes() {
            b"{" | b"[" => Token::Open(token),
            b"}" | b"]" => Token::Close(token),
            b"," => Token::Comma,
            b":" => Token::Colon,
            [b'"', .., b'"'] if ends_whole(token) => Token::Text(token),
            _ => Token::Bare(token),
        };
        Some((at, token))
    })
}

/// What the texts of a stream have in common, as far as it was read. They say the same again and again, and
/// something new near their end.
#[derive(Debug, Default)]
pub(super) struct Repeated {
    /// Where the name stands that was found last, and the colon behind it.
    name: usize,
    colon: usize,
}

impl Repeated {
    /// `text` from the name on whose value is the first to differ from `before`; all of it, where they differ
    /// from the start or are the same. A number that counts the texts is no news. `before` is the text of the
    /// call before.
    pub(super) fn news<'a>(&mut self, before: &str, text: &'a str) -> &'a str {
        let new = self.difference(before, text);
        let rest_before = before.get(text.len() - new.len()..).and_then(after_count);
        match rest_before.zip(after_count(new)) {
            Some((before, rest)) => Self::default().difference(before, rest),
            None => new,
        }
    }

    /// What differs first, whatever it is.
    fn difference<'a>(&mut self, before: &str, text: &'a str) -> &'a str {
        let same = common(before.as_bytes(), text.as_bytes());
        // Up to the last colon this text is the one before, and need not be read again.
        if same <= self.colon {
            (self.name, self.colon) = (0, 0);
        }
        if same == text.len() {
            return text;
        }
        let read = self.name;
        let mut last = None;
        for (at, token) in token_indices(text.get(read..).unwrap_or_default()) {
            if read + at >= same {
                break;
            }
            if let (Some((name, Token::Text(_))), Token::Colon) = (last, token) {
                (self.name, self.colon) = (read + name, read + at);
            }
            last = Some((at, token));
        }
        text.get(self.name..).unwrap_or(text)
    }
}

/// What follows the number that the Responses API counts its events with, where `text` begins with that.
fn after_count(text: &str) -> Option<&str> {
    let number = text.strip_prefix("\"sequence_number\":")?;
    number.trim_start_matches(|c: char| c == ' ' || c.is_ascii_digit()).strip_prefix(',')
}

/// How many bytes two texts have in common at their start.
fn common(one: &[u8], other: &[u8]) -> usize {
    const STEP: usize = 32;
    let steps = one.chunks_exact(STEP).zip(other.chunks_exact(STEP));
    let alike = steps.take_while(|(one, other)| one == other).count() * STEP;
    let rest = one.iter().skip(alike).zip(other.iter().skip(alike));
    alike + rest.take_while(|(one, other)| one == other).count()
}

/// `text` without the white space between its tokens; `None` where it is no JSON.
pub(super) fn compact(text: &str) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).ok()?;
    let token = |token| match token {
        Token::Open(text) | Token::Close(text) | Token::Text(text) | Token::Bare(text) => text,
        Token::Comma => ",",
        Token::Colon => ":",
    };
    Some(tokens(text).map(token).collect())
}

/// `text` as indented lines; `None` unless it is one object or array whose brackets and strings are
/// closed. More than that is not looked at.
pub(super) fn indent(text: &str) -> Option<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut open: Vec<u8> = Vec::new();
    let mut before = None;
    for token in tokens(text) {
        // One value is enough; what follows it is not JSON.
        if before.is_some() && open.is_empty() {
            return None;
        }
        let empty_pair = matches!((before, token), (Some(Token::Open(_)), Token::Close(_)));
        if let Token::Close(bracket) = token {
            if open.pop()? != opener(bracket) {
                return None;
            }
            if !empty_pair {
                lines.push(std::mem::replace(&mut line, margin(open.len())));
            }
        } else if matches!(before, Some(Token::Open(_) | Token::Comma)) {
            lines.push(std::mem::replace(&mut line, margin(open.len())));
        }
        match token {
            Token::Open(bracket) => {
                line.push_str(bracket);
                open.push(*bracket.as_bytes().first()?);
            }
            Token::Close(bracket) => line.push_str(bracket),
            Token::Comma => line.push(','),
            Token::Colon => line.push_str(": "),
            Token::Text(text) => line.push_str(text),
            Token::Bare(text) if text.starts_with('"') || open.is_empty() => return None,
            Token::Bare(text) => line.push_str(text),
        }
        before = Some(token);
    }
    if !open.is_empty() || !matches!(before, Some(Token::Close(_))) {
        return None;
    }
    lines.push(line);
    Some(lines)
}

/// A level of nesting on the way to a value.
enum Level {
    /// In an object, at the member of this name.
    Member(String),
    /// In an array, at the element of this number.
    Element(usize),
}

/// The line, of indented JSON, on which the value of a JSON pointer (RFC 6901) begins.
pub(super) fn line_of(lines: &[String], pointer: &str) -> Option<usize> {
    let wanted: Vec<String> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    let mut path: Vec<Level> = Vec::new();
    for (nth, line) in lines.iter().enumerate() {
        let mut tokens = tokens(line).peekable();
        while let Some(token) = tokens.next() {
            let is_name = matches!(tokens.peek(), Some(Token::Colon));
            if let (Token::Text(name), true, Some(Level::Member(member))) = (token, is_name, path.last_mut())
            {
                *member = serde_json::from_str(name).unwrap_or_else(|_| name.trim_matches('"').to_owned());
                continue;
            }
            match token {
                Token::Colon => continue,
                Token::Comma => {
                    if let Some(Level::Element(element)) = path.last_mut() {
                        *element += 1;
                    }
                    continue;
                }
                Token::Close(_) => {
                    path.pop();
                    continue;
                }
                Token::Open(_) | Token::Text(_) | Token::Bare(_) => {}
            }
            let is_here = path.len() == wanted.len()
                && path.iter().zip(&wanted).all(|(level, part)| match level {
                    Level::Member(name) => name == part,
                    Level::Element(number) => part.parse() == Ok(*number),
                });
            if is_here {
                return Some(nth);
            }
            match token {
                Token::Open("{") => path.push(Level::Member(String::new())),
                Token::Open(_) => path.push(Level::Element(0)),
                _ => {}
            }
        }
    }
    None
}

fn opener(closing: &str) -> u8 {
    if closing == "}" { b'{' } else { b'[' }
}

fn margin(depth: usize) -> String {
    "  ".repeat(depth.min(DEEPEST_INDENT))
}

/// The length of the token that `rest` begins with; `None` at the end.
fn token_length(rest: &str) -> Option<usize> {
    let bytes = rest.as_bytes();
    Some(match bytes.first()? {
        b'{' | b'}' | b'[' | b']' | b',' | b':' => 1,
        b'"' => {
            let mut escaped = false;
            bytes
                .iter()
                .skip(1)
                .position(|&byte| {
                    let ends = byte == b'"' && !escaped;
                    escaped = byte == b'\\' && !escaped;
                    ends
                })
                .map_or(bytes.len(), |at| at + 2)
        }
        _ => bytes.iter().position(|byte| b"{}[],:\" \t\r\n".contains(byte)).unwrap_or(bytes.len()),
    })
}

/// Whether a token that begins and ends with a quote ends with one that is not escaped.
fn ends_whole(token: &str) -> bool {
    let inside = token.strip_suffix('"').unwrap_or(token);
    let escapes = inside.len() - inside.trim_end_matches('\\').len();
    escapes.is_multiple_of(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_is_indented_and_nothing_in_it_is_changed() {
        for (text, lines) in [
            ("{}", vec!["{}"]),
            (" [ ] ", vec!["[]"]),
            (
                r#"{"b":1.00,"a":[1e400,{"x":{}}],"b":"\u00e4 \" { ["}"#,
                vec![
                    "{",
                    "  \"b\": 1.00,",
                    "  \"a\": [",
                    "    1e400,",
                    "    {",
                    "      \"x\": {}",
                    "    }",
                    "  ],",
                    "  \"b\": \"\\u00e4 \\\" { [\"",
                    "}",
                ],
            ),
        ] {
            assert_eq!(indent(text).unwrap(), lines, "{text}");
        }
    }

    #[test]
    fn broken_json_is_not_indented() {
        for text in
            ["", "plain", "\"text\"", "12", "{", "{]", "]", "{\"a\": \"b", "{} {}", "{}}", "{\"a\":\"\\\"}"]
        {
            assert_eq!(indent(text), None, "{text}");
        }
    }

    #[test]
    fn a_pointer_leads_to_its_line() {
        let lines = indent(r#"{"a/b":[1,{"x":[],"y":{"z":"v"}}],"c":{},"d":7}"#).unwrap();
        for (pointer, line) in [
            ("", Some("{")),
            ("/a~1b", Some("  \"a/b\": [")),
            ("/a~1b/0", Some("    1,")),
            ("/a~1b/1/x", Some("      \"x\": [],")),
            ("/a~1b/1/y/z", Some("        \"z\": \"v\"")),
            ("/c", Some("  \"c\": {},")),
            ("/d", Some("  \"d\": 7")),
            ("/a~1b/2", None),
            ("/e", None),
        ] {
            let found = line_of(&lines, pointer).and_then(|nth| lines.get(nth)).map(String::as_str);
            assert_eq!(found, line, "{pointer}");
        }
    }

    #[test]
    fn what_an_event_repeats_is_left_out() {
        let before = r#"{"id":"c1","choices":[{"index":0,"delta":{"content":"a, \\"b"}}]}"#;
        for (text, shown) in [
            (
                r#"{"id":"c1","choices":[{"index":0,"delta":{"content":"a, \\"c"}}]}"#,
                r#""content":"a, \\"c"}}]}"#,
            ),
            (r#"{"id":"c1","choices":[{"index":0,"delta":{}}]}"#, r#""delta":{}}]}"#),
            (r#"{"id":"c1","usage":null}"#, r#""id":"c1","usage":null}"#),
            (r#"{"id":"c2"}"#, r#""id":"c2"}"#),
            ("[DONE]", "[DONE]"),
            (before, before),
            ("", ""),
        ] {
            assert_eq!(Repeated::default().news(before, text), shown);
        }
    }

    #[test]
    fn a_count_of_events_is_no_news() {
        let event = |count: u32, delta: &str| {
            format!(
                r#"{{"type":"d","sequence_number":{count},"item_id":"m","delta":"{delta}","logprobs":[]}}"#
            )
        };
        for (before, text, shown) in [
            (event(9, "one"), event(10, "two"), r#""delta":"two","logprobs":[]}"#),
            (event(45, "two"), event(46, "three"), r#""delta":"three","logprobs":[]}"#),
            (event(45, "same"), event(46, "same"), r#""item_id":"m","delta":"same","logprobs":[]}"#),
        ] {
            assert_eq!(Repeated::default().news(&before, &text), shown);
        }
    }

    proptest! {
        #[test]
        fn what_was_read_before_need_not_be_read_again(
            texts in prop::collection::vec(r#"\{("[ab]":(1|"x"|\{"c":[0-9]{1,3}\}),?){0,4}\}?"#, 2..12),
        ) {
            let mut repeated = Repeated::default();
            for pair in texts.windows(2) {
                let [before, text] = pair else { unreachable!() };
                let anew = Repeated::default().news(before, text);
                prop_assert_eq!(repeated.news(before, text), anew);
            }
        }

        #[test]
        fn any_text_is_read_and_none_of_it_is_lost(text in r#"[{}\[\],:" \\a1é]{0,40}"#) {
            let seen: String = tokens(&text)
                .map(|token| match token {
                    Token::Open(piece) | Token::Close(piece) | Token::Text(piece) | Token::Bare(piece) => piece,
                    Token::Comma => ",",
                    Token::Colon => ":",
                })
                .collect();
            let bare = |text: &str| text.replace(' ', "");
            prop_assert_eq!(bare(&seen), bare(&text));
            if let Some(lines) = indent(&text) {
                prop_assert_eq!(bare(&lines.concat()), bare(&text));
            }
        }
    }
}
