//! Masking: nothing secret survives, nothing else changes, no length does.

use gatetap::gateway::command::mask_command;
use gatetap::gateway::mask::{
    has_independent_lines, mask_header, mask_header_line, mask_raw_head, mask_target, mask_text,
};
use proptest::prelude::*;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn masked_header(name: &str, value: &str) -> String {
    text(&mask_header(name, value.as_bytes()))
}

#[test]
fn header_values_keep_their_form() {
    let table = [
        ("Authorization", "Bearer fake-key-00000001", "Bearer *************0001"),
        ("authorization", "Bearer short", "Bearer *****"),
        ("authorization", "Bearer  \"fake-key-01\"\t", "Bearer  \"***********\"\t"),
        ("authorization", "Bearerfake-key-00000001", "Bearer*************0001"),
        ("authorization", "fake-key-00000001", "*************0001"),
        ("authorization", "Basic ZmFrZTpmYWtlZmFrZQ==", "Basic ********************"),
        ("authorization", "Bearer fake key 00000001", "Bearer **** *** ****0001"),
        ("X_API_KEY", "fake-key-00000001", "*************0001"),
        ("x-amz-security-token", "fake-key-00000001", "*************0001"),
        ("cookie", "session=fakefakefake1; b=\"two\"", "session=*********ake1; b=\"***\""),
        ("cookie", "ZmFrZWZha2U=", "********a2U="),
        ("set-cookie", "id=fakefake; Path=/; HttpOnly", "id=********; Path=/; HttpOnly"),
        (
            "sec-websocket-protocol",
            "realtime, openai-insecure-api-key.fakefakefake9, v1",
            "realtime, openai-insecure-api-key.*********ake9, v1",
        ),
        ("location", "/login?api_key=fakefake&next=1", "/login?api_key=********&next=1"),
        ("x-anything", "sk-proj-fakefakefake", "****************fake"),
        ("x-ratelimit-limit-tokens", "150000000", "150000000"),
        ("content-type", "application/json", "application/json"),
        ("user-agent", "OpenAI/Python 3.52.0", "OpenAI/Python 3.52.0"),
    ];
    for (name, value, masked) in table {
        assert_eq!(masked_header(name, value), masked, "{name}: {value}");
    }
}

#[test]
fn targets_lose_passwords_and_keys_only() {
    let table = [
        ("/v1/models?key=fakefakefake1&x=2", "/v1/models?key=*********ake1&x=2"),
        ("/v1/models?KEY=fake", "/v1/models?KEY=****"),
        ("/v1/models?api%5Fkey=fakefake", "/v1/models?api%5Fkey=********"),
        ("/v1/models?key=fakefake%0A", "/v1/models?key=********%0A"),
        ("/v1/models?a=1;token=fakefake", "/v1/models?a=1;token=********"),
        ("/v1/models#access_token=fakefake", "/v1/models#access_token=********"),
        ("http://me:fakefake@h/v1", "http://**:********@h/v1"),
        ("me:fakefake@h:443", "**:********@h:443"),
        ("/@openai/v1/models", "/@openai/v1/models"),
        ("/v1/models/xai-grok-4-fast", "/v1/models/xai-grok-4-fast"),
        ("/v1/models?max_tokens=100000000", "/v1/models?max_tokens=100000000"),
        ("//a%2Fb/..%2f?x=&y=1+2", "//a%2Fb/..%2f?x=&y=1+2"),
        ("/ü?key=ü", "/ü?key=**"),
    ];
    for (target, masked) in table {
        assert_eq!(mask_target(target), masked);
    }
}

#[test]
fn raw_heads_are_masked_however_they_are_written() {
    let table = [
        (
            "GET /v1/models?key=fakefake HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer fakefakefake1\r\n\r\n",
            "GET /v1/models?key=******** HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer *********ake1\r\n\r\n",
        ),
        ("GET / HTTP/1.1\nX-Api-Key:fakefake\n\n", "GET / HTTP/1.1\nX-Api-Key:********\n\n"),
        (
            "GET / HTTP/1.1\r\nauthorization :\tBearer\r\n\tfakefake\r\n  fakefake\r\nA: b\r\n\r\n",
            "GET / HTTP/1.1\r\nauthorization :\tBearer\r\n\t********\r\n  ****fake\r\nA: b\r\n\r\n",
        ),
        (
            "GET http://me:fakefake@h/ HTTP/1.1\r\nCookie: a=fakefake;b\r\n\r\n",
            "GET http://**:********@h/ HTTP/1.1\r\nCookie: a=********;*\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\r\n Authorization: Bearer fakefake\r\n\r\n",
            "GET / HTTP/1.1\r\n Authorization: Bearer ********\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nAuthorization Bearer fake:fake\r\n\r\n",
            "GET / HTTP/1.1\r\nAuthorization Bearer *********\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nAccept: */*\rAuthorization: Bearer fakefake\r\n\r\n",
            "GET / HTTP/1.1\r\nAccept: */*\rAuthorization: Bearer ********\r\n\r\n",
        ),
        (
            "HTTP/1.1 200 OK\r\nSet-Cookie: id=fakefake; Path=/\r\nx-request-id: req_1\r\n\r\n",
            "HTTP/1.1 200 OK\r\nSet-Cookie: id=********; Path=/\r\nx-request-id: req_1\r\n\r\n",
        ),
    ];
    for (head, masked) in table {
        assert_eq!(text(&mask_raw_head(head.as_bytes())), masked);
    }
}

#[test]
fn texts_lose_what_looks_like_a_secret() {
    let table = [
        ("bad key sk-proj-fakefakefake.", "bad key ****************fake."),
        ("Bearersk-ant-fakefakefake", "Bearer***************fake"),
        ("error: %20sk-or-v1-fakefakefake", "error: %20*****************fake"),
        (r#"{"api_key": "fakefakefake1"}"#, r#"{"api_key": "*********ake1"}"#),
        (r#"{\"api_key\":\"fakefakefake1\"}"#, r#"{\"api_key\":\"*********ake1\"}"#),
        ("OPENAI_API_KEY=fakefake", "OPENAI_API_KEY=********"),
        ("curl -H 'Authorization: Bearer fakefake1'", "curl -H 'Authorization: Bearer *********'"),
        ("tool --api-key fakefakefake1 run", "tool --api-key *********ake1 run"),
        ("Missing x-api-key authentication", "Missing x-api-key authentication"),
        ("hf_hub_download_with_progress", "hf_hub_download_with_progress"),
        ("https://me:fakefake@h/x", "https://**:********@h/x"),
        ("https://h/x?key=fakefake", "https://h/x?key=********"),
        ("Bearer token12345", "Bearer **********"),
        ("Bearer authentication is required", "Bearer authentication is required"),
        ("Send Authorization: Bearer <key> please", "Send Authorization: Bearer <key> please"),
        ("risk-assessment-and-management", "risk-assessment-and-management"),
        ("the key is key=value", "the key is key=value"),
        ("max_tokens: 1000000000", "max_tokens: 1000000000"),
        ("scikit sk-learn", "scikit sk-learn"),
    ];
    for (plain, masked) in table {
        assert_eq!(text(&mask_text(plain.as_bytes())), masked);
    }
}

/// A secret that nothing else in a test contains.
fn secret() -> impl Strategy<Value = String> {
    "[A-Za-z0-9_.~+/=-]{6,60}".prop_map(|tail| format!("Zq{tail}7"))
}

/// A header's name in some spelling: any case, hyphens or underscores.
fn spelled(name: &'static str) -> impl Strategy<Value = String> {
    prop::collection::vec(any::<(bool, bool)>(), name.len()).prop_map(move |choices| {
        let spell = |(letter, (upper, underscore)): (char, (bool, bool))| match letter {
            '-' if underscore => '_',
            _ if upper => letter.to_ascii_uppercase(),
            _ => letter,
        };
        name.chars().zip(choices).map(spell).collect()
    })
}

fn credential_header() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "authorization",
        "x-api-key",
        "api-key",
        "x-goog-api-key",
        "proxy-authorization",
        "x-auth-token",
        "client-secret",
    ])
    .prop_flat_map(spelled)
}

fn lead_in() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "Bearer ",
        "bearer  ",
        "BEARER\t",
        "Bearer",
        "Basic ",
        "Token ",
        "Bearer \"",
        "'Bearer ",
        "\r\n ",
        "Bearer\r\n\t",
        "Foo ",
        "Bearer Bearer ",
        "\n ",
    ])
}

fn trail() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", " ", "\"", "\t", "\r", "\u{1}", "'", "\r\n ", " tail"])
}

proptest! {
    #[test]
    fn no_secret_survives_in_headers(
        name in credential_header(), before in lead_in(), secret in secret(), after in trail(),
    ) {
        let value = format!("{before}{secret}{after}");
        let masked = masked_header(&name, &value);
        prop_assert_eq!(masked.len(), value.len());
        prop_assert!(!masked.contains(&secret), "{} became {}", value, masked);
        prop_assert_eq!(masked_header(&name, &masked), masked);
    }

    #[test]
    fn no_secret_survives_in_raw_heads(
        name in credential_header(),
        colon in prop::sample::select(vec![":", ": ", " : ", ":\t", "\t:  ", ":\r\n ", " "]),
        before in lead_in(), secret in secret(), after in trail(),
        end in prop::sample::select(vec!["\r\n", "\n", "\r\r\n", ""]),
        indent in prop::sample::select(vec!["", " ", "\t"]),
    ) {
        let head = format!("POST /v1/x HTTP/1.1{end}\n{indent}{name}{colon}{before}{secret}{after}{end}");
        let masked = text(&mask_raw_head(head.as_bytes()));
        prop_assert_eq!(masked.len(), head.len());
        prop_assert!(!masked.contains(&secret), "{:?} became {:?}", head, masked);
    }

    #[test]
    fn no_secret_survives_in_cookies(secret in "[A-Za-z0-9_.~+/-]{8,60}", name in "[a-z]{1,6}") {
        let value = format!("a=1; {name}={secret}; b=2");
        let masked = masked_header("Cookie", &value);
        prop_assert_eq!(masked.len(), value.len());
        prop_assert!(!masked.contains(&secret));
        let kept = format!("{name}=");
        prop_assert!(masked.contains(&kept));
    }

    #[test]
    fn no_secret_survives_in_targets(
        name in prop::sample::select(vec!["key", "api_key", "api-key", "access_token", "API_KEY", "token"]),
        secret in "[A-Za-z0-9_.~+/=-]{8,60}",
        host in prop::sample::select(vec!["", "http://h", "https://me:passpasspass@h:1"]),
    ) {
        let target = format!("{host}/v1/models?a=b&{name}={secret}&c=d");
        let masked = mask_target(&target);
        prop_assert_eq!(masked.len(), target.len());
        prop_assert!(!masked.contains(&secret) && !masked.contains("passpasspass"), "{}", masked);
        prop_assert!(masked.starts_with(host.split("//me").next().unwrap()));
        prop_assert!(masked.ends_with("&c=d"));
        prop_assert_eq!(mask_target(&masked), masked);
    }

    #[test]
    fn any_bytes_keep_their_length(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(mask_raw_head(&bytes).len(), bytes.len());
        prop_assert_eq!(mask_text(&bytes).len(), bytes.len());
        prop_assert_eq!(mask_header("authorization", &bytes).len(), bytes.len());
    }

    #[test]
    fn a_head_of_independent_lines_is_masked_line_by_line(
        lines in prop::collection::vec("([A-Za-z-]{1,12}:|api[-_]key[:=]|bearer|sk-|https://|[ \\t\\x01\\r\\\\%@?&\"]|[a-z0-9]{1,12}){0,8}", 1..6),
    ) {
        let head = lines.join("\n").into_bytes();
        let mut split = head.split_inclusive(|byte| *byte == b'\n');
        let start = mask_raw_head(split.next().unwrap_or_default());
        let masked = split.map(mask_header_line).fold(start, |masked, line| [masked, line].concat());
        if has_independent_lines(&head) {
            prop_assert_eq!(text(&masked), text(&mask_raw_head(&head)));
        }
    }

    #[test]
    fn any_text_keeps_its_length(target in "\\PC{0,80}", telling in "([?&=:;@/ ]|key|bearer|sk-|%0A|ü|[a-z]){0,80}") {
        prop_assert_eq!(mask_target(&target).len(), target.len());
        prop_assert_eq!(mask_target(&telling).len(), telling.len());
        prop_assert_eq!(mask_text(telling.as_bytes()).len(), telling.len());
        prop_assert_eq!(mask_raw_head(telling.as_bytes()).len(), telling.len());
    }
}

#[test]
fn a_command_line_is_masked_by_what_its_words_say() {
    let stars = |count: usize| "*".repeat(count);
    let table: [(&[&str], String); 17] = [
        (&["x", "--token", "supersecretvalue1", "y"], format!("x --token {} y", stars(17))),
        (&["x", "--secret", "abcdefgh12345678"], format!("x --secret {}", stars(16))),
        (&["x", "--key", "short", "--api-key=abc"], format!("x --key {} --api-key={}", stars(5), stars(3))),
        (&["x", "-password", "a b c"], format!("x -password {}", stars(5))),
        (&["x", "--MyPass", "größe"], format!("x --MyPass {}", stars(5))),
        (&["curl", "-u", "me:hunter2hunter2"], format!("curl -u me:{}", stars(14))),
        (
            &["curl", "--user", "me", "-ume:pw", "--user=me:pw"],
            "curl --user me -ume:** --user=me:**".to_owned(),
        ),
        (
            &["env", "MY_TOKEN=abc", "OPENAI_API_KEY=abc", "KEY=a=b"],
            "env MY_TOKEN=*** OPENAI_API_KEY=*** KEY=***".to_owned(),
        ),
        (
            &["x", "--basic-auth", "me:pw", "--credentials=x"],
            "x --basic-auth ***** --credentials=*".to_owned(),
        ),
        (
            &["sh", "-c", "app --token abc && B_SECRET='x' run"],
            "sh -c app --token *** && B_SECRET=*** run".to_owned(),
        ),
        (&["x", "--no-auth", "--verbose", "now"], "x --no-auth --verbose now".to_owned()),
        (&["x", "--max-tokens", "5", "monkey=3", "-k"], "x --max-tokens 5 monkey=3 -k".to_owned()),
        (&["x", "--key", "-1abc", "--key"], "x --key ***** --key".to_owned()),
        (&["x", "sk-proj-fake0000fake0000fake"], format!("x {}fake", stars(24))),
        (&["x", "https://me:pw@h/?key=abcdefgh1"], "x https://**:**@h/?key=*********".to_owned()),
        (&["gatetap", "run", "--upstream", "sim", "-u"], "gatetap run --upstream sim -u".to_owned()),
        (&[], String::new()),
    ];
    for (words, masked) in table {
        assert_eq!(mask_command(words.iter().copied()), masked, "{words:?}");
    }
}
