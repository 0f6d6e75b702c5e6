//! Where requests go.

use gatetap::gateway::profile::{Scheme, profile, profiles, split_route};
use gatetap::gateway::{Error, Gateway};

#[test]
fn names_and_urls_become_gateways() {
    let table = [
        ("nexorouter", "nexorouter", "https://api.nexorouter.com", "/v1"),
        ("OpenRouter", "openrouter", "https://openrouter.ai", "/api/v1"),
        ("openai", "openai", "https://api.openai.com", "/v1"),
        ("anthropic", "anthropic", "https://api.anthropic.com", "/v1"),
        ("http://127.0.0.1:9100", "127.0.0.1:9100", "http://127.0.0.1:9100", "/v1"),
        ("http://127.0.0.1:9100/", "127.0.0.1:9100", "http://127.0.0.1:9100", "/v1"),
        ("http://h/api/v1", "h", "http://h", "/api/v1"),
        ("http://h/api/v1/", "h", "http://h", "/api/v1"),
        ("http://h/v1/", "h", "http://h", "/v1"),
        ("HTTPS://H.Example:443/x", "h.example", "https://h.example", "/x"),
        ("http://h:443", "h:443", "http://h:443", "/v1"),
        ("http://[::1]:9100", "[::1]:9100", "http://[::1]:9100", "/v1"),
        ("https://openrouter.ai/api", "openrouter", "https://openrouter.ai", "/api"),
    ];
    for (text, name, origin, base_path) in table {
        let gateway = Gateway::parse(text).unwrap();
        assert_eq!(
            (gateway.name.as_str(), gateway.origin().as_str(), gateway.base_path.as_str()),
            (name, origin, base_path),
            "{text}"
        );
    }
}

#[test]
fn a_base_url_reads_back_as_itself() {
    for profile in profiles() {
        assert_eq!(Gateway::parse(&profile.name).unwrap().base_url(), profile.base_url);
    }
}

#[test]
fn hosts_and_ports_are_told_apart() {
    let table = [
        ("http://h", "h", 80),
        ("https://h", "h", 443),
        ("http://h:8080", "h", 8080),
        ("https://[::1]:9100", "::1", 9100),
        ("http://[::1]", "::1", 80),
    ];
    for (text, host, port) in table {
        let gateway = Gateway::parse(text).unwrap();
        assert_eq!((gateway.host(), gateway.port()), (host, port), "{text}");
    }
    assert_eq!(Gateway::parse("http://h").unwrap().scheme, Scheme::Http);
}

#[test]
fn what_is_no_gateway_is_refused_with_its_reason() {
    let table = [
        ("https://user:hunter22@h/v1", Error::UserInfo),
        ("https://h/v1?key=hunter22", Error::Query),
        ("https://h/v1#hunter22", Error::Fragment),
        ("https://h?x", Error::Query),
        ("https:///v1", Error::Authority),
        ("https://h:0", Error::Authority),
        ("https://h:99999", Error::Authority),
        ("https://a b/v1", Error::Authority),
        ("https://h/a b", Error::Path),
        ("localhost:9100", Error::NoScheme),
        ("api.openai.com/v1", Error::NoScheme),
        ("ftp://h", Error::Scheme { scheme: "ftp".to_owned() }),
    ];
    for (text, error) in table {
        let refused = Gateway::parse(text).unwrap_err();
        assert_eq!(refused, error, "{text}");
        assert!(!refused.to_string().contains("hunter22"), "{refused}");
    }
}

#[test]
fn an_unknown_name_gets_a_suggestion_if_one_is_near() {
    for (name, meant) in [
        ("nexoruter", Some("nexorouter")),
        ("OpenRuter", Some("openrouter")),
        ("open-ai", Some("openai")),
        ("anthropc", Some("anthropic")),
        ("mistral", None),
        ("", None),
    ] {
        match Gateway::parse(name).unwrap_err() {
            Error::UnknownName { suggestion, known, .. } => {
                assert_eq!(suggestion.as_deref(), meant, "{name}");
                assert!(known.contains("nexorouter"));
            }
            other => panic!("{name}: {other:?}"),
        }
    }
    let message = Gateway::parse("nexoruter").unwrap_err().to_string();
    assert!(message.contains("did you mean 'nexorouter'?"), "{message}");
}

#[test]
fn only_a_leading_v1_is_mapped() {
    let table = [
        ("/v1", "/api/v1"),
        ("/v1/", "/api/v1/"),
        ("/v1?x=1", "/api/v1?x=1"),
        ("/v1/chat/completions", "/api/v1/chat/completions"),
        ("/v1/v1/chat/completions", "/api/v1/v1/chat/completions"),
        ("/v1//x%2Fy/..%2fz?a=&b=1+2&c", "/api/v1//x%2Fy/..%2fz?a=&b=1+2&c"),
        ("/v1beta/models", "/v1beta/models"),
        ("/V1/models", "/V1/models"),
        ("//v1/models", "//v1/models"),
        ("/chat/completions", "/chat/completions"),
        ("/api/v1/models", "/api/v1/models"),
        ("/", "/"),
        ("*", "*"),
    ];
    let openrouter = Gateway::parse("openrouter").unwrap();
    for (local, mapped) in table {
        assert_eq!(openrouter.map_target(local), mapped);
    }
    let origin = Gateway::parse("http://127.0.0.1:9100/").unwrap();
    for (local, _) in table {
        assert_eq!(origin.map_target(local), local);
    }
    assert_eq!(openrouter.origin(), "https://openrouter.ai");
}

#[test]
fn routed_paths_are_split() {
    let table = [
        ("/@openai/v1/models", Some(("openai", "/v1/models"))),
        ("/@openai", Some(("openai", "/"))),
        ("/@openai/", Some(("openai", "/"))),
        ("/@openai//x", Some(("openai", "//x"))),
        ("/@openai?x=1", Some(("openai", "/?x=1"))),
        ("/@/x", None),
        ("/@", None),
        ("/v1/@openai/x", None),
        ("@openai/x", None),
    ];
    for (path, expected) in table {
        let split = split_route(path);
        let split = split.as_ref().map(|(name, rest)| (*name, rest.as_ref()));
        assert_eq!(split, expected, "{path}");
    }
}

#[test]
fn the_default_gateway_comes_first() {
    assert_eq!(profiles().first().unwrap().name, "nexorouter");
    assert_eq!(profiles().len(), 4);
    assert_eq!(profile("nexorouter").unwrap().auth.value("k"), "Bearer k");
    assert_eq!(profile("anthropic").unwrap().auth.header(), "x-api-key");
}
