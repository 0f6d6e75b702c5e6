//! The decision table, from facts to a conclusion.

use super::conclusion::Conclusion;
use super::facts::{Answer, Facts, KeyForm, Silence, Times};
use crate::exchange::end::Verdict;
use crate::proxy::OwnError;

/// The code of an account or a key without money, whatever status it comes with: OpenAI's is 429.
const NO_MONEY: &str = "insufficient_quota";

/// What the facts come to. What fails first explains what fails after it, so that the order of the steps is
/// the order of the table.
pub(super) fn decide(facts: &Facts) -> Conclusion {
    let found = without_connection(facts)
        .or_else(|| without_models(facts))
        .or_else(|| without_chat(facts))
        .or_else(|| without_stream(facts));
    let well = if facts.chat.is_some() { Conclusion::Healthy } else { Conclusion::HealthyUnspent };
    found.unwrap_or(well)
}

/// No connection, or a key with which nothing can be asked.
fn without_connection(facts: &Facts) -> Option<Conclusion> {
    if let Some(token) = facts.no_connection {
        return Some(of_connection(token, facts));
    }
    (facts.key == KeyForm::Unsendable).then_some(Conclusion::KeyForm)
}

fn of_connection(token: OwnError, facts: &Facts) -> Conclusion {
    match token {
        OwnError::TlsFailed => Conclusion::TlsFailed,
        OwnError::Loop => Conclusion::Loop,
        OwnError::BadResponse => Conclusion::NotHttp,
        _ if facts.proxy.is_some() => Conclusion::ProxyFails,
        OwnError::DnsNotFound => Conclusion::NoName,
        OwnError::ConnectTimeout => Conclusion::NoWay,
        OwnError::ConnectionRefused => Conclusion::Refused,
        _ => Conclusion::ConnectionBroken,
    }
}

/// Even the list of models fails: the key, the account, the way or the gateway.
fn without_models(facts: &Facts) -> Option<Conclusion> {
    let models = facts.models.as_ref()?;
    let found = match (models.silence, models.status) {
        _ if models.is_good() && !models.listed.is_empty() => return None,
        (Some(Silence::Slow), None) => Conclusion::NoAnswer,
        (Some(Silence::Connection(OwnError::ClosedBeforeResponse | OwnError::ConnectionReset)), _) => {
            Conclusion::ConnectionBroken
        }
        (Some(Silence::Connection(token)), _) => of_connection(token, facts),
        (_, Some(407)) => Conclusion::ProxyLogin,
        (_, Some(404 | 405 | 410)) => Conclusion::WrongBaseUrl,
        (_, Some(200..=399)) if models.is_page => Conclusion::WrongBaseUrl,
        _ if models.is_page => Conclusion::Edge,
        _ if models.has_code(NO_MONEY) => Conclusion::Quota,
        (_, Some(401 | 403)) => of_key(facts),
        (_, Some(402)) => Conclusion::Quota,
        (_, Some(429)) => Conclusion::RateLimited,
        (_, Some(500..)) => Conclusion::GatewayTrouble,
        (_, Some(200)) if models.verdict == Verdict::ErrorInside => Conclusion::GatewayTrouble,
        (_, Some(200)) if models.verdict == Verdict::CutByGateway => Conclusion::ConnectionBroken,
        (Some(Silence::Slow), _) => Conclusion::NoAnswer,
        // Whoever answers like that is no such API.
        _ => Conclusion::WrongBaseUrl,
    };
    Some(found)
}

fn of_key(facts: &Facts) -> Conclusion {
    match facts.key {
        KeyForm::Missing => Conclusion::NoKey,
        KeyForm::Odd | KeyForm::Unsendable => Conclusion::KeyForm,
        KeyForm::AnotherVendors => Conclusion::AnothersKey,
        KeyForm::Fine => Conclusion::KeyRejected,
    }
}

/// The list comes, and a small call fails.
fn without_chat(facts: &Facts) -> Option<Conclusion> {
    let chat = facts.chat.as_ref()?;
    if chat.is_good() {
        return None;
    }
    let found = match chat.status {
        _ if chat.has_code(NO_MONEY) => Conclusion::Quota,
        Some(401) => match facts.key {
            KeyForm::Fine => Conclusion::ChatRefusesKey,
            // A gateway may list its models to everybody.
            _ => of_key(facts),
        },
        Some(402) => Conclusion::Quota,
        Some(407) => Conclusion::ProxyLogin,
        Some(429) => Conclusion::RateLimited,
        Some(404) if facts.listed == Some(true) && !chat.has_code("model_not_found") => {
            Conclusion::WrongBaseUrl
        }
        Some(404) => Conclusion::NoModel,
        Some(403) if chat.is_page => Conclusion::Edge,
        Some(403) if facts.listed == Some(false) || works(facts) => Conclusion::NoModel,
        Some(403) => Conclusion::ChatRefusesKey,
        Some(400..500) if facts.listed == Some(false) => Conclusion::NoModel,
        Some(400..500) if chat.is_page => Conclusion::Edge,
        Some(400..500) => Conclusion::RequestRefused,
        _ if works(facts) => Conclusion::OneModel,
        _ if chat.is_page => Conclusion::Edge,
        _ => match &facts.other {
            Some(other) if is_slow(chat) && is_slow(other) => Conclusion::AllTimeOut,
            Some(_) => Conclusion::AllModels,
            None if chat.verdict == Verdict::ErrorInside => Conclusion::StreamError,
            None => Conclusion::ModelFails,
        },
    };
    Some(found)
}

fn works(facts: &Facts) -> bool {
    facts.other.as_ref().is_some_and(Answer::is_good)
}

/// The client's own patience ended, or a gateway says that somebody's behind it did.
fn is_slow(answer: &Answer) -> bool {
    answer.silence == Some(Silence::Slow)
}

/// A plain call works, and a stream fails or comes late.
fn without_stream(facts: &Facts) -> Option<Conclusion> {
    let stream = facts.stream.as_ref()?;
    if stream.is_page {
        return Some(Conclusion::NotAStream);
    }
    if stream.silence == Some(Silence::Slow) {
        return Some(Conclusion::StreamStalls);
    }
    let burst = |answer: &Answer| answer.times.as_ref().is_some_and(Times::is_burst);
    match (stream.verdict, stream.status) {
        (Verdict::Complete, _) if stream.times.is_none() => Some(Conclusion::NotAStream),
        (Verdict::Complete, _) if stream.is_garbled => Some(Conclusion::StreamGarbled),
        (Verdict::Complete, _) if !burst(stream) => None,
        (Verdict::Complete, _) => Some(match &facts.straight {
            Some(straight) if straight.is_good() && !burst(straight) => Conclusion::BufferedByProxy,
            _ => Conclusion::BufferedBefore,
        }),
        (Verdict::ErrorInside, _) => Some(Conclusion::StreamError),
        (Verdict::Incomplete, _) => Some(Conclusion::StreamIncomplete),
        (_, Some(429)) => Some(Conclusion::RateLimited),
        (_, Some(402)) => Some(Conclusion::Quota),
        (_, Some(400..)) => Some(Conclusion::StreamRefused),
        _ => Some(Conclusion::StreamCut),
    }
}
