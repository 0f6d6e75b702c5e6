//! `gatetap exec`, around real commands, and `gatetap env`, in real shells.

use crate::support::binary::{Exit, Home, Launch};
use crate::support::gateway::{Gateway, answer};
use std::collections::BTreeMap;

/// A command that sends one request to the base URL in a variable, and prints the answer's last line.
const ASK: &str = r#"
url=${!1}; rest=${url#http://}; authority=${rest%%/*}; path=/${rest#*/}
[ "$rest" = "$authority" ] && path=
exec 3<>/dev/tcp/${authority%:*}/${authority##*:}
printf 'GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk-fake-000000000000\r\nConnection: close\r\n\r\n' "$path$2" >&3
cat <&3 | tail -n 1
"#;

fn exec(flags: &[&str], command: &[&str]) -> Launch {
    let mut args = vec!["exec"];
    args.extend(flags);
    args.push("--");
    args.extend(command);
    Launch::gatetap(&args)
}

fn ask<'a>(variable: &'a str, path: &'a str) -> [&'a str; 6] {
    ["bash", "-c", ASK, "ask", variable, path]
}

fn ok() -> Gateway {
    Gateway::answering(answer(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json",
        r#"{"object":"list","data":[]}"#,
    ))
}

#[track_caller]
fn code(exit: &Exit, expected: i32) {
    assert_eq!(exit.code, Some(expected), "{exit}");
}

#[test]
fn the_exit_code_and_the_streams_are_the_commands_own() {
    for (script, expected) in [("exit 0", 0), ("exit 7", 7), ("kill -s KILL $$", 137)] {
        code(&exec(&["--upstream", "sim"], &["sh", "-c", script]).run_to_end(), expected);
    }
    let exit = exec(&["--upstream", "sim"], &["cat"]).stdin("passed on").run_to_end();
    code(&exit, 0);
    assert_eq!(exit.stdout, "passed on");
    assert!(exit.stderr.contains("the command sent nothing here"), "{exit}");
}

#[test]
fn what_cannot_be_run_is_named_and_exits_as_in_a_shell() {
    let missing = exec(&["--upstream", "sim"], &["no-such-command-here"]).run_to_end();
    code(&missing, 127);
    assert!(missing.stderr.contains("cannot run `no-such-command-here`"), "{missing}");
    assert!(missing.stderr.contains("hint: is it in PATH?"), "{missing}");
    code(&exec(&["--upstream", "sim"], &["/etc"]).run_to_end(), 126);
    code(&Launch::gatetap(&["exec"]).run_to_end(), 2);
}

#[test]
fn every_variable_leads_to_the_upstream_with_v1_where_its_sdk_expects_it() {
    for (variable, path) in [
        ("OPENAI_BASE_URL", "/models"),
        ("ANTHROPIC_BASE_URL", "/v1/models"),
        ("OPENROUTER_BASE_URL", "/models"),
    ] {
        let gateway = ok();
        let upstream = format!("{}/v1", gateway.url());
        let exit = exec(&["--upstream", &upstream], &ask(variable, path)).run_to_end();
        code(&exit, 0);
        assert_eq!(exit.stdout.trim(), r#"{"object":"list","data":[]}"#);
        assert_eq!(gateway.requests()[0].head.target(), "/v1/models", "{variable}");
        assert!(exit.stderr.contains("gatetap: 1 call; gatetap ls session:1"), "{exit}");
    }
}

#[test]
fn a_base_url_that_is_set_already_becomes_the_upstream() {
    let (openai, anthropic) = (ok(), ok());
    let launch = |variable, path| {
        exec(&[], &ask(variable, path))
            .env("OPENAI_BASE_URL", format!("{}/v1/", openai.url()))
            .env("ANTHROPIC_BASE_URL", anthropic.url())
    };
    let exit = launch("OPENAI_BASE_URL", "/models").run_to_end();
    code(&exit, 0);
    assert_eq!(openai.requests().len(), 1);
    assert!(exit.stderr.contains("OPENAI_BASE_URL was set"), "{exit}");
    code(&launch("ANTHROPIC_BASE_URL", "/v1/messages").run_to_end(), 0);
    assert_eq!(anthropic.requests()[0].head.target(), "/v1/messages");
    let bad = exec(&[], &["true"]).env("OPENAI_BASE_URL", "ftp://example.com").run_to_end();
    code(&bad, 2);
    assert!(bad.stderr.contains("`OPENAI_BASE_URL` holds no base URL"), "{bad}");
}

#[test]
fn check_turns_findings_into_exit_1_only_where_the_command_succeeds() {
    let script = |end: &str| format!("{ASK}\n{end}").replace("Bearer sk-fake", "sk-fake");
    let run = |flags: &[&str], end: &str| {
        let gateway = ok();
        let upstream = format!("{}/v1", gateway.url());
        let mut all = vec!["--upstream", &upstream];
        all.extend(flags);
        exec(&all, &["bash", "-c", &script(end), "ask", "OPENAI_BASE_URL", "/models"]).run_to_end()
    };
    let found = run(&["--check"], "");
    code(&found, 1);
    assert!(found.stderr.contains("found 1 error"), "{found}");
    code(&run(&[], ""), 0);
    code(&run(&["--check"], "exit 9"), 9);
}

#[test]
fn a_signal_reaches_the_command() {
    let script = "trap 'echo told; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let mut running = exec(&["--upstream", "sim"], &["sh", "-c", script]).start();
    running.wait_line("ready");
    running.terminate();
    let exit = running.wait_exit();
    code(&exit, 3);
    assert!(exit.stdout.contains("told"), "{exit}");
}

#[test]
fn intercepting_sets_proxies_and_roots_and_keeps_no_proxy() {
    let home = Home::new();
    let exit = exec(&["--upstream", "sim", "--intercept", "api.openai.com"], &["env"])
        .home(&home)
        .env("NO_PROXY", "corp.example")
        .run_to_end();
    code(&exit, 0);
    let set: BTreeMap<&str, &str> = exit.stdout.lines().filter_map(|line| line.split_once('=')).collect();
    let url = set["GATETAP_URL"];
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
        assert_eq!(set[name], url, "{name}");
    }
    assert_eq!(set["NO_PROXY"], "corp.example,localhost,127.0.0.1,::1");
    let roots = std::fs::read_to_string(set["SSL_CERT_FILE"]).unwrap();
    let own = std::fs::read_to_string(set["NODE_EXTRA_CA_CERTS"]).unwrap();
    assert!(roots.contains(own.trim()) && roots.len() > own.len());
}

#[test]
fn the_exports_are_read_by_a_shell() {
    let exports = |args: &[&str]| Launch::gatetap(args).run_to_end().stdout;
    let script =
        format!("{}\necho \"$OPENAI_BASE_URL $ANTHROPIC_BASE_URL\"", exports(&["env", "--shell", "bash"]));
    let exit = Launch::program("bash", &["-c", &script]).run_to_end();
    assert_eq!(exit.stdout, "http://127.0.0.1:7117/v1 http://127.0.0.1:7117\n");
    for (shell, line) in [
        ("fish", "set -gx OPENAI_BASE_URL 'http://127.0.0.1:8000/v1'"),
        ("powershell", "$env:OPENAI_BASE_URL = 'http://127.0.0.1:8000/v1'"),
        ("zsh", "export OPENAI_BASE_URL='http://127.0.0.1:8000/v1'"),
    ] {
        let text = exports(&["env", "--shell", shell, "--listen", "8000"]);
        assert!(text.lines().any(|one| one == line), "{shell}: {text}");
    }
}

#[test]
fn a_tunnel_that_came_to_nothing_is_in_the_receipt() {
    let home = Home::new();
    // No label is that long, so that no network is asked for it.
    let host = format!("https://{}.invalid/v1/models", "a".repeat(64));
    let exit = exec(&["--upstream", "sim", "--intercept", "api.openai.com"], &["curl", "-s", &host])
        .home(&home)
        .run_to_end();
    assert!(
        exit.stderr.contains("gatetap: 0 calls, 1 tunnel failed: dns-not-found; gatetap ls --tunnels"),
        "{exit}"
    );
    assert!(!exit.stderr.contains("sent nothing"), "{exit}");
    let look = exit.stderr.lines().find_map(|line| line.split_once("; gatetap ")).unwrap().1;
    let listed = Launch::gatetap(&look.split(' ').collect::<Vec<_>>()).home(&home).run_to_end();
    assert!(listed.stdout.contains("dns-not-found"), "{listed}");
}
