//! `gatetap.toml`.

use super::Directories;
use super::error::{BadValue, Error};
use super::faults;
use super::gateways::ConfiguredGateway;
use super::listen::Listen;
use super::log::LogGiven;
use super::replay::ReplaySettings;
use super::retention::{Age, Size};
use super::sim::SimSettings;
use super::span::Patience;
use super::tls::TlsGiven;
use super::upstream::{Route, Upstream, UpstreamGiven};
use crate::check;
use crate::exchange::nearest::nearest;
use crate::fault::{Rule, spec};
use crate::store::Retention;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The name of the file.
pub const FILE_NAME: &str = "gatetap.toml";

/// Its keys, in the order of the documentation.
const KEYS: [&str; 25] = [
    "listen",
    "upstream",
    "routes",
    "gateways",
    "db",
    "headless",
    "insecure",
    "allow_remote",
    "tls",
    "intercept",
    "ca",
    "client_cert",
    "client_key",
    "connect_timeout",
    "seed",
    "max_body",
    "redact_bodies",
    "idle_exit",
    "log",
    "log_file",
    "sim",
    "replay",
    "retention",
    "faults",
    "checks",
];

/// The keys of its table `retention`.
const RETENTION_KEYS: [&str; 3] = ["max_age", "max_size", "max_count"];

/// The keys of its table `sim`.
const SIM_KEYS: [&str; 6] = ["speed", "first_token", "tokens_per_second", "jitter", "scenario", "captures"];

/// The keys of its table `replay`.
const REPLAY_KEYS: [&str; 9] =
    ["match", "volatile", "filter", "session", "on_miss", "strict", "fresh", "mode", "forward"];

/// What one file says.
#[derive(Debug, Default)]
pub(super) struct FileSettings {
    pub(super) path: Option<PathBuf>,
    pub(super) listen: Vec<Listen>,
    pub(super) upstream: Option<Upstream>,
    pub(super) routes: Vec<Route>,
    pub(super) gateways: Vec<ConfiguredGateway>,
    pub(super) db: Option<PathBuf>,
    pub(super) headless: Option<bool>,
    pub(super) insecure: Option<bool>,
    pub(super) allow_remote: Option<bool>,
    pub(super) tls: TlsGiven,
    pub(super) connect_timeout: Option<Patience>,
    pub(super) seed: Option<u64>,
    pub(super) max_body: Option<Size>,
    pub(super) redact_bodies: Option<bool>,
    pub(super) idle_exit: Option<Age>,
    pub(super) log: LogGiven,
    pub(super) sim: SimSettings,
    pub(super) replay: ReplaySettings,
    pub(super) retention: Retention,
    pub(super) faults: Vec<Rule>,
    pub(super) checks: check::Settings,
}

impl FileSettings {
    /// The nearest file from the working directory upward, else the user's own.
    pub(super) fn find(directories: &Directories) -> Result<Option<Self>, Error> {
        let found = Self::locate(directories)?;
        found.map(|(path, text)| Self::read(&path, &text)).transpose()
    }

    /// The same, unread.
    pub(super) fn locate(directories: &Directories) -> Result<Option<(PathBuf, String)>, Error> {
        let places = directories.working.ancestors().chain(directories.config.as_deref());
        for place in places {
            let path = place.join(FILE_NAME);
            match std::fs::read_to_string(&path) {
                Ok(text) => return Ok(Some((path, text))),
                // Above a file there is nothing to find either.
                Err(error)
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                    ) => {}
                Err(source) => return Err(Error::Unreadable { path, source }),
            }
        }
        Ok(None)
    }

    /// The `[[faults]]` of a file that holds nothing else.
    pub(super) fn faults_of(path: &Path) -> Result<Vec<Rule>, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
        let source = Source { path, text: &text };
        let table = source.parse()?;
        let mut rules = Vec::new();
        for entry in source.members(String::new(), table.get_ref()) {
            match entry.name {
                "faults" => rules = entry.faults()?,
                _ => return Err(entry.unknown(&["faults"])),
            }
        }
        Ok(rules)
    }

    fn read(path: &Path, text: &str) -> Result<Self, Error> {
        let source = Source { path, text };
        let table = source.parse()?;
        let mut settings = Self { path: Some(path.to_owned()), ..Self::default() };
        // Other keys may call these by name.
        if let Some(entry) =
            source.members(String::new(), table.get_ref()).find(|entry| entry.name == "gateways")
        {
            settings.gateways = entry.gateways()?;
        }
        for entry in source.members(String::new(), table.get_ref()) {
            match entry.name {
                "gateways" => {}
                "listen" => settings.listen = entry.one_or_many()?,
                "upstream" => {
                    settings.upstream = Some(entry.upstream(&settings.gateways)?);
                }
                "db" => settings.db = Some(entry.path()?),
                "headless" => settings.headless = Some(entry.flag()?),
                "insecure" => settings.insecure = Some(entry.flag()?),
                "allow_remote" => settings.allow_remote = Some(entry.flag()?),
                "tls" => settings.tls.on = Some(entry.flag()?),
                "intercept" => settings.tls.intercept = entry.one_or_many()?,
                "ca" => settings.tls.ca = entry.paths()?,
                "client_cert" => settings.tls.client_cert = Some(entry.path()?),
                "client_key" => settings.tls.client_key = Some(entry.path()?),
                "connect_timeout" => settings.connect_timeout = Some(entry.parsed()?),
                "seed" => settings.seed = Some(entry.number()?),
                "max_body" => settings.max_body = Some(entry.parsed()?),
                "redact_bodies" => settings.redact_bodies = Some(entry.flag()?),
                "idle_exit" => settings.idle_exit = Some(entry.parsed()?),
                "log" => settings.log.filter = Some(entry.parsed()?),
                "log_file" => settings.log.file = Some(entry.path()?),
                "routes" => settings.routes = entry.routes(&settings.gateways)?,
                "faults" => settings.faults = entry.faults()?,
                "sim" => settings.sim = entry.sim()?,
                "replay" => settings.replay = entry.replay(&settings.gateways)?,
                "retention" => settings.retention = entry.retention()?,
                "checks" => settings.checks = entry.checks()?,
                _ => return Err(entry.unknown(&KEYS)),
            }
        }
        settings.checks.alike = settings.gateways.iter().filter_map(ConfiguredGateway::alike).collect();
        Ok(settings)
    }
}

/// The text of a file, for naming places in it.
pub(super) struct Source<'a> {
    pub(super) path: &'a Path,
    pub(super) text: &'a str,
}

/// One key with its value.
pub(super) struct Entry<'a> {
    source: &'a Source<'a>,
    /// The key.
    pub(super) name: &'a str,
    /// Where it stands.
    span: Range<usize>,
    /// The key, with the tables it stands in.
    key: String,
    pub(super) value: &'a Spanned<DeValue<'a>>,
}

impl<'a> Source<'a> {
    pub(super) fn parse(&self) -> Result<Spanned<DeTable<'a>>, Error> {
        DeTable::parse(self.text).map_err(|error| Error::Syntax {
            path: self.path.to_owned(),
            line: self.line(error.span().unwrap_or_default()),
            message: error.message().trim_end().replace('\n', ", "),
        })
    }

    /// The line, counted from 1, where `span` begins.
    pub(super) fn line(&self, span: Range<usize>) -> usize {
        self.text.get(..span.start).map_or(1, |before| before.split('\n').count())
    }

    /// The members of a table whose own keys begin with `prefix`.
    fn members(&'a self, prefix: String, table: &'a DeTable<'a>) -> impl Iterator<Item = Entry<'a>> {
        table.iter().map(move |(key, value)| Entry {
            source: self,
            name: key.get_ref(),
            span: key.span(),
            key: format!("{prefix}{}", key.get_ref()),
            value,
        })
    }
}

impl Entry<'_> {
    /// Another value under the same key.
    pub(super) fn at<'a>(&'a self, value: &'a Spanned<DeValue<'a>>) -> Entry<'a> {
        Entry { source: self.source, name: self.name, span: self.span.clone(), key: self.key.clone(), value }
    }

    /// The members of a table; `what` says what kind of one is expected.
    pub(super) fn members<'a>(&'a self, what: &str) -> Result<impl Iterator<Item = Entry<'a>>, Error> {
        match self.value.get_ref() {
            DeValue::Table(table) => Ok(self.source.members(format!("{}.", self.key), table)),
            _ => Err(self.expected(what)),
        }
    }

    /// There is no such key where only the `known` ones can stand.
    pub(super) fn unknown(&self, known: &[&str]) -> Error {
        Error::UnknownKey {
            path: self.source.path.to_owned(),
            line: self.source.line(self.span.clone()),
            key: self.name.to_owned(),
            hint: match nearest(self.name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys are {}", known.join(", ")),
            },
        }
    }

    pub(super) fn wrong(&self, source: BadValue) -> Error {
        Error::Value {
            path: self.source.path.to_owned(),
            line: self.source.line(self.value.span()),
            key: self.key.clone(),
            source,
        }
    }

    pub(super) fn expected(&self, what: &str) -> Error {
        self.wrong(BadValue::new(format!("expected {what}")))
    }

    pub(super) fn text(&self) -> Result<&str, Error> {
        match self.value.get_ref() {
            DeValue::String(text) => Ok(text),
            _ => Err(self.expected("text in quotes")),
        }
    }

    pub(super) fn parsed<T: FromStr<Err = BadValue>>(&self) -> Result<T, Error> {
        self.text()?.parse().map_err(|error| self.wrong(error))
    }

    pub(super) fn one_or_many<T: FromStr<Err = BadValue>>(&self) -> Result<Vec<T>, Error> {
        let DeValue::Array(values) = self.value.get_ref() else {
            return Ok(vec![self.parsed()?]);
        };
        values.iter().map(|value| self.at(value).parsed()).collect()
    }

    /// A path; a relative one counts from the file's own directory.
    fn path(&self) -> Result<PathBuf, Error> {
        match self.text()? {
            "" => Err(self.expected("a path")),
            path => Ok(self.here().join(path)),
        }
    }

    /// The file's own directory.
    fn here(&self) -> &Path {
        self.source.path.parent().unwrap_or_else(|| Path::new(""))
    }

    /// A path, or a list of them.
    pub(super) fn paths(&self) -> Result<Vec<PathBuf>, Error> {
        let DeValue::Array(values) = self.value.get_ref() else {
            return Ok(vec![self.path()?]);
        };
        values.iter().map(|value| self.at(value).path()).collect()
    }

    fn flag(&self) -> Result<bool, Error> {
        match self.value.get_ref() {
            DeValue::Boolean(flag) => Ok(*flag),
            _ => Err(self.expected("true or false")),
        }
    }

    fn number(&self) -> Result<u64, Error> {
        match self.value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        }
        .ok_or_else(|| self.expected("a whole number from 0"))
    }

    /// A value that is text or a number.
    fn word<T: FromStr<Err = BadValue>>(&self) -> Result<T, Error> {
        let text = match self.value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            _ => return Err(self.expected("a number, or text in quotes")),
        };
        text.parse().map_err(|error| self.wrong(error))
    }

    fn sim(&self) -> Result<SimSettings, Error> {
        let mut sim = SimSettings::default();
        for entry in self.members("a table of the simulator's settings")? {
            match entry.name {
                "speed" => sim.speed = Some(entry.word()?),
                "first_token" => sim.first_token = Some(entry.word()?),
                "tokens_per_second" => sim.tokens_per_second = Some(entry.word()?),
                "jitter" => sim.jitter = Some(entry.word()?),
                "scenario" => sim.scenario = Some(entry.path()?),
                "captures" => sim.captures = Some(entry.path()?),
                _ => return Err(entry.unknown(&SIM_KEYS)),
            }
        }
        Ok(sim)
    }

    fn replay(&self, gateways: &[ConfiguredGateway]) -> Result<ReplaySettings, Error> {
        let mut replay = ReplaySettings::default();
        for entry in self.members("a table of the replay's settings")? {
            match entry.name {
                "match" => replay.matching = Some(entry.parsed()?),
                "volatile" => replay.volatile = entry.one_or_many()?,
                "filter" => replay.filter = Some(entry.parsed()?),
                "session" => replay.session = Some(entry.text()?.to_owned()),
                "on_miss" => replay.on_miss = Some(entry.word()?),
                "strict" => replay.strict = Some(entry.parsed()?),
                "fresh" => replay.fresh = Some(entry.flag()?),
                "mode" => replay.mode = Some(entry.parsed()?),
                "forward" => replay.forward = Some(entry.upstream(gateways)?),
                _ => return Err(entry.unknown(&REPLAY_KEYS)),
            }
        }
        Ok(replay)
    }

    fn retention(&self) -> Result<Retention, Error> {
        let mut retention = Retention::default();
        for entry in self.members("a table of limits")? {
            match entry.name {
                "max_age" => retention.age = Some(entry.parsed::<Age>()?.0),
                "max_size" => retention.size = Some(entry.parsed::<Size>()?.0),
                "max_count" => retention.count = Some(entry.number()?),
                _ => return Err(entry.unknown(&RETENTION_KEYS)),
            }
        }
        Ok(retention)
    }

    fn faults(&self) -> Result<Vec<Rule>, Error> {
        let DeValue::Array(rules) = self.value.get_ref() else {
            return Err(self.expected("a list of rules: `[[faults]]`"));
        };
        let mut read = Vec::new();
        for value in rules {
            let entry = self.at(value);
            let rule = spec::from_table(&faults::in_json(value.get_ref()));
            read.extend(rule.map_err(|bad| entry.wrong(bad.into()))?);
        }
        Ok(read)
    }

    /// Where requests go; a relative path counts from the file's own directory.
    fn upstream(&self, gateways: &[ConfiguredGateway]) -> Result<Upstream, Error> {
        let settled = self.parsed::<UpstreamGiven>()?.settle(gateways);
        Ok(settled.map_err(|error| self.wrong(error))?.in_directory(self.here()))
    }

    fn routes(&self, gateways: &[ConfiguredGateway]) -> Result<Vec<Route>, Error> {
        self.members("a table of `name = \"url\"`")?
            .map(|entry| {
                Route::check_name(entry.name).map_err(|error| entry.wrong(error))?;
                Ok(Route { name: entry.name.to_owned(), to: entry.upstream(gateways)? })
            })
            .collect()
    }
}
