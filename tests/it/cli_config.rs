//! Settings: the order of their sources, and what values mean.

use crate::support::binary::Home;
use gatetap::config::{
    ChecksGiven, Directories, Error, Given, LogGiven, LogSettings, ReplaySettings, Settings, Share,
    SimSettings, Size, Span, Speed, Strict, TlsGiven, recording,
};
use gatetap::exchange::time::Micros;
use std::path::PathBuf;
use std::time::Duration;

/// The settings that `given` makes with this file in the working directory.
fn resolve(file: &str, given: Given) -> (Home, Settings) {
    let home = Home::new();
    std::fs::write(home.join("gatetap.toml"), file).unwrap();
    let settings = Settings::resolve(given, &directories(&home, "")).unwrap();
    (home, settings)
}

fn directories(home: &Home, working: &str) -> Directories {
    Directories {
        working: home.join(working),
        config: Some(home.join("config/gatetap")),
        data: Some(home.join("data/gatetap")),
        state: None,
    }
}

fn addresses(settings: &Settings) -> Vec<(String, bool)> {
    settings.listen.iter().map(|listen| (listen.address.to_string(), listen.required)).collect()
}

#[test]
fn nobody_says_anything() {
    let (home, settings) = resolve("", Given::default());
    assert_eq!(addresses(&settings), [("127.0.0.1:7117".to_owned(), true), ("[::1]:7117".to_owned(), false)]);
    assert_eq!(settings.upstream.to_string(), "https://api.nexorouter.com/v1");
    assert_eq!(settings.db, home.join("data/gatetap/recording.db"));
    assert_eq!((settings.headless, settings.insecure, settings.seed), (false, false, None));
    assert!(settings.routes.is_empty());
    assert_eq!((settings.idle_exit, settings.log), (None, None));
}

#[test]
fn the_file_says_everything() {
    let file = "
        listen = [\"127.0.0.1:9000\", \"9001\"]
        upstream = \"http://localhost:4000/api\"
        db = \"traffic.db\"
        headless = true
        insecure = true
        redact_bodies = true
        max_body = \"500MB\"
        seed = 0x2a
        [routes]
        or = \"openrouter\"
        local = \"http://localhost:11434\"
    ";
    let (home, settings) = resolve(file, Given::default());
    let expected = [("127.0.0.1:9000", true), ("127.0.0.1:9001", true), ("[::1]:9001", false)];
    assert_eq!(addresses(&settings), expected.map(|(address, required)| (address.to_owned(), required)));
    assert_eq!(settings.upstream.to_string(), "http://localhost:4000/api");
    assert_eq!(settings.db, home.join("traffic.db"));
    assert_eq!((settings.headless, settings.insecure, settings.seed), (true, true, Some(42)));
    assert!(settings.redact_bodies);
    assert_eq!(settings.max_body, Some(500_000_000));
    let routes: Vec<String> =
        settings.routes.iter().map(|route| format!("{} {}", route.name, route.to)).collect();
    assert_eq!(routes, ["local http://localhost:11434/v1", "or https://openrouter.ai/api/v1"]);
    assert_eq!(settings.file, Some(home.join("gatetap.toml")));
}

#[test]
fn what_is_given_wins_over_the_file_and_routes_add_up() {
    let given = Given {
        listen: vec!["0".parse().unwrap()],
        upstream: Some("sim".parse().unwrap()),
        forward: None,
        routes: vec!["or=openai".parse().unwrap()],
        db: Some(PathBuf::from("mine.db")),
        headless: Some(false),
        tls: TlsGiven::default(),
        connect_timeout: Some("2s".parse().unwrap()),
        insecure: None,
        allow_remote: None,
        seed: Some(7),
        max_body: Some(Size(7)),
        redact_bodies: Some(false),
        idle_exit: Some("2h".parse().unwrap()),
        log: LogGiven { filter: Some("debug".parse().unwrap()), file: None },
        faults: vec!["429,first=2".parse().unwrap()],
        fault_files: Vec::new(),
        sim: SimSettings { speed: Some("max".parse().unwrap()), ..SimSettings::default() },
        replay: ReplaySettings { matching: Some("path".parse().unwrap()), ..ReplaySettings::default() },
        checks: ChecksGiven::default(),
    };
    let file = "faults = [\"net.reset_midbody\", { fault = \"503\", when = { first = 2, model = \"gpt-*\" } }]\n\
                listen = \"9000\"\nupstream = \"openai\"\ndb = \"x\"\nheadless = true\ninsecure = true\nseed = 1\nconnect_timeout = \"3s\"\nredact_bodies = true\nmax_body = \"1\"\n\
                idle_exit = \"1m\"\nlog = \"warn\"\nlog_file = \"run.log\"\n\
                [routes]\nor = \"openrouter\"\na = \"sim:anthropic\"\n[sim]\nspeed = 2\njitter = 0.5\nfirst_token = \"1.5s\"\n\
                [replay]\nmatch = \"strict\"\non_miss = 404\nvolatile = [\"/tools\"]\nfilter = \"is:streaming\"\nstrict = \"unused\"\nfresh = true\n";
    let (home, settings) = resolve(file, given);
    assert_eq!(settings.connect_timeout, Duration::from_secs(2));
    // Port 0 on two addresses would be two ports.
    assert_eq!(addresses(&settings), [("127.0.0.1:0".to_owned(), true)]);
    assert_eq!(settings.upstream.to_string(), "sim");
    let rules: Vec<String> = settings.faults.iter().map(ToString::to_string).collect();
    assert_eq!(rules, ["429,first=2", "net.reset_midbody", "503,first=2,model=gpt-*"]);
    assert_eq!(settings.db, PathBuf::from("mine.db"));
    assert_eq!((settings.headless, settings.insecure, settings.seed), (false, true, Some(7)));
    assert!(!settings.redact_bodies);
    assert_eq!(settings.max_body, Some(7));
    assert_eq!(settings.idle_exit, Some(Micros(7_200_000_000)));
    // Who gives a level leaves the file that it goes to as it was.
    let log = LogSettings { filter: "debug".parse().unwrap(), file: Some(home.join("run.log")) };
    assert_eq!(settings.log, Some(log));
    let routes: Vec<String> =
        settings.routes.iter().map(|route| format!("{} {}", route.name, route.to)).collect();
    assert_eq!(routes, ["a sim:anthropic", "or https://api.openai.com/v1"]);
    assert_eq!(
        settings.replay,
        ReplaySettings {
            matching: Some("path".parse().unwrap()),
            volatile: vec!["/tools".parse().unwrap()],
            filter: Some("is:streaming".parse().unwrap()),
            session: None,
            on_miss: Some("404".parse().unwrap()),
            strict: Some(Strict::Unused),
            fresh: Some(true),
            ..ReplaySettings::default()
        }
    );
    assert_eq!(
        settings.sim,
        SimSettings {
            speed: Some(Speed(f64::INFINITY)),
            first_token: Some(Span(Duration::from_millis(1500))),
            jitter: Some(Share(0.5)),
            ..SimSettings::default()
        }
    );
}

#[test]
fn the_nearest_file_upward_is_read_else_the_users_own() {
    let home = Home::new();
    std::fs::create_dir_all(home.join("work/project/src")).unwrap();
    std::fs::create_dir_all(home.join("config/gatetap")).unwrap();
    std::fs::write(home.join("config/gatetap/gatetap.toml"), "db = \"own.db\"\n").unwrap();
    let found = || recording(None, &directories(&home, "work/project/src")).unwrap();
    assert_eq!(found(), home.join("config/gatetap/own.db"));
    std::fs::write(home.join("work/gatetap.toml"), "db = \"work.db\"\n").unwrap();
    assert_eq!(found(), home.join("work/work.db"));
    std::fs::write(home.join("work/project/gatetap.toml"), "seed = 1\n").unwrap();
    assert_eq!(found(), home.join("data/gatetap/recording.db"));
    // A named recording is taken without a look at the files.
    std::fs::write(home.join("work/project/gatetap.toml"), "broken").unwrap();
    let named = recording(Some(PathBuf::from("x.db")), &directories(&home, "work/project/src"));
    assert_eq!(named.unwrap(), PathBuf::from("x.db"));
}

#[test]
fn retention_is_an_age_a_size_and_a_count() {
    let (_home, settings) =
        resolve("[retention]\nmax_age = \"30d\"\nmax_size = \"2GB\"\nmax_count = 10", Given::default());
    let retention = settings.retention;
    assert_eq!(retention.age.map(|age| age.0), Some(30 * 86_400_000_000));
    assert_eq!((retention.size, retention.count), (Some(2_000_000_000), Some(10)));
    let (_home, settings) = resolve("", Given::default());
    assert!(settings.retention.is_none());
    for (file, said) in [
        ("retention = 3", "expected a table of limits"),
        ("[retention]\nmax_age = \"month\"", "retention.max_age"),
        ("[retention]\nmax_size = \"2 GBit\"", "retention.max_size"),
        ("[retention]\nmax_count = -1", "retention.max_count"),
        ("[retention]\nmax_ages = 1", "unknown key `max_ages`"),
    ] {
        let home = Home::new();
        std::fs::write(home.join("gatetap.toml"), file).unwrap();
        let error = Settings::resolve(Given::default(), &directories(&home, "")).unwrap_err();
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error}: {cause}").contains(said), "{error}: {cause}");
    }
}

#[test]
fn a_key_that_is_none_is_named_in_whatever_table_it_stands() {
    for (file, key, hint) in [
        ("colour = 1", "`colour`", "the keys are listen"),
        ("[retention]\nmax_ages = 1", "`max_ages`", "`max_age`"),
        ("[sim]\nspede = 1", "`spede`", "`speed`"),
        ("[replay]\nforwards = \"sim\"", "`forwards`", "`forward`"),
        ("[checks]\noverride = []", "`override`", "`overrides`"),
        ("[[checks.overrides]]\nseverities = {}", "`severities`", "`severity`"),
        ("[gateways.company]\nbase_url = \"http://a\"\nheader = {}", "`header`", "`headers`"),
    ] {
        let home = Home::new();
        std::fs::write(home.join("gatetap.toml"), file).unwrap();
        let error = Settings::resolve(Given::default(), &directories(&home, "")).unwrap_err();
        let line = format!("line {}", file.lines().count());
        let Error::UnknownKey { hint: said, .. } = &error else { panic!("{error}") };
        assert!(said.contains(hint), "{file}: {said}");
        let said = error.to_string();
        assert!(said.contains(&format!("unknown key {key}")) && said.ends_with(&line), "{file}: {said}");
    }
}

#[test]
fn a_name_with_a_dot_is_taken_whole() {
    let file = "[gateways.\"eu.company\"]\nbase_url = \"http://a\"\n[routes]\n\"us.company\" = \"http://b\"";
    let (_home, settings) = resolve(file, Given::default());
    let gateways: Vec<&str> = settings.gateways.iter().map(|one| one.gateway.name.as_str()).collect();
    let routes: Vec<&str> = settings.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!((gateways, routes), (vec!["eu.company"], vec!["eu.company", "us.company"]));
}

#[test]
fn the_settings_in_the_readme_are_settings() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme.split_once("```toml\n").unwrap();
    let (file, _) = rest.split_once("```").unwrap();
    let (_home, settings) = resolve(file, Given::default());
    assert_eq!((settings.gateways.len(), settings.checks.overrides.len()), (1, 1));
    let routes: Vec<&str> = settings.routes.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(routes, ["company", "local"]);
}
