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
