//! `[gateways.NAME]`: gateways that the file knows by a name of its own.

use super::error::{BadValue, Error};
use super::file::Entry;
use super::upstream::{Route, Upstream};
use crate::exchange::nearest::nearest;
use crate::gateway::Gateway;
use crate::gateway::keys;
use crate::gateway::mask::mask_text;
use crate::gateway::profile::{Profile, profile, profiles};
use crate::gateway::set_header::SetHeader;
use http::{HeaderName, HeaderValue};
use std::path::PathBuf;
use std::str::FromStr;

const KEYS: [&str; 5] = ["base_url", "like", "key_env", "ca", "headers"];

/// Words that mean another upstream already.
const TAKEN: [&str; 2] = ["sim", "replay"];

/// A gateway that the file knows by name.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfiguredGateway {
    /// Where it is, under its name.
    pub gateway: Gateway,
    /// What is documented of it, or of the one that it answers like.
    pub profile: Option<&'static Profile>,
    /// The environment variable that holds its key.
    pub key_env: Option<String>,
    /// Files of roots that are believed for it, beside the others.
    pub ca: Vec<PathBuf>,
    /// What is set in requests to it.
    pub headers: Vec<HeaderGiven>,
}

/// A header as the file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderGiven {
    /// The name.
    pub name: HeaderName,
    /// The value, or what stands before that of the variable.
    pub value: String,
    /// The environment variable whose value follows.
    pub variable: Option<String>,
}

/// Why a header cannot be set whose value comes from a variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{variable}`, which the header `{header}` of gateway `{gateway}` is taken from, {what}")]
pub struct BadVariable {
    /// The variable.
    pub variable: String,
    /// The header.
    pub header: HeaderName,
    /// The gateway.
    pub gateway: String,
    /// What is wrong with it.
    pub what: &'static str,
}

impl ConfiguredGateway {
    /// Its name, and that of the known gateway which it answers like.
    pub(super) fn alike(&self) -> Option<(String, &'static str)> {
        self.profile.map(|profile| (self.gateway.name.clone(), profile.name.as_str()))
    }

    /// The environment variable that holds its key: as the file says, else the usual one where it stands for a
    /// gateway that is built in. The key of such a one goes to it alone, not to who answers like it.
    pub fn key_variable(&self) -> Option<&str> {
        let origin = format!("{}/", self.gateway.origin());
        let built_in = self.profile.filter(|profile| profile.base_url.starts_with(&origin));
        self.key_env.as_deref().or_else(|| built_in.map(|profile| profile.key_variable.as_str()))
    }

    /// The headers, with the values of their variables.
    ///
    /// # Errors
    /// Where a variable is not set, or holds what cannot be a header or could not be hidden.
    pub fn set_headers(
        &self,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Vec<SetHeader>, BadVariable> {
        self.headers.iter().map(|header| header.set(&self.gateway.name, &variable)).collect()
    }
}

impl HeaderGiven {
    fn set(&self, gateway: &str, read: impl Fn(&str) -> Option<String>) -> Result<SetHeader, BadVariable> {
        let bad = |what| BadVariable {
            variable: self.variable.clone().unwrap_or_default(),
            header: self.name.clone(),
            gateway: gateway.to_owned(),
            what,
        };
        let secret = match &self.variable {
            None => None,
            Some(variable) => {
                let value = read(variable).filter(|value| !value.is_empty());
                Some(value.ok_or_else(|| bad("is not set"))?)
            }
        };
        if secret.as_ref().is_some_and(|secret| secret.len() < crate::gateway::set_header::SHORTEST_SECRET) {
            return Err(bad("is too short to be hidden in a recording: it wants 8 characters"));
        }
        let whole = format!("{}{}", self.value, secret.as_deref().unwrap_or_default());
        let mut value = HeaderValue::try_from(whole).map_err(|_not_text| bad("cannot stand in a header"))?;
        value.set_sensitive(secret.is_some());
        Ok(SetHeader { name: self.name.clone(), value, secret })
    }
}

/// A name of a gateway in the file that `text` is nearest to, or all that there are.
pub(super) fn suggestion(text: &str, gateways: &[ConfiguredGateway]) -> Option<String> {
    let names = gateways.iter().map(|configured| configured.gateway.name.as_str());
    nearest(text, names).map(|near| format!("unknown gateway `{text}`; did you mean `{near}`?"))
}

/// The profile of that name.
struct Like(&'static Profile);

impl FromStr for Like {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        profile(text).map(Self).ok_or_else(|| {
            let names = || profiles().iter().map(|profile| profile.name.as_str());
            BadValue::new(match nearest(text, names()) {
                Some(near) => format!("no gateway `{text}` is built in; did you mean `{near}`?"),
                None => format!(
                    "no gateway `{text}` is built in: there are {}",
                    names().collect::<Vec<_>>().join(", ")
                ),
            })
        })
    }
}

impl Entry<'_> {
    /// What the table `gateways` says.
    pub(super) fn gateways(&self) -> Result<Vec<ConfiguredGateway>, Error> {
        self.members("a table for each gateway: `[gateways.NAME]`")?.map(|entry| entry.gateway()).collect()
    }

    fn gateway(&self) -> Result<ConfiguredGateway, Error> {
        let name = self.name;
        Route::check_name(name).map_err(|error| self.wrong(error))?;
        if TAKEN.contains(&name) {
            return Err(self.wrong(BadValue::new(format!("`{name}` means something else as an upstream"))));
        }
        let known = profile(name);
        let (mut base_url, mut like, mut key_env) = (None, None, None);
        let (mut ca, mut headers) = (Vec::new(), Vec::new());
        for entry in self.members("a table")? {
            match entry.name {
                "base_url" => {
                    let parsed = Gateway::parse_url(entry.text()?);
                    let parsed = parsed.map_err(|error| entry.wrong(BadValue::new(error.to_string())))?;
                    base_url = Some(parsed);
                }
                "like" => like = Some(entry.parsed::<Like>()?.0),
                "key_env" => key_env = Some(entry.variable(entry.text()?)?),
                "ca" => ca = entry.paths()?,
                "headers" => headers = entry.headers()?,
                _ => return Err(entry.unknown(&KEYS)),
            }
        }
        let gateway = base_url.or_else(|| Gateway::parse(&known?.base_url).ok());
        let gateway =
            gateway.ok_or_else(|| self.expected("a `base_url`, for it is no gateway that is built in"))?;
        let profile = like.or(known).or_else(|| gateway.profile());
        Ok(ConfiguredGateway {
            gateway: Gateway { name: name.to_owned(), ..gateway },
            profile,
            key_env,
            ca,
            headers,
        })
    }

    fn variable(&self, name: &str) -> Result<String, Error> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(fits) || keys::table().shape_of(name.as_bytes()).is_some() {
            // It may be the key itself.
            return Err(self.expected("the name of an environment variable"));
        }
        Ok(name.to_owned())
    }

    fn headers(&self) -> Result<Vec<HeaderGiven>, Error> {
        let members = self.members("a table of `name = \"value\"`")?;
        members.map(|entry| entry.header()).collect()
    }

    fn header(&self) -> Result<HeaderGiven, Error> {
        let name = HeaderName::try_from(self.name)
            .map_err(|_no_token| self.wrong(BadValue::new("the key is no name of a header")))?;
        if !SetHeader::is_allowed(name.as_str()) {
            let says = format!("`{name}` is gatetap's own to say");
            return Err(self.wrong(BadValue::new(says)));
        }
        let text = self.text()?;
        let from_variable =
            text.split_once("env:").filter(|(before, _)| before.is_empty() || before.ends_with(' '));
        let (value, variable) = match from_variable {
            Some((before, variable)) => (before, Some(self.variable(variable)?)),
            None => (text, None),
        };
        let looks_secret = mask_text(value.as_bytes()) != value.as_bytes();
        let is_credential = keys::table().header(name.as_str()).is_some();
        if looks_secret || is_credential && variable.is_none() {
            let says = "a key never stands in this file: write `env:VARIABLE`, and set the variable";
            return Err(self.wrong(BadValue::new(says)));
        }
        HeaderValue::try_from(value)
            .map_err(|_not_text| self.wrong(BadValue::new("the value cannot stand in a header")))?;
        Ok(HeaderGiven { name, value: value.to_owned(), variable })
    }
}

/// The upstream that the file calls by that name.
pub(super) fn named(name: &str, gateways: &[ConfiguredGateway]) -> Option<Upstream> {
    let found = gateways.iter().find(|configured| configured.gateway.name == name);
    found.map(|configured| Upstream::Gateway(configured.gateway.clone()))
}
