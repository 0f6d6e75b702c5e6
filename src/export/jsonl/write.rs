//! Exchanges to lines.

use super::VERSION;
use super::line::{
    BodyLine, CredentialLine, CutLine, EndLine, EndOfFile, ExchangeLine, HeadLine, HeaderLine, HiddenLine,
    InterimLine, Line, MarkLine, Octets, OriginLine, OwnAnswerLine, RequestLine, ResponseLine, SessionLine,
    TimingLine, TunnelLine,
};
use crate::exchange::body::{Body, Hidden, Mark, Rest, Side};
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::{BodyEnd, OwnAnswer};
use crate::exchange::head::Headers;
use crate::exchange::session::Session;
use crate::exchange::time::Micros;
use crate::exchange::tunnel::Tunnel;
use crate::export::json::{hex, rfc3339};
use crate::export::{Altered, Export, Exported, Outcome, Selection};
use serde::Serialize;
use std::io::{self, Write};

/// Writes lines.
#[derive(Debug, Clone, Copy, Default)]
pub struct Jsonl;

impl Export for Jsonl {
    fn begin(&mut self, selection: &Selection, out: &mut dyn Write) -> io::Result<()> {
        let header = HeaderLine {
            gatetap: "recording".to_owned(),
            version: VERSION,
            program: concat!("gatetap ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        put(&header, out)?;
        for session in &selection.sessions {
            put(&Line::Session(session_line(session)), out)?;
        }
        for tunnel in &selection.tunnels {
            put(&Line::Tunnel(tunnel_line(tunnel)), out)?;
        }
        Ok(())
    }

    fn exchange(&mut self, one: &Exported, out: &mut dyn Write) -> io::Result<Outcome> {
        put(&Line::Exchange(Box::new(exchange_line(one))), out)?;
        Ok(Outcome::Written)
    }

    fn end(&mut self, out: &mut dyn Write) -> io::Result<()> {
        put(&Line::End(EndOfFile {}), out)
    }
}

fn put(line: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

fn exchange_line(one: &Exported) -> ExchangeLine {
    let exchange = one.exchange();
    let timing = &exchange.timing;
    let us = |time: Option<Micros>| time.map(|time| time.0);
    ExchangeLine {
        id: exchange.id,
        session: exchange.session,
        started_at: rfc3339(exchange.started_at),
        peer: exchange.peer.clone(),
        gateway: exchange.gateway.clone(),
        url: exchange.url.clone(),
        request: RequestLine {
            method: exchange.request.method.clone(),
            target: exchange.request.target.clone(),
            version: exchange.request.version.clone(),
            headers: lines(&exchange.request.headers),
            raw_head: exchange.request.raw.as_ref().map(|raw| Octets(raw.to_vec())),
            body: body_line(one, Side::Request, &exchange.request_trailers),
        },
        sent: exchange.sent.as_ref().map(lines),
        response: ResponseLine {
            interim: exchange
                .interim
                .iter()
                .map(|head| InterimLine { at_us: head.at.0, raw_head: Octets(head.raw.to_vec()) })
                .collect(),
            head: exchange.response.as_ref().map(|head| HeadLine {
                status: head.status,
                version: head.version.clone(),
                headers: lines(&head.headers),
                raw_head: head.raw.as_ref().map(|raw| Octets(raw.to_vec())),
            }),
            body: body_line(one, Side::Response, &exchange.response_trailers),
        },
        own_answer: exchange.own_answer.as_ref().map(own_answer_line),
        timing: TimingLine {
            connect_us: us(timing.connect),
            tls_us: us(timing.tls),
            reused: timing.reused,
            sent_us: us(timing.sent),
            head_us: us(timing.head),
            end_us: us(timing.end),
            held_us: us(timing.held),
        },
        credentials: exchange.credentials.iter().map(credential_line).collect(),
        fault: exchange.fault.clone(),
        replay_of: exchange.replay_of,
        note: one.whole.summary.note.clone(),
        origin: one.altered.as_ref().map(|altered| OriginLine {
            raw_head: Octets(altered.origin.head.to_vec()),
            body: origin_body_line(altered),
        }),
        digest: one.underivable(),
    }
}

fn body_line(one: &Exported, side: Side, trailers: &Headers) -> BodyLine {
    let exchange = one.exchange();
    let hidden = exchange.hidden_in(side);
    BodyLine {
        bytes: exchange.bytes_of(side),
        trailers: lines(trailers),
        end: exchange.end_of(side).map(end_line),
        sha256: exchange.sha256_of(side).map(|hash| hex(hash)),
        hidden: (hidden != Hidden::default()).then_some(HiddenLine {
            count: hidden.count,
            own: hidden.own,
            first: hidden.first,
        }),
        ..kept(one.body(side))
    }
}

fn origin_body_line(altered: &Altered) -> BodyLine {
    BodyLine { end: altered.origin.end.as_ref().map(end_line), ..kept(&altered.body) }
}

/// What is kept of a body.
fn kept(body: &Body) -> BodyLine {
    BodyLine {
        bytes: body.passed(),
        content: Octets(body.bytes.clone()),
        cut: body.cut.map(|cut| CutLine { at: cut.at, tail: cut.tail }),
        marks: body
            .marks
            .iter()
            .map(|Mark { length, read, taken, rest }| match (taken.map(|taken| taken.0), *rest) {
                (taken, Rest { bytes: 0, capitals: false }) => MarkLine::End(*length, read.0, taken),
                (taken, Rest { bytes, capitals }) => MarkLine::Part(*length, read.0, taken, bytes, capitals),
            })
            .collect(),
        trailers: Vec::new(),
        end: None,
        sha256: None,
        hidden: None,
    }
}

fn lines(headers: &Headers) -> Vec<(String, Octets)> {
    headers.iter().map(|(name, value)| (name.to_string(), Octets(value.to_vec()))).collect()
}

fn end_line(end: &BodyEnd) -> EndLine {
    match end {
        BodyEnd::Whole => EndLine::Whole,
        BodyEnd::Broken { by, detail } => {
            EndLine::Broken { by: by.as_str().to_owned(), detail: detail.clone() }
        }
    }
}

fn own_answer_line(own: &OwnAnswer) -> OwnAnswerLine {
    OwnAnswerLine { token: own.token.clone(), message: own.message.clone() }
}

fn credential_line(facts: &CredentialFacts) -> CredentialLine {
    CredentialLine {
        place: facts.place.clone(),
        scheme: facts.scheme.clone(),
        vendor: facts.vendor.clone(),
        length: facts.length,
        last4: facts.last4.clone(),
        fingerprint: facts.fingerprint.clone(),
        defects: facts.defects.iter().map(|defect| defect.as_str().to_owned()).collect(),
    }
}

fn session_line(session: &Session) -> SessionLine {
    SessionLine {
        id: session.id,
        started_at: rfc3339(session.started_at),
        ended_at: session.ended_at.map(rfc3339),
        program: session.program.clone(),
        command: session.command.clone(),
        upstream: session.upstream.clone(),
        seed: session.seed,
    }
}

fn tunnel_line(tunnel: &Tunnel) -> TunnelLine {
    TunnelLine {
        id: tunnel.id,
        session: tunnel.session,
        started_at: rfc3339(tunnel.started_at),
        peer: tunnel.peer.clone(),
        host: tunnel.host.clone(),
        connect_us: tunnel.connect.map(|time| time.0),
        end_us: tunnel.end.map(|time| time.0),
        sent_bytes: tunnel.sent_bytes,
        received_bytes: tunnel.received_bytes,
        end: tunnel.ended.as_ref().map(end_line),
        failure: tunnel.failure.as_ref().map(own_answer_line),
    }
}
