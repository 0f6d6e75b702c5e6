//! Exchanges to entries.

use crate::digest::EventKind;
use crate::exchange::Exchange;
use crate::exchange::body::Side;
use crate::exchange::head::Headers;
use crate::exchange::text::counted;
use crate::exchange::time::Micros;
use crate::export::json::{FindingLine, head_text, rfc3339};
use crate::export::text::{Message, is_websocket, messages};
use crate::export::{Export, Exported, Outcome, Selection};
use crate::gateway::keys::percent_decode;
use crate::wire::media;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};
use std::io::{self, Write};

/// Writes one HAR.
#[derive(Debug, Default)]
pub struct Har {
    has_one: bool,
}

impl Export for Har {
    fn begin(&mut self, _: &Selection, out: &mut dyn Write) -> io::Result<()> {
        let creator = json!({"name": "gatetap", "version": env!("CARGO_PKG_VERSION")});
        write!(out, "{{\"log\":{{\"version\":\"1.2\",\"creator\":{creator},\"pages\":[],\"entries\":[")
    }

    fn exchange(&mut self, one: &Exported, out: &mut dyn Write) -> io::Result<Outcome> {
        out.write_all(if std::mem::replace(&mut self.has_one, true) { b",\n" } else { b"\n" })?;
        serde_json::to_writer(&mut *out, &entry(one))?;
        Ok(Outcome::Written)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(b"\n]}}\n")
    }
}

fn entry(one: &Exported) -> Value {
    let exchange = one.exchange();
    let timings = timings(exchange);
    let time: f64 = timings
        .iter()
        // TLS is a part of connecting.
        .filter(|(name, _)| *name != "ssl")
        .map(|(_, time)| time.max(0.0))
        .sum();
    let mut entry = json!({
        "startedDateTime": rfc3339(exchange.started_at),
        "time": time,
        "request": request(one),
        "response": response(one),
        "cache": {},
        "timings": Map::from_iter(timings.map(|(name, time)| (name.to_owned(), json!(time)))),
        "_gatetap": own(one),
    });
    let Some(members) = entry.as_object_mut() else { return entry };
    let websocket = is_websocket(exchange);
    let events = if websocket { Vec::new() } else { event_messages(one) };
    members.insert("_resourceType".to_owned(), resource_type(websocket, !events.is_empty()).into());
    if websocket {
        let list = messages(one).iter().map(|message| websocket_message(exchange, message)).collect();
        members.insert("_webSocketMessages".to_owned(), Value::Array(list));
    }
    if !events.is_empty() {
        members.insert("_eventSourceMessages".to_owned(), Value::Array(events));
    }
    if let Some(note) = &one.whole.summary.note {
        members.insert("comment".to_owned(), note.as_str().into());
    }
    if let Some(port) = exchange.peer.as_deref().and_then(|peer| peer.rsplit(':').next()) {
        members.insert("connection".to_owned(), port.into());
    }
    entry
}

const fn resource_type(websocket: bool, events: bool) -> &'static str {
    match (websocket, events) {
        (true, _) => "websocket",
        (_, true) => "eventsource",
        _ => "fetch",
    }
}

fn request(one: &Exported) -> Value {
    let exchange = one.exchange();
    let head = &exchange.request;
    let mut request = json!({
        "method": head.method,
        "url": exchange.url,
        "httpVersion": head.version,
        "cookies": [],
        "headers": headers(&head.headers),
        "queryString": query(&exchange.url),
        "headersSize": head.raw.as_ref().map_or(-1, |raw| raw.len() as i64),
        "bodySize": exchange.request_bytes,
    });
    if !one.request.bytes.is_empty() && !is_websocket(exchange) {
        let (bytes, _) = one.decoded(Side::Request);
        let mime = head.headers.first("content-type").map(|value| head_text(value)).unwrap_or_default();
        let mut data = json!({"mimeType": mime, "params": []});
        put_text(&mut data, &bytes, "");
        put_missing(&mut data, one, Side::Request);
        if let Some(request) = request.as_object_mut() {
            request.insert("postData".to_owned(), data);
        }
    }
    request
}

fn response(one: &Exported) -> Value {
    let exchange = one.exchange();
    let Some(head) = &exchange.response else {
        // What browsers write where there was no answer.
        return json!({
            "status": 0, "statusText": "", "httpVersion": "", "cookies": [], "headers": [],
            "content": {"size": 0, "mimeType": "x-unknown"}, "redirectURL": "",
            "headersSize": -1, "bodySize": -1,
            "_error": exchange.own_answer.as_ref().map_or("no answer", |own| own.token.as_str()),
        });
    };
    let (bytes, _) = if is_websocket(exchange) { (Vec::new(), None) } else { one.decoded(Side::Response) };
    let mime =
        head.headers.first("content-type").map_or_else(|| "x-unknown".to_owned(), |value| head_text(value));
    let passed = exchange.response_bytes;
    let mut content = json!({
        "size": bytes.len(),
        "compression": bytes.len() as i64 - one.response.bytes.len() as i64,
        "mimeType": mime,
    });
    put_text(&mut content, &bytes, &mime);
    put_missing(&mut content, one, Side::Response);
    let location = head.headers.first("location").map(|value| head_text(value)).unwrap_or_default();
    let mut response = json!({
        "status": head.status,
        "statusText": reason(head.raw.as_deref()),
        "httpVersion": head.version,
        "cookies": [],
        "headers": headers(&head.headers),
        "content": content,
        "redirectURL": location,
        "headersSize": head.raw.as_ref().map_or(-1, |raw| raw.len() as i64),
        "bodySize": passed,
        "_transferSize": passed + head.raw.as_ref().map_or(0, |raw| raw.len() as u64),
    });
    let Some(members) = response.as_object_mut() else { return response };
    if let Some(own) = &exchange.own_answer {
        members.insert("_error".to_owned(), own.token.clone().into());
    }
    if !exchange.interim.is_empty() {
        let lines: Vec<String> = exchange.interim.iter().map(|head| head_text(head.start_line())).collect();
        members.insert("comment".to_owned(), format!("before it came {}", lines.join(", ")).into());
    }
    response
}

/// The reason phrase of an HTTP/1 head.
fn reason(raw: Option<&[u8]>) -> String {
    let line = raw.and_then(|raw| raw.split(|byte| *byte == b'\n').next()).unwrap_or_default();
    head_text(line.trim_ascii_end()).splitn(3, ' ').nth(2).unwrap_or_default().to_owned()
}

/// Puts bytes in as text, or in Base64 where they are none.
fn put_text(into: &mut Value, bytes: &[u8], mime: &str) {
    let Some(into) = into.as_object_mut() else { return };
    match std::str::from_utf8(bytes) {
        Ok(text) => into.insert("text".to_owned(), text.into()),
        // A stream that was cut in a character is a text all the same.
        Err(error) if media::is(mime, media::EVENT_STREAM) && error.error_len().is_none() => {
            let text = String::from_utf8_lossy(bytes.get(..error.valid_up_to()).unwrap_or_default());
            into.insert("comment".to_owned(), "cut inside a character".into());
            into.insert("text".to_owned(), text.into())
        }
        Err(_) => {
            into.insert("encoding".to_owned(), "base64".into());
            into.insert("text".to_owned(), BASE64.encode(bytes).into())
        }
    };
}

fn put_missing(into: &mut Value, one: &Exported, side: Side) {
    let missing = one.missing(side);
    if let Some(into) = into.as_object_mut().filter(|_| missing > 0) {
        into.insert("comment".to_owned(), format!("not recorded: {}", counted(missing, "byte")).into());
    }
}

fn headers(headers: &Headers) -> Value {
    let lines = headers.iter().map(|(name, value)| json!({"name": name, "value": head_text(value)}));
    Value::Array(lines.collect())
}

fn query(url: &str) -> Value {
    let query = url.split_once('?').map(|(_, query)| query).unwrap_or_default();
    let decoded =
        |text: &str| String::from_utf8_lossy(&percent_decode(text.replace('+', " ").as_bytes())).into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        json!({"name": decoded(name), "value": decoded(value)})
    });
    Value::Array(pairs.collect())
}

/// Milliseconds; -1 where it is not known or does not apply. Name resolution is a part of connecting.
fn timings(exchange: &Exchange) -> [(&'static str, f64); 7] {
    let timing = &exchange.timing;
    let ms = |time: Option<Micros>| time.map_or(-1.0, Micros::as_ms);
    let between = |from: Option<Micros>, to: Option<Micros>| match (from, to) {
        (Some(from), Some(to)) => to.since(from).as_ms(),
        _ => -1.0,
    };
    let tls = timing.tls.unwrap_or_default();
    let connect = timing.connect.map(|connect| Micros(connect.0 + tls.0));
    let send = timing.sent.map(|sent| sent.since(connect.unwrap_or_default()));
    let unsent = if timing.sent.is_none() { timing.end } else { None };
    [
        // Without an answer all that is known is how long there was none.
        ("blocked", ms(unsent)),
        ("dns", -1.0),
        ("connect", if unsent.is_some() { -1.0 } else { ms(connect) }),
        ("ssl", if unsent.is_some() { -1.0 } else { ms(timing.tls) }),
        ("send", ms(send).max(0.0)),
        ("wait", between(timing.sent, timing.head).max(0.0)),
        ("receive", between(timing.head.or(timing.sent), timing.end).max(0.0)),
    ]
}

fn event_messages(one: &Exported) -> Vec<Value> {
    let start = one.exchange().started_at;
    let events = one.events();
    let events = events.iter().filter(|event| event.kind == EventKind::Event);
    let message = |event: &crate::digest::EventLine| {
        json!({
            "time": start.plus(event.at.unwrap_or_default()).0 as f64 / 1e6,
            "eventName": event.event.as_deref().unwrap_or("message"),
            "eventId": event.id.as_deref().unwrap_or_default(),
            "data": event.data,
        })
    };
    events.map(message).collect()
}

fn websocket_message(exchange: &Exchange, message: &Message) -> Value {
    let text = std::str::from_utf8(&message.payload).ok().filter(|_| message.opcode == 1);
    json!({
        "type": if message.side == Side::Request { "send" } else { "receive" },
        "time": exchange.started_at.plus(message.at).0 as f64 / 1e6,
        "opcode": message.opcode,
        "data": text.map_or_else(|| BASE64.encode(&message.payload), str::to_owned),
    })
}

/// What a HAR has no place for.
fn own(one: &Exported) -> Value {
    let summary = &one.whole.summary;
    let digest = &summary.digest;
    json!({
        "id": summary.id,
        "verdict": summary.verdict.as_str(),
        "evidence": one.evidence,
        "gateway": summary.gateway,
        "target": one.exchange().request.target,
        "model": digest.model,
        "model_answered": digest.model_answered,
        "request_id": digest.request_id,
        "error_code": digest.error_code,
        "finish_reason": digest.finish_reason,
        "tokens": {"input": digest.usage.input, "output": digest.usage.output, "total": digest.usage.total},
        "cost": digest.usage.cost,
        "ttft_ms": digest.first_token.map(Micros::as_ms),
        "fault": summary.fault,
        "findings": one.whole.findings.iter().map(FindingLine::new).collect::<Vec<_>>(),
    })
}
