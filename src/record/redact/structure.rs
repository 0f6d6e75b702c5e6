//! `--redact-bodies`: what is left of a body when its text may not be kept. Every length stays.
//!
//! Of JSON the structure stays: members, numbers, literals, and the few strings that say what kind of
//! thing something is ([`KEPT`]). Every other string becomes asterisks. Numbers in arrays become ones:
//! prompts come as token numbers too, and vectors give their text away. Of an event stream the fields
//! stay. Whatever is neither becomes asterisks up to its line ends.

use super::sheet::HIDDEN;

/// Members whose strings stay, as far as they look like a name and not like a text.
const KEPT: [&str; 24] = [
    "call_id",
    "code",
    "error_type",
    "finish_reason",
    "generation_id",
    "id",
    "item_id",
    "model",
    "native_finish_reason",
    "object",
    "previous_response_id",
    "provider",
    "reason",
    "request_id",
    "response_id",
    "role",
    "service_tier",
    "status",
    "stop_reason",
    "system_fingerprint",
    "tool_call_id",
    "tool_use_id",
    "type",
    "version",
];

/// Members below which nothing stays but brackets: they hold the user's own names and numbers.
const OPAQUE: [&str; 9] = [
    "arguments",
    "input",
    "input_schema",
    "json_schema",
    "logit_bias",
    "metadata",
    "parameters",
    "properties",
    "schema",
];

/// Words that JSON and streams have outside of strings.
const WORDS: [&[u8]; 4] = [b"true", b"false", b"null", b"DONE"];

/// The fields of an event stream.
const FIELDS: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];

/// The longest string that counts as a name.
const LONGEST_NAME: usize = 64;

/// What is nested deeper is opaque.
const DEEPEST: usize = 128;

/// The place in the body.
#[derive(Debug, Default)]
pub(super) struct Structure {
    kind: Kind,
    line: Line,
    json: Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Unknown,
    /// One JSON text, or several.
    Json,
    /// Lines, as an event stream has them.
    Lines,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Line {
    #[default]
    Begun,
    /// So many bytes of this field's name.
    Field(usize, usize),
    Data,
    /// A field whose value is a name, as far as it is.
    Name,
    Hidden,
}

#[derive(Debug, Default)]
struct Json {
    stack: Vec<Frame>,
    /// Brackets beyond the deepest.
    deeper: usize,
    /// The name of the member that is read or was read last.
    name: Vec<u8>,
    string: Option<InString>,
    /// The letters of a word outside of strings.
    word: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    is_object: bool,
    is_opaque: bool,
    /// A member's name comes next.
    wants_name: bool,
}

#[derive(Debug, Clone, Copy)]
struct InString {
    escaped: bool,
    is_name: bool,
    /// So many more bytes may be kept.
    kept: usize,
}

impl Structure {
    /// Redacts the next bytes of the body.
    pub(super) fn push(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            if self.kind == Kind::Unknown && !is_space(*byte) {
                self.kind = if matches!(*byte, b'{' | b'[' | b'"') { Kind::Json } else { Kind::Lines };
            }
            *byte = match self.kind {
                Kind::Unknown => *byte,
                Kind::Json => self.json.step(*byte),
                Kind::Lines => self.step_line(*byte),
            };
        }
    }

    fn step_line(&mut self, byte: u8) -> u8 {
        if matches!(byte, b'\n' | b'\r') {
            self.line = Line::Begun;
            self.json = Json::default();
            return byte;
        }
        let known = |index: usize, at: usize| FIELDS.get(index).and_then(|field| field.get(at)).copied();
        match self.line {
            Line::Begun => {
                let field = (0..FIELDS.len()).find(|index| known(*index, 0) == Some(byte));
                self.line = field.map_or(Line::Hidden, |index| Line::Field(index, 1));
                if field.is_some() || byte == b':' { byte } else { HIDDEN }
            }
            Line::Field(index, at) if known(index, at) == Some(byte) => {
                self.line = match (known(index, at + 1), index) {
                    (Some(_), _) => Line::Field(index, at + 1),
                    (None, 0) => Line::Data,
                    (None, _) => Line::Name,
                };
                byte
            }
            Line::Data => self.json.step(byte),
            Line::Name if is_of_name(byte) || byte == b' ' => byte,
            Line::Field(..) | Line::Name | Line::Hidden => {
                self.line = Line::Hidden;
                if byte == b' ' { byte } else { HIDDEN }
            }
        }
    }
}

impl Json {
    fn step(&mut self, byte: u8) -> u8 {
        if let Some(string) = self.string {
            return self.inside(string, byte);
        }
        if byte.is_ascii_alphabetic() {
            return self.letter(byte);
        }
        self.word.clear();
        match byte {
            b'"' => {
                self.open_string();
                byte
            }
            b'{' | b'[' => {
                self.open(byte == b'{');
                byte
            }
            b'}' | b']' => {
                if self.deeper > 0 {
                    self.deeper -= 1;
                } else {
                    self.stack.pop();
                }
                byte
            }
            b',' => {
                if let Some(top) = self.stack.last_mut() {
                    top.wants_name = top.is_object;
                }
                byte
            }
            b'0'..=b'9' if self.hides_numbers() => b'1',
            b':' | b'0'..=b'9' | b'-' | b'+' | b'.' => byte,
            _ if is_space(byte) => byte,
            _ => HIDDEN,
        }
    }

    fn inside(&mut self, mut string: InString, byte: u8) -> u8 {
        if byte == b'"' && !string.escaped {
            self.string = None;
            return byte;
        }
        string.escaped = byte == b'\\' && !string.escaped;
        if string.is_name && self.name.len() < LONGEST_NAME {
            self.name.push(byte);
        }
        string.kept = if is_of_name(byte) { string.kept.saturating_sub(1) } else { 0 };
        self.string = Some(string);
        if string.kept > 0 { byte } else { HIDDEN }
    }

    /// The letters outside of strings: those of a known word, and the exponent of a number.
    fn letter(&mut self, byte: u8) -> u8 {
        self.word.push(byte);
        let is_known = WORDS.iter().any(|word| word.starts_with(&self.word));
        self.word.truncate(8);
        if is_known || (self.word.len() == 1 && matches!(byte, b'e' | b'E')) { byte } else { HIDDEN }
    }

    fn open_string(&mut self) {
        let top = self.stack.last().copied();
        let is_opaque = self.is_opaque();
        let is_name = top.is_some_and(|top| top.is_object && top.wants_name);
        let is_kept = top.is_some_and(|top| top.is_object) && is_listed(&KEPT, &self.name);
        if is_name {
            self.name.clear();
            if let Some(top) = self.stack.last_mut() {
                top.wants_name = false;
            }
        }
        let kept = if !is_opaque && (is_name || is_kept) { LONGEST_NAME + 1 } else { 0 };
        self.string = Some(InString { escaped: false, is_name, kept });
    }

    fn open(&mut self, is_object: bool) {
        let named_opaque =
            self.stack.last().is_some_and(|top| top.is_object) && is_listed(&OPAQUE, &self.name);
        // A list of messages goes by the name of `input` too.
        let is_opaque = self.is_opaque() || (named_opaque && (is_object || self.name != b"input"));
        if self.stack.len() < DEEPEST {
            self.stack.push(Frame { is_object, is_opaque, wants_name: is_object });
        } else {
            self.deeper += 1;
        }
    }

    fn is_opaque(&self) -> bool {
        self.deeper > 0 || self.stack.len() >= DEEPEST || self.stack.last().is_some_and(|top| top.is_opaque)
    }

    fn hides_numbers(&self) -> bool {
        self.is_opaque() || self.stack.last().is_none_or(|top| !top.is_object)
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether names of models, kinds and ids hold this byte.
const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'/' | b'@' | b'$')
}

fn is_listed(list: &[&str], name: &[u8]) -> bool {
    list.iter().any(|known| known.as_bytes() == name)
}
