//! What `stream-sdk-reads-otherwise` says of the standard's cases is what the SDKs' decoders do with them.

use super::support::reviewed;
use crate::wire_event_stream::case_bytes;
use gatetap::check::{Engine, Pattern, Settings};
use gatetap::digest::{Given, ReadAs, given};
use gatetap::exchange::body::{Mark, Rest};
use gatetap::exchange::time::Micros;
use gatetap::wire::script::{Capture, read};

/// Cases in which the SDK gives something else and the check is quiet, for a reason.
const QUIET: [(&str, &str); 2] = [
    // The further empty line is the last of the stream, where nothing is read any more.
    ("R15", "openai-python"),
    // A byte order mark in the middle of a stream.
    ("W01", "openai-node"),
];

/// Fields, comments and empty lines in blocks after one with an `id`.
const OWN_CASES: [&str; 11] = [
    "id: 1\nretry: 3\ndata: 1\n\nid: 2\nretry: 3\ndata: 2\n\n",
    "id: 1\r\nretry: 3\r\ndata: 1\r\n\r\nid: 2\r\nretry: 3\r\ndata: 2\r\n\r\n",
    "id: 1\ndata: 1\n\nid: 2\n: so\ndata: 2\n\n",
    "id: 1\ndata: 1\n\ndata: 2\nx: y\n\n",
    "id: 1\ndata: 1\n\nevent: message\n: so\n: so\ndata: 2\n\n",
    "id: 1\ndata: 1\n\n: so\ndata: 2\n\n",
    "id: 1\ndata: 1\n\n: so\n\ndata: 2\n\n",
    "id: 1\r\ndata: 1\r\n\r\n: so\r\n\r\ndata: 2\r\n\r\n",
    "id: 1\ndata: 1\n\n\n: so\ndata: 2\n\n",
    "id: 1\ndata: 1\n\n\n\n\n\n: so\ndata: 2\n\n",
    "id: 1\ndata: 1\n\n\nid: 2\nretry: 3\ndata: 2\n\n",
];

fn capture(agent: &str, body: &[u8], cut: usize) -> Capture {
    let mut capture = read(&format!(
        "gateway openai\n> POST /v1/chat/completions HTTP/1.1\n> User-Agent: {agent}\n\
         | {{\"model\":\"m\",\"messages\":[],\"stream\":true}}\n+1ms\n< HTTP/1.1 200 OK\n\
         < Content-Type: text/event-stream\nend\n"
    ))
    .unwrap();
    let (first, rest) = body.split_at(cut.min(body.len()));
    capture.response.bytes = body.to_vec();
    capture.response.marks = [first, rest]
        .iter()
        .filter(|part| !part.is_empty())
        .map(|part| Mark {
            length: part.len() as u32,
            read: Micros(2_000),
            taken: None,
            rest: Rest::default(),
        })
        .collect();
    capture.exchange.response_bytes = body.len() as u64;
    capture.exchange.timing.end = Some(Micros(3_000));
    capture
}

fn datas(given: &[Given]) -> Vec<Option<&str>> {
    given
        .iter()
        .map(|given| match given {
            Given::Event { data, .. } => Some(data.as_str()),
            Given::NotUtf8 => None,
        })
        .collect()
}

#[test]
fn the_check_speaks_where_the_decoder_differs_and_nowhere_else() {
    let engine = || {
        let select = vec![Pattern::parse("stream-sdk-reads-otherwise").unwrap()];
        Engine::new(Settings { select, ..Settings::default() })
    };
    let mut wrong = Vec::new();
    for (agent, read_as) in
        [("OpenAI/Python 3.52.0", ReadAs::OpenAiPython), ("OpenAI/JS 6.49.0", ReadAs::OpenAiNode)]
    {
        let own = OWN_CASES.map(|case| (format!("{case:?}"), case.as_bytes().to_vec()));
        for (id, body) in case_bytes().into_iter().chain(own) {
            let (own, standard) = (given(read_as, &body), given(ReadAs::AiSdk, &body));
            if standard.is_empty() || QUIET.contains(&(id.as_str(), read_as.as_str())) {
                continue;
            }
            let differs = datas(&own) != datas(&standard);
            for cut in [0, body.len() / 2, body.len()] {
                let found = &reviewed(engine(), &[capture(agent, &body, cut)])[0].findings;
                if found.is_empty() == differs {
                    wrong.push(format!(
                        "{id} {} cut {cut}: {:?}\n  gives {:?}\n  not {:?}\n  found {:?}",
                        read_as.as_str(),
                        String::from_utf8_lossy(&body),
                        datas(&own),
                        datas(&standard),
                        found.iter().map(|finding| &finding.evidence).collect::<Vec<_>>()
                    ));
                    break;
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
