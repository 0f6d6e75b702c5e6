//! JSON, indented as text: order, numbers and escapes stay as they are, and broken JSON is shown as far
//! as it goes.

/// Deeper levels are not indented further.
const DEEPEST: usize = 32;

/// Whether `text` begins as a JSON object or array does.
pub(super) fn looks_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// `text`, indented; stops soon after `limit` bytes and says whether it did.
pub(super) fn indent(text: &str, limit: usize) -> (String, bool) {
    let mut out = Out::default();
    let mut chars = text.chars().peekable();
    let mut in_string = false;
    let mut after_blank = false;
    while let Some(c) = chars.next() {
        if out.text.len() > limit {
            return (out.text, true);
        }
        if in_string {
            out.text.push(c);
            match c {
                '\\' => out.text.extend(chars.next()),
                '"' => in_string = false,
                _ => {}
            }
            continue;
        }
        if c.is_ascii_whitespace() {
            after_blank = true;
            continue;
        }
        out.separate(c, after_blank);
        after_blank = false;
        match c {
            '{' | '[' => {
                out.text.push(c);
                while chars.next_if(char::is_ascii_whitespace).is_some() {}
                let closing = if c == '{' { '}' } else { ']' };
                match chars.next_if_eq(&closing) {
                    Some(closing) => out.text.push(closing),
                    None => out.open(),
                }
            }
            '}' | ']' => {
                out.close();
                out.text.push(c);
            }
            ',' => {
                out.text.push(c);
                out.line();
            }
            ':' => out.text.push_str(": "),
            _ => {
                in_string = c == '"';
                out.text.push(c);
            }
        }
    }
    out.text.truncate(out.text.trim_end().len());
    (out.text, false)
}

#[derive(Default)]
struct Out {
    text: String,
    depth: usize,
}

impl Out {
    fn line(&mut self) {
        if self.text.is_empty() {
            return;
        }
        self.text.push('\n');
        for _ in 0..self.depth.min(DEEPEST) {
            self.text.push_str("  ");
        }
    }

    fn open(&mut self) {
        self.depth += 1;
        self.line();
    }

    fn close(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.line();
    }

    /// Keeps apart what blanks kept apart: values that follow each other.
    fn separate(&mut self, next: char, after_blank: bool) {
        let follows_value =
            self.text.ends_with(|last: char| last.is_alphanumeric() || matches!(last, '"' | '}' | ']'));
        if !follows_value || matches!(next, ',' | ':' | '}' | ']') {
            return;
        }
        if self.depth == 0 {
            if after_blank || matches!(next, '{' | '[') {
                self.text.push('\n');
            }
        } else if after_blank {
            self.text.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn json_is_indented_and_nothing_else_is_changed() {
        for (text, indented) in [
            ("{}", "{}"),
            ("[ ]", "[]"),
            (r#"{"b":1.0,"a":1e400}"#, "{\n  \"b\": 1.0,\n  \"a\": 1e400\n}"),
            ("{ \"a\" : [ 1 , {} ] }\n", "{\n  \"a\": [\n    1,\n    {}\n  ]\n}"),
            (r#"["{,\"}:[", "\u00e4\\"]"#, "[\n  \"{,\\\"}:[\",\n  \"\\u00e4\\\\\"\n]"),
            // Lines of JSON stay lines.
            ("{\"a\":1}\n{\"a\":2}", "{\n  \"a\": 1\n}\n{\n  \"a\": 2\n}"),
            // What is broken is shown as far as it goes.
            ("{\"a\":[1,\"tex", "{\n  \"a\": [\n    1,\n    \"tex"),
            ("{\"a\" \"b\"", "{\n  \"a\" \"b\""),
            ("]]", "]\n]"),
            ("{\"a\":tru e}", "{\n  \"a\": tru e\n}"),
        ] {
            assert_eq!(indent(text, 1000).0, indented, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_cut() {
        let (text, is_cut) = indent(&"[".repeat(1_000_000), 1000);
        assert!(is_cut && text.len() < 1100, "{}", text.len());
    }

    proptest! {
        #[test]
        fn only_blanks_outside_of_strings_change(text in r#"[\[\]{},: "\\a1\n]{0,60}"#) {
            let bare = |text: &str| text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&indent(&text, usize::MAX).0), bare(&text));
        }
    }
}
