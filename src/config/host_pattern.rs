//! Which hosts are meant: a name, where `*` stands for any characters, and a port or all.

use super::error::BadValue;
use std::fmt;
use std::str::FromStr;

/// One `--intercept` as it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    /// In lower case, without brackets.
    name: String,
    port: Option<u16>,
}

impl HostPattern {
    /// Whether it means this host on this port.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        self.port.is_none_or(|own| own == port) && glob(self.name.as_bytes(), host.as_bytes())
    }
}

impl FromStr for HostPattern {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        if text.contains("://") || text.contains('/') {
            return Err(BadValue::new(
                "expected a host such as `api.openai.com` or `*.openai.com`, not a URL",
            ));
        }
        // An IPv6 address has colons of its own.
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
            _ => (text, None),
        };
        let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port != 0));
        let name = name.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:*".contains(&byte);
        match port {
            Some(None) => Err(BadValue::new("the port is not a number from 1 to 65535")),
            _ if name.is_empty() || !name.bytes().all(fits) => {
                Err(BadValue::new("expected a host such as `api.openai.com` or `*.openai.com`"))
            }
            port => Ok(Self { name, port: port.flatten() }),
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) if self.name.contains(':') => write!(f, "[{}]:{port}", self.name),
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// Whether `text` is `pattern`, where `*` stands for any characters, none included.
fn glob(mut pattern: &[u8], mut text: &[u8]) -> bool {
    // After the last star, and how far the text had come there.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern.split_first(), text.split_first()) {
            (Some((b'*', rest)), _) => {
                retry = Some((rest, text));
                pattern = rest;
            }
            (Some((wanted, rest)), Some((found, after))) if wanted == found => {
                (pattern, text) = (rest, after);
            }
            (None, None) => return true,
            _ => {
                // The last star takes one more character.
                let Some((after_star, (_, further))) =
                    retry.and_then(|(rest, at)| Some((rest, at.split_first()?)))
                else {
                    return false;
                };
                retry = Some((after_star, further));
                (pattern, text) = (after_star, further);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_hosts() {
        for (pattern, host, port, expected) in [
            ("api.openai.com", "api.openai.com", 443, true),
            ("api.openai.com", "API.OpenAI.com.", 443, true),
            ("api.openai.com", "api.openai.com.evil.example", 443, false),
            ("*.openai.com", "api.openai.com", 443, true),
            ("*.openai.com", "a.b.openai.com", 443, true),
            ("*.openai.com", "openai.com", 443, false),
            ("*openai.com", "openai.com", 443, true),
            ("*", "anything", 1, true),
            ("a*b*c", "aXbYbZc", 443, true),
            ("a*b*c", "aXbYbZ", 443, false),
            ("api.openai.com:8443", "api.openai.com", 8443, true),
            ("api.openai.com:8443", "api.openai.com", 443, false),
            ("::1", "::1", 443, true),
            ("[::1]:8443", "::1", 8443, true),
            ("[::1]:8443", "::1", 443, false),
        ] {
            let parsed: HostPattern = pattern.parse().unwrap();
            assert_eq!(parsed.matches(host, port), expected, "{pattern} and {host}:{port}");
            let again: HostPattern = parsed.to_string().parse().unwrap();
            assert_eq!(again, parsed, "{pattern}");
        }
        for bad in ["", "https://api.openai.com", "a/b", "host:0", "host:x", "two words", ":443"] {
            assert!(bad.parse::<HostPattern>().is_err(), "{bad:?}");
        }
    }
}
