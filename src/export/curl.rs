//! Commands for a POSIX shell that send the requests again with curl.
//!
//! The key is a variable, the one in which the gateway's key is usually kept. Bodies that a shell cannot
//! quote, or an argument cannot hold, go through Base64. What a command cannot carry stands before it, a
//! comment each.

use super::{Export, Exported, Options, Outcome, json};
use crate::exchange::body::Side;
use crate::exchange::end::BodyEnd;
use crate::exchange::head::Headers;
use crate::exchange::text::{counted, printable};
use crate::gateway::keys::{self, HeaderKind};
use crate::gateway::profile;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The variable for the key of a gateway that has no usual one.
const ANY_KEY: &str = "API_KEY";

/// So long an argument may be: Linux allows 128 KiB.
const LONGEST_ARGUMENT: usize = 100_000;

/// Columns of a line of Base64.
const BASE64_COLUMNS: usize = 76;

/// Headers that curl writes by itself, from the URL and the body.
const OWN: [&str; 4] = ["host", "content-length", "connection", "keep-alive"];

#[derive(Debug)]
pub(super) struct Curl {
    has_one: bool,
    /// The variables for the keys of people's own gateways.
    variables: BTreeMap<String, String>,
}

impl Curl {
    pub(super) fn new(options: Options) -> Self {
        Self { has_one: false, variables: options.key_variables }
    }

    /// The variable that holds the key of that gateway.
    fn variable(&self, gateway: &str) -> &str {
        let usual = || profile::profile(gateway).map_or(ANY_KEY, |profile| profile.key_variable.as_str());
        self.variables.get(gateway).map_or_else(usual, String::as_str)
    }
}

impl Export for Curl {
    fn exchange(&mut self, one: &Exported, out: &mut dyn Write) -> io::Result<Outcome> {
        if one.exchange().request.method.eq_ignore_ascii_case("connect") {
            return Ok(Outcome::LeftOut("a tunnel was asked for"));
        }
        if std::mem::replace(&mut self.has_one, true) {
            writeln!(out)?;
        }
        let exchange = one.exchange();
        let command = Command::of(one, self.variable(&exchange.gateway));
        let status = exchange.response.as_ref().map_or_else(
            || "no answer".to_owned(),
            |head| format!("{} {}", head.status, one.whole.summary.verdict),
        );
        writeln!(out, "# exchange {}, {}, {status}", exchange.id, json::rfc3339(exchange.started_at))?;
        for warning in &command.warnings {
            writeln!(out, "# note: {}", printable(warning))?;
        }
        if command.variables {
            writeln!(out, "# {} holds the key", command.variable)?;
        }
        if let Some(encoded) = &command.encoded {
            out.write_all(b"base64 -d <<'BASE64' | ")?;
            write_command(&command.arguments, out)?;
            for line in encoded.as_bytes().chunks(BASE64_COLUMNS) {
                out.write_all(line)?;
                writeln!(out)?;
            }
            writeln!(out, "BASE64")?;
        } else {
            write_command(&command.arguments, out)?;
        }
        Ok(Outcome::Written)
    }
}

/// Writes the words, those that begin a flag on lines of their own.
fn write_command(arguments: &[Vec<u8>], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(b"curl")?;
    for argument in arguments {
        out.write_all(b" \\\n  ")?;
        out.write_all(argument)?;
    }
    writeln!(out)
}

/// A command as it takes shape. Its arguments are quoted already.
#[derive(Debug)]
struct Command<'a> {
    arguments: Vec<Vec<u8>>,
    warnings: Vec<String>,
    variable: &'a str,
    /// The variable stands in it.
    variables: bool,
    /// The body in Base64, where it comes on standard input.
    encoded: Option<String>,
}

impl<'a> Command<'a> {
    fn of(one: &Exported, variable: &'a str) -> Self {
        let exchange = one.exchange();
        let mut own =
            Self { arguments: Vec::new(), warnings: Vec::new(), variable, variables: false, encoded: None };
        own.method(one);
        own.url(&exchange.url);
        own.headers(one);
        own.body(one);
        own.remarks(one);
        own
    }

    fn flag(&mut self, flag: &str, value: &[u8]) {
        self.arguments.push([flag.as_bytes(), b" ", &quoted(value)].concat());
    }

    fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    fn method(&mut self, one: &Exported) {
        let method = one.exchange().request.method.as_str();
        let usual = if one.request.bytes.is_empty() { "GET" } else { "POST" };
        if method == "HEAD" {
            self.arguments.push(b"--head".to_vec());
        } else if method != usual {
            self.flag("-X", method.as_bytes());
        }
        if one.whole.summary.digest.streaming {
            self.arguments.push(b"--no-buffer".to_vec());
        }
    }

    /// The URL, with the variable where the query held a key.
    fn url(&mut self, url: &str) {
        if url.contains(['[', ']', '{', '}']) {
            self.arguments.push(b"--globoff".to_vec());
        }
        if ["/./", "/../"].iter().any(|dots| url.contains(dots))
            || url.ends_with("/..")
            || url.ends_with("/.")
        {
            self.arguments.push(b"--path-as-is".to_vec());
        }
        let mut word = Vec::new();
        let mut plain = String::new();
        for part in url.split_inclusive(['?', '&']) {
            let secret = part
                .split_once('=')
                .filter(|(name, _)| !name.contains("://") && keys::table().is_query_credential(name));
            let Some((name, value)) = secret else {
                plain.push_str(part);
                continue;
            };
            plain.push_str(name);
            plain.push('=');
            word.extend_from_slice(&quoted(plain.as_bytes()));
            word.extend_from_slice(self.reference().as_bytes());
            plain.clear();
            plain.extend(value.chars().rev().take_while(|c| matches!(c, '&' | '?')));
        }
        if !plain.is_empty() {
            word.extend_from_slice(&quoted(plain.as_bytes()));
        }
        if url.contains("*@") {
            self.warn("the URL held a user or a password: it is hidden");
        }
        if url.contains('#') {
            self.warn("curl does not send what follows a `#` in a URL");
        }
        self.arguments.push(word);
    }

    /// The variable as a word of its own.
    fn reference(&mut self) -> String {
        self.variables = true;
        format!("\"${}\"", self.variable)
    }

    fn headers(&mut self, one: &Exported) {
        let exchange = one.exchange();
        let headers = exchange.sent.as_ref().unwrap_or(&exchange.request.headers);
        let has = |name: &str| headers.first(name).is_some();
        for (name, value) in headers {
            self.header(name, value, one);
        }
        // What curl would add by itself.
        let body = !one.request.bytes.is_empty();
        for (name, is_added) in
            [("User-Agent", true), ("Accept", true), ("Content-Type", body), ("Expect", body)]
        {
            if is_added && !has(name) {
                self.flag("-H", format!("{name}:").as_bytes());
            }
        }
        if has("accept-encoding") {
            self.arguments.push(b"--compressed".to_vec());
        }
    }

    fn header(&mut self, name: &str, value: &[u8], one: &Exported) {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.starts_with(':') || OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            return;
        }
        if name.is_empty()
            || !name.bytes().all(is_token)
            || value.iter().any(|byte| (*byte < b' ' && *byte != b'\t') || *byte == 0x7f)
        {
            self.warn(format!("the header `{name}` has bytes that curl does not send: it is left out"));
            return;
        }
        match keys::table().header(name) {
            Some(HeaderKind::Key) => self.key(name, value, one),
            Some(_) => {
                self.warn(format!(
                    "the header `{name}` held a secret, which is not recorded: it is left out"
                ));
            }
            None if value.is_empty() => self.flag("-H", format!("{name};").as_bytes()),
            None => {
                if value.windows(8).any(|window| window == b"********") {
                    self.warn(format!("a part of the header `{name}` looked like a secret and is hidden"));
                }
                self.flag("-H", &[name.as_bytes(), b": ", value].concat());
            }
        }
    }

    /// The header with the key: the variable in its place, behind the scheme that was written.
    fn key(&mut self, name: &str, value: &[u8], one: &Exported) {
        let place = name.to_ascii_lowercase();
        let facts = one.exchange().credentials.iter().find(|facts| facts.place == place);
        if value.is_empty() {
            self.flag("-H", format!("{name};").as_bytes());
            return;
        }
        let defects: Vec<&str> =
            facts.iter().flat_map(|facts| &facts.defects).map(|defect| defect.as_str()).collect();
        if !defects.is_empty() {
            self.warn(format!(
                "the key in `{name}` was badly written ({}): here it is not",
                defects.join(", ")
            ));
        }
        let recorded = value.split(|byte| *byte == b' ').next().filter(|scheme| scheme.len() < value.len());
        let scheme = match facts {
            Some(facts) => facts.scheme.clone(),
            None => recorded.map(|scheme| String::from_utf8_lossy(scheme).into_owned()),
        };
        if scheme.as_deref().is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic")) {
            self.warn(format!(
                "the header `{name}` held a user and a password: {} holds both in Base64",
                self.variable
            ));
        }
        let lead = scheme.map_or_else(|| format!("{name}: "), |scheme| format!("{name}: {scheme} "));
        let reference = self.reference();
        self.arguments.push([b"-H ".as_slice(), &quoted(lead.as_bytes()), reference.as_bytes()].concat());
    }

    fn body(&mut self, one: &Exported) {
        let bytes = &one.request.bytes;
        let missing = one.missing(Side::Request);
        if missing > 0 {
            let missing = counted(missing, "byte");
            self.warn(format!("the body lacks {missing} that the recording does not have"));
        }
        if bytes.is_empty() {
            if one
                .exchange()
                .request
                .headers
                .first("content-length")
                .is_some_and(|length| length.as_ref() == b"0")
            {
                self.flag("-H", b"Content-Length: 0");
            }
            return;
        }
        if one.exchange().request.method == "HEAD" {
            self.warn("curl sends no body with HEAD: it is left out");
            return;
        }
        if bytes.len() <= LONGEST_ARGUMENT && is_plain(bytes) {
            self.flag("--data-raw", bytes);
        } else {
            self.encoded = Some(BASE64.encode(bytes));
            self.flag("--data-binary", b"@-");
        }
    }

    fn remarks(&mut self, one: &Exported) {
        let exchange = one.exchange();
        if let Some(BodyEnd::Broken { by, detail }) = &exchange.request_end {
            self.warn(format!("the request was broken off by the {}: {detail}", by.as_str()));
        }
        if !exchange.request_trailers.is_empty() {
            self.warn("the request had trailers: curl sends none");
        }
        if exchange.response.as_ref().is_some_and(|head| head.status == 101) {
            self.warn("the connection went on with another protocol: curl only asks for that");
        }
        if let Some(fault) = &exchange.fault {
            self.warn(format!("gatetap had injected the fault `{fault}`"));
        }
        if exchange.request.version == "HTTP/2" {
            self.warn("it was sent over HTTP/2: over HTTP/1.1 headers may be spelled in another way");
            self.arguments.push(b"--http2".to_vec());
        } else if has_repeated(&exchange.request.headers, "host") {
            self.warn("the request had more than one `Host`: curl sends one");
        }
    }
}

fn has_repeated(headers: &Headers, name: &str) -> bool {
    headers.all(name).count() > 1
}

/// Whether a body can stand in a command as it is, and a terminal that shows it does nothing.
fn is_plain(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        let shown: String = text.chars().filter(|c| !matches!(c, '\n' | '\t')).collect();
        printable(&shown) == shown
    })
}

/// The word that a POSIX shell reads as these bytes.
fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut word = Vec::with_capacity(bytes.len() + 2);
    word.push(b'\'');
    for byte in bytes {
        match byte {
            b'\'' => word.extend_from_slice(b"'\\''"),
            byte => word.push(*byte),
        }
    }
    word.push(b'\'');
    word
}
