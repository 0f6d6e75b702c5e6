//! What bad input is answered with, and the exit codes.

use crate::cli_recording::{gatetap, gatetap_with, record, record_nothing};
use crate::support::binary::Home;
use insta::assert_snapshot;

/// What gatetap says to `args` on stderr; it has to exit with `code` and print nothing.
#[track_caller]
fn complaint(args: &[&str], code: i32) -> String {
    let home = Home::new();
    record(&home);
    std::fs::write(home.join("notes.txt"), "some notes, long enough to be no empty database file\n").unwrap();
    record_nothing(&home.join("empty.db"));
    record_nothing(&home.join("newer.db"));
    let newer = rusqlite::Connection::open(home.join("newer.db")).unwrap();
    newer.pragma_update(None, "user_version", 1000).unwrap();
    drop(newer);
    let exit = gatetap(&home, args);
    assert_eq!((exit.code, exit.stdout.as_str()), (Some(code), ""), "{exit}");
    exit.stderr
}

#[test]
fn a_recording_that_cannot_be_read_is_named_with_a_hint() {
    assert_snapshot!(complaint(&["ls", "--db", "missing.db"], 2), @"
    error: there is no recording at `missing.db`

    hint: name a recording with --db FILE, or record one with `gatetap run`
    ");
    assert_snapshot!(complaint(&["show", "1", "--db", "notes.txt"], 2), @"
    error: `notes.txt` is not a gatetap recording

    hint: choose another file with --db FILE; this one was left untouched
    ");
    assert_snapshot!(complaint(&["ls", "--db", "newer.db"], 3), @"
    error: `newer.db` was written by a later gatetap (format 1000; this one reads up to 2)

    hint: install the newer gatetap, or start another recording with --db FILE
    ");
}

#[test]
fn a_directory_is_no_recording() {
    assert_snapshot!(complaint(&["ls", "--db", "data"], 2), @"
    error: `data` is a directory, and a recording is a file

    hint: name the file in it, as `recording.db`
    ");
}

#[test]
fn a_wrong_variable_of_the_environment_is_named() {
    let home = Home::new();
    record(&home);
    for (args, variable, value) in [
        (&["ls"][..], "GATETAP_DB", ""),
        (&["run", "--headless"], "GATETAP_LISTEN", "foo"),
        (&["env"], "GATETAP_LISTEN", "foo"),
        (&["run", "--headless"], "GATETAP_FAULT", "no_such_fault"),
    ] {
        let exit = gatetap_with(&home, args, &[(variable, value)]);
        assert_eq!(exit.code, Some(2), "{exit}");
        assert!(exit.stderr.contains(&format!("the environment variable {variable} says it")), "{exit}");
    }
    let exit = gatetap_with(&home, &["env", "--listen", "bar"], &[("GATETAP_LISTEN", "8000")]);
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(!exit.stderr.contains("GATETAP_LISTEN"), "{exit}");
}

#[test]
fn an_exchange_that_is_not_there_is_answered_with_those_that_are() {
    assert_snapshot!(complaint(&["show", "7"], 2), @"
    error: there is no exchange 7 in `HOME/data/gatetap/recording.db`

    hint: it holds exchanges 1 to 6
    ");
    assert_snapshot!(complaint(&["show", "1", "-7"], 2), @"
    error: there is no exchange -7 in `HOME/data/gatetap/recording.db`

    hint: it holds exchanges 1 to 6
    ");
    assert_snapshot!(complaint(&["show", "last", "--db", "empty.db"], 2), @"
    error: there is no last exchange in `empty.db`

    hint: it holds no exchanges yet
    ");
    assert_snapshot!(complaint(&["ls", "--session", "9"], 2), @"
    error: session 9 has no exchanges in `HOME/data/gatetap/recording.db`

    hint: the last session that has some is 2
    ");
    assert_snapshot!(complaint(&["show", "1", "2", "--body", "request"], 2), @"
    error: --body writes the bytes of one exchange

    hint: name one exchange, or leave out --body
    ");
}

#[test]
fn bad_values_are_explained() {
    for (args, part) in [
        (&["--upstream", "nexoruter"][..], "nexorouter"),
        (&["--upstream", "api.example.com/v1"], "https://"),
        (&["--upstream", "ftp://example.com"], "http"),
        (&["--listen", "127.0.0.1"], "the port is missing"),
        (&["--listen", "http://127.0.0.1:1"], "without a scheme"),
        (&["run", "--listen", "70000"], "up to 65535"),
        (&["--route", "openai"], "expected `NAME=URL`"),
        (&["--route", "a/b=openai"], "cannot stand in a path"),
        (&["--headless=perhaps"], "not a boolean"),
        (&["--listn", "1"], "'--listen'"),
        (&["lss"], "'ls'"),
        (&["show", "lats"], "did you mean `last`?"),
        (&["show", "0"], "expected a number from 1"),
        (&["show"], "<ID>"),
        (&["show", "1", "--body", "responce"], "'response'"),
        (&["show", "1", "--decoded"], "--body"),
        (&["ls", "--limit", "-1"], "--limit"),
        (&["check", "--select", "auth-mising"], "did you mean `auth-missing`?"),
        (&["check", "--ignore", "auth-missing,zzz-*"], "there is no check `zzz-*`"),
        (&["check", "--severity", "auth-mising=info"], "did you mean `auth-missing`?"),
        (&["check", "--severity", "auth-missing=grave"], "`grave` is not a severity"),
        (&["check", "--severity", "auth-missing"], "expected `CHECK=SEVERITY`"),
        (&["run", "--threshold", "body-oversiz.base64_bytes=7"], "did you mean `body-oversize`?"),
        (&["check", "--threshold", "body-oversize.base64_byte=7"], "did you mean `base64_bytes`?"),
        (&["check", "--threshold", "body-oversize.base64_bytes=many"], "expected a number"),
        (&["check", "--threshold", "body-oversize=7"], "expected `CHECK.NAME=NUMBER`"),
        (&["--upstream", "nexoruter"], "nexorouter"),
        (&["--route", "a=opnai"], "did you mean 'openai'?"),
        (&["--connect-timeout", "0s"], "expected a time above 0"),
        (&["--connect-timeout", "10"], "expected a time such as"),
        (&["check", "--fail-on", "warnings"], "'warning'"),
        (&["check", "--format", "xml"], "junit"),
        (&["check", "--json", "--format", "sarif"], "--format"),
        (&["check", "status:"], "status"),
        (&["explain", "auth-mising"], "did you mean `auth-missing`?"),
    ] {
        let said = complaint(args, 2);
        assert!(said.starts_with("error: ") && said.contains(part), "{args:?} said {said}");
    }
}

#[test]
fn a_variable_is_checked_like_its_flag() {
    let home = Home::new();
    let exit = gatetap_with(&home, &[], &[("GATETAP_UPSTREAM", "nexoruter")]);
    assert_eq!(exit.code, Some(2), "{exit}");
    assert!(exit.stderr.contains("nexorouter"), "{exit}");
}

#[test]
fn a_reading_command_takes_the_recording_from_flag_variable_and_file_in_this_order() {
    let home = Home::new();
    record(&home);
    record_nothing(&home.join("a.db"));
    std::fs::write(home.join("gatetap.toml"), "db = \"of-file.db\"\n").unwrap();
    let said = |args: &[&str], env: &[(&str, &str)]| gatetap_with(&home, args, env).stderr;
    assert!(said(&["ls"], &[]).contains("HOME/of-file.db"));
    assert!(said(&["ls"], &[("GATETAP_DB", "of-env.db")]).contains("`of-env.db`"));
    assert!(said(&["ls", "--db", "of-flag.db"], &[("GATETAP_DB", "of-env.db")]).contains("`of-flag.db`"));
    assert_eq!(said(&["ls", "--db", "a.db"], &[]), "no exchanges in `a.db`\n");
}

#[test]
fn a_mistake_in_the_file_is_named_with_its_line() {
    let home = Home::new();
    let said = |text: &str| {
        std::fs::write(home.join("gatetap.toml"), text).unwrap();
        let exit = gatetap(&home, &["ls"]);
        assert_eq!(exit.code, Some(2), "{exit}");
        exit.stderr
    };
    assert_snapshot!(said("# mine\nupsteam = \"openai\"\n"), @"
    error: unknown key `upsteam` in `HOME/gatetap.toml`, line 2

    hint: did you mean `upstream`?
    ");
    assert_snapshot!(said("colour = true\n"), @"
    error: unknown key `colour` in `HOME/gatetap.toml`, line 1

    hint: the keys are listen, upstream, routes, gateways, db, headless, insecure, allow_remote, tls, intercept, ca, client_cert, client_key, connect_timeout, seed, max_body, redact_bodies, idle_exit, log, log_file, sim, replay, retention, faults, checks
    ");
    assert_snapshot!(said("listen = [\"127.0.0.1:1\", \"127.0.0.1\"]\n"), @"
    error: bad value for `listen` in `HOME/gatetap.toml`, line 1
      caused by: the port is missing: write `ADDRESS:PORT`, with `[…]` around an IPv6 address
    ");
    assert_snapshot!(said("\n[routes]\nfast = 7\n"), @"
    error: bad value for `routes.fast` in `HOME/gatetap.toml`, line 3
      caused by: expected text in quotes
    ");
    assert_snapshot!(said("db = \n"), @"error: `HOME/gatetap.toml` is not valid TOML, line 1: string values must be quoted, expected literal string");
}
