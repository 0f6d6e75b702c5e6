//! Faults: what leaves on the wire, what is recorded of it, when rules mean a request, and how they are armed.

mod control;
mod documented;
mod plans;
mod recorded;
mod report;
mod rules;
mod wire;

use crate::support::client::{Client, Ending, post};
use crate::support::gateway::{Gateway, SSE_HEAD, write};
use crate::support::http1::{Head, chunk};
use crate::support::tapped::Tapped;

/// A request for a stream.
const ASKED: &str = r#"{"model":"gpt-x","stream":true,"messages":[]}"#;

/// A stream of five events, with a character of two bytes in the second.
const EVENTS: [&str; 5] = [
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"},\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"H\u{e9}\"},\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"llo\"},\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"total_tokens\":3}}\n\n",
    "data: [DONE]\n\n",
];

/// A gateway that answers every request with these events.
fn streaming(events: &[&str]) -> Gateway {
    let mut script = vec![write(SSE_HEAD)];
    script.extend(events.iter().map(|event| write(chunk(event))));
    script.push(write("0\r\n\r\n"));
    Gateway::replying([script])
}

/// What an app gets that sends `body` and asks for a fault.
struct Got {
    /// `None` where there is no answer.
    head: Option<Head>,
    chunks: Vec<Vec<u8>>,
    ending: Ending,
}

impl Got {
    fn status(&self) -> u16 {
        self.head.as_ref().map_or(0, Head::status)
    }

    fn header(&self, name: &str) -> Option<String> {
        self.head.as_ref()?.header(name)
    }

    fn body(&self) -> Vec<u8> {
        self.chunks.concat()
    }
}

async fn ask(tapped: &Tapped, fault: &str, body: &str) -> Got {
    ask_at(tapped, "/v1/chat/completions", fault, body).await
}

async fn ask_at(tapped: &Tapped, path: &str, fault: &str, body: &str) -> Got {
    let mut app = Client::connect(tapped.addr()).await;
    let header = format!("x-gatetap-fault: {fault}");
    let headers = [header.as_str(), "authorization: Bearer test-key-0000", "accept-encoding: gzip"];
    let asked = if fault.is_empty() { &headers[1..] } else { &headers[..] };
    app.send(post(path, asked, body)).await;
    match app.try_read_head().await {
        Err(ending) => Got { head: None, chunks: Vec::new(), ending },
        Ok(head) => {
            let body = app.read_body().await;
            let chunks = body.chunks.into_iter().map(|chunk| chunk.bytes).collect();
            Got { head: Some(head), chunks, ending: body.ending }
        }
    }
}
