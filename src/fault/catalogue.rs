//! Every fault there is, by name.
//!
//! A documented error goes by its gateway's own code, with the gateway before it where one of them is
//! meant; any error status goes by its number; a wire fault by its id.

use super::limit;
use super::plan::{Context, Effect};
use super::value::{Kind, Parameter, With};
use super::wire::{self, WireFault};
use crate::gateway::errors::{self, Confidence, ErrorCode};
use crate::gateway::variants::{self, Place, Variant};
use std::time::Duration;

/// A fault, by what its name means.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// A documented error: of this gateway, or of the one that the request goes to.
    Error {
        /// The gateway that was named.
        gateway: Option<&'static str>,
        /// The code.
        code: &'static str,
    },
    /// The likeliest error of that status.
    Status(u16),
    /// A documented failure that no code tells apart.
    Variant(&'static Variant),
    /// A wire fault.
    Wire(&'static WireFault),
    /// The limiter.
    Limit,
}

/// What people are told of a fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The gateway that documents it; `None` for what can happen on any wire.
    pub gateway: Option<&'static str>,
    /// What it is, in one sentence.
    pub summary: &'static str,
    /// The status it answers with, if it answers.
    pub status: Option<u16>,
    /// Where that is documented.
    pub source: &'static str,
    /// How sure it is.
    pub confidence: Confidence,
    /// What it takes.
    pub parameters: &'static [Parameter],
}

/// What every fault takes that answers by itself.
const ERROR_PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "status",
        kind: Kind::Status,
        default: "the documented one",
        meaning: "the status it comes with",
    },
    Parameter {
        name: "retry_after",
        kind: Kind::Text,
        default: "as documented",
        meaning: "the value of retry-after; `none` leaves it out",
    },
    Parameter {
        name: "message",
        kind: Kind::Text,
        default: "as in the catalogue",
        meaning: "what the body says",
    },
    DELAY,
];

/// What every fault takes.
pub(super) const DELAY: Parameter =
    Parameter { name: "delay", kind: Kind::Time, default: "0s", meaning: "how long nothing happens first" };

/// How long a gateway that gives up on a provider lets its client wait. The real times are minutes.
const TIMED_OUT: Duration = Duration::from_secs(2);

/// The fault of that name.
pub fn find(name: &str) -> Option<Fault> {
    if name == limit::NAME {
        return Some(Fault::Limit);
    }
    if let Some(wire) = wire::find(name) {
        return Some(Fault::Wire(wire));
    }
    if let Ok(status @ 400..=599) = name.parse() {
        return Some(Fault::Status(status));
    }
    if let Some(error) = errors::with_code(name).next() {
        return Some(Fault::Error { gateway: None, code: &error.code });
    }
    let (gateway, code) = name.split_once('.')?;
    if let Some(variant) = variants::lookup(gateway, code) {
        return Some(Fault::Variant(variant));
    }
    let error = errors::lookup(gateway, code)?;
    Some(Fault::Error { gateway: Some(&error.gateway), code: &error.code })
}

/// Every fault, the default gateway's errors first, wire faults last.
pub fn all() -> Vec<Entry> {
    let errors = errors::all().iter().map(|error| Entry {
        name: format!("{}.{}", error.gateway, error.code),
        gateway: Some(&error.gateway),
        summary: &error.meaning,
        status: Some(error.status),
        source: &error.source,
        confidence: error.confidence,
        parameters: ERROR_PARAMETERS,
    });
    let variants = variants::all().iter().map(|variant| Entry {
        name: format!("{}.{}", variant.gateway, variant.name),
        gateway: Some(&variant.gateway),
        summary: &variant.meaning,
        status: Some(variant.status),
        source: &variant.source,
        confidence: variant.confidence,
        parameters: variant_parameters(variant),
    });
    let wire = wire::ALL.iter().map(|fault| Entry {
        name: fault.name.to_owned(),
        gateway: None,
        summary: fault.summary,
        status: None,
        source: fault.source,
        confidence: fault.confidence,
        parameters: fault.parameters,
    });
    let limit = Entry {
        name: limit::NAME.to_owned(),
        gateway: None,
        summary: "A real limiter: what a key asks beyond its minute gets the gateway's own 429.",
        status: Some(429),
        source: "https://nexorouter.com/en/docs/api-capabilities/rate-limits",
        confidence: Confidence::Assumed,
        parameters: limit::PARAMETERS,
    };
    errors.chain(variants).chain(wire).chain([limit]).collect()
}

/// Every name that [`find`] knows, statuses aside.
pub fn names() -> Vec<String> {
    let mut names: Vec<String> = errors::all().iter().map(|error| error.code.clone()).collect();
    names.extend(all().into_iter().map(|entry| entry.name));
    names.sort_unstable();
    names.dedup();
    names
}

impl Fault {
    /// What it takes beside the keys that say when.
    pub fn parameters(&self) -> &'static [Parameter] {
        match self {
            Self::Error { .. } | Self::Status(_) => ERROR_PARAMETERS,
            Self::Variant(variant) => variant_parameters(variant),
            Self::Wire(fault) => fault.parameters,
            Self::Limit => limit::PARAMETERS,
        }
    }

    /// Whether it changes a stream, so that only requests that ask for one can meet it.
    pub fn needs_stream(&self) -> bool {
        match self {
            Self::Wire(fault) => fault.needs_stream,
            Self::Variant(variant) => variant.place == Place::Stream,
            Self::Error { .. } | Self::Status(_) | Self::Limit => false,
        }
    }

    /// Whether it changes the origin's answer, instead of standing for it.
    pub fn is_live(&self) -> bool {
        match self {
            Self::Wire(fault) => fault.is_live,
            Self::Variant(variant) => variant.place == Place::Stream,
            Self::Error { .. } | Self::Status(_) | Self::Limit => false,
        }
    }

    /// What it does to a request.
    pub fn effect(&self, with: &With, context: &mut Context<'_>) -> Effect {
        match self {
            Self::Wire(fault) => (fault.make)(with, context),
            Self::Variant(variant) => context.variant(variant, with),
            Self::Error { gateway, code } => {
                let own = errors::lookup(gateway.unwrap_or(context.asked.gateway), code);
                let error = own.or_else(|| errors::with_code(code).next());
                documented(error, None, with, context)
            }
            // A limiter has said by itself what a request meets.
            Self::Limit => documented(None, Some(429), with, context),
            Self::Status(status) => {
                let fallback = || errors::all().iter().find(|error| error.status == *status);
                let own = errors::with_status(context.asked.gateway, *status).next();
                documented(own.or_else(fallback), Some(*status), with, context)
            }
        }
    }
}

/// The answer of a gateway that refuses.
fn documented(error: Option<&ErrorCode>, status: Option<u16>, with: &With, context: &Context<'_>) -> Effect {
    let given = with.count("status").and_then(|status| u16::try_from(status).ok());
    let status = given.or(status).or_else(|| error.map(|error| error.status)).unwrap_or(500);
    let mut answer = context.answer(status, error, with);
    let timed_out = matches!(status, 408 | 504 | 524);
    answer.delay = with.time("delay").unwrap_or(if timed_out { TIMED_OUT } else { Duration::ZERO });
    Effect::Answer(answer)
}

fn variant_parameters(variant: &Variant) -> &'static [Parameter] {
    match variant.place {
        Place::Refusal => ERROR_PARAMETERS,
        Place::Answer => &[DELAY],
        Place::Stream => &[wire::AFTER],
    }
}
