//! The steps in their order.

use super::ask::{Asker, Question};
use super::conclusion::Conclusion;
use super::decide::decide;
use super::facts::{Answer, Facts, KeyForm, Silence};
use super::settings::Settings;
use super::step::{State, Step, StepName};
use super::{DEFAULT_MODEL, network, note};
use crate::exchange::credential::CredentialFacts;
use crate::exchange::end::Verdict;
use crate::exchange::head::Headers;
use crate::exchange::text::counted;
use crate::exchange::time::Clock;
use crate::gateway::credential::credential_facts;
use crate::gateway::profile::{Profile, Scheme};
use crate::proxy::{Dialler, OutgoingProxies, OwnError};
use bytes::Bytes;
use serde_json::json;

/// What came of it.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// What the facts come to.
    pub conclusion: Conclusion,
    /// What to do next: what the verdict says, and what mends a key whose step failed.
    pub next: Vec<&'static str>,
    /// What support wants to know, without a key.
    pub note: String,
}

/// Goes through all steps, and hands each to `tell` as soon as it is over.
pub async fn examine(settings: &Settings, clock: &Clock, mut tell: impl FnMut(&Step)) -> Diagnosis {
    let mut facts = Facts::default();
    tell(&config(settings));
    let credential = credential(settings);
    tell(&key(settings, credential.as_ref()));
    let (step, form) = auth(settings, credential.as_ref());
    facts.key = form;
    tell(&step);
    tell(&base_path(settings));
    let dialler =
        Dialler::new(settings.trust.clone(), settings.outgoing.clone(), settings.patience, clock.clone());
    facts.proxy = dialler.proxy_to(&settings.gateway);
    tell(&proxy(settings, &facts));
    let (step, addresses) = network::names(settings, &facts, clock).await;
    tell(&step);
    if step.state == State::Failed {
        facts.no_connection = Some(OwnError::DnsNotFound);
        return diagnosis(settings, &facts, credential.as_ref());
    }
    if !addresses.is_empty() {
        let (step, failure) = network::tcp(settings, &facts, &addresses, clock).await;
        tell(&step);
        if step.state == State::Failed {
            facts.no_connection = failure;
            return diagnosis(settings, &facts, credential.as_ref());
        }
    }
    let (step, failure) = network::tls(settings, &dialler).await;
    tell(&step);
    // TCP has just worked: what takes too long is the handshake.
    let is_handshake = failure == Some(OwnError::ConnectTimeout)
        && facts.proxy.is_none()
        && settings.gateway.scheme == Scheme::Https;
    let failure = if is_handshake { Some(OwnError::TlsFailed) } else { failure };
    facts.no_connection = failure;
    if failure.is_none() && facts.key != KeyForm::Unsendable {
        calls(&Asker { settings, dialler: &dialler, clock }, &mut facts, &mut tell).await;
    }
    diagnosis(settings, &facts, credential.as_ref())
}

fn diagnosis(settings: &Settings, facts: &Facts, credential: Option<&CredentialFacts>) -> Diagnosis {
    let conclusion = decide(facts);
    let note = note::note(settings, facts, conclusion, credential);
    let mut next = conclusion.next().to_vec();
    // What failed before the key was asked with says nothing of it, and does not mend it.
    let of_key = match facts.key {
        KeyForm::Missing if settings.key.variable.is_some() => Conclusion::NoKey.next(),
        KeyForm::Odd | KeyForm::Unsendable => Conclusion::KeyForm.next(),
        KeyForm::Missing | KeyForm::AnotherVendors | KeyForm::Fine => &[],
    };
    let missing: Vec<&str> = of_key.iter().filter(|line| !next.contains(line)).copied().collect();
    next.extend(missing);
    Diagnosis { conclusion, next, note }
}

/// The steps that ask the gateway.
async fn calls(asker: &Asker<'_>, facts: &mut Facts, tell: &mut impl FnMut(&Step)) {
    let settings = asker.settings;
    let models = asker.ask(&Question::models()).await;
    let has_list = models.is_good() && !models.listed.is_empty();
    let says = if has_list { counted(models.listed.len(), "model") } else { failing(&models) };
    tell(&told(StepName::Models, &models, has_list, says));
    let listed = models.listed.clone();
    facts.models = Some(models);
    if !has_list {
        return;
    }
    let (step, model, is_listed) = choose(settings, &listed);
    tell(&step);
    facts.listed = Some(is_listed);
    if !settings.spend {
        tell(&Step::new(StepName::Chat, State::Skipped, "--no-spend: no model is asked"));
        return;
    }
    let chat = asker.ask(&Question::chat(settings, &model, false)).await;
    tell(&call(StepName::Chat, &chat));
    let works = chat.is_good();
    let is_models_own =
        chat.has_status(&[403, 404, 408]) || chat.status.is_none_or(|status| status >= 500 || status == 200);
    facts.chat = Some(chat);
    if !works {
        if let Some(other) = listed.iter().find(|other| **other != model).filter(|_| is_models_own) {
            let other = asker.ask(&Question::chat(settings, other, false)).await;
            tell(&call(StepName::OtherModel, &other));
            facts.other = Some(other);
        }
        return;
    }
    let stream = Question::chat(settings, &model, true);
    let answer = asker.ask(&stream).await;
    tell(&call(StepName::Stream, &answer));
    facts.stream = Some(answer);
    if facts.proxy.is_some() {
        let straight = Dialler::new(
            settings.trust.clone(),
            OutgoingProxies::default(),
            settings.patience,
            asker.clock.clone(),
        );
        let answer = Asker { dialler: &straight, ..*asker }.ask(&stream).await;
        let mut step = call(StepName::StraightStream, &answer);
        // Where only the proxy leads out, this has to fail.
        if step.state == State::Failed {
            step.state = State::Doubtful;
        }
        tell(&step);
        facts.straight = Some(answer);
    }
}

fn config(settings: &Settings) -> Step {
    let gateway = &settings.gateway;
    let says = format!("{} at {}: {}", gateway.name, gateway.base_url(), settings.chosen_by);
    Step::new(StepName::Config, State::Passed, says).with(
        json!({ "gateway": gateway.name, "base_url": gateway.base_url(), "chosen_by": settings.chosen_by }),
    )
}

/// What can be said of the key. The fingerprint compares nothing here and is left out of all texts.
fn credential(settings: &Settings) -> Option<CredentialFacts> {
    let key = settings.key.value.as_deref()?;
    let auth = settings.auth();
    let value = Bytes::from(auth.value(key).into_bytes());
    let headers = Headers::from_iter([(auth.header(), value)]);
    credential_facts(&headers, None, b"doctor").into_iter().next()
}

fn key(settings: &Settings, credential: Option<&CredentialFacts>) -> Step {
    let variable = settings.key.variable.as_deref();
    let (state, says) = match (variable, credential) {
        (None, None) => (
            State::Skipped,
            "no variable is known for this gateway's key: --key-env names one; none is sent".to_owned(),
        ),
        (Some(variable), None) => (State::Failed, format!("{variable} is not set")),
        (variable, Some(credential)) => {
            let last4 = credential.last4.as_deref().map(|last4| format!(", ending in {last4}"));
            let vendor = credential.vendor.as_deref().map(|vendor| format!(", of {vendor}"));
            let says = format!(
                "{} is set: {}{}{}",
                variable.unwrap_or("the simulator's own key"),
                counted(credential.length, "byte"),
                last4.unwrap_or_default(),
                vendor.unwrap_or_default(),
            );
            (State::Passed, says)
        }
    };
    Step::new(StepName::Key, state, says).with(json!({
        "variable": variable,
        "length": credential.map(|found| found.length),
        "last4": credential.and_then(|found| found.last4.as_deref()),
        "vendor": credential.and_then(|found| found.vendor.as_deref()),
    }))
}

fn auth(settings: &Settings, credential: Option<&CredentialFacts>) -> (Step, KeyForm) {
    let header = settings.auth().header();
    let Some(credential) = credential else {
        return (Step::new(StepName::Auth, State::Skipped, "no key is sent"), KeyForm::Missing);
    };
    let key = settings.key.value.as_deref().unwrap_or_default();
    let is_sendable = http::HeaderValue::from_str(&settings.auth().value(key)).is_ok();
    let words: Vec<&str> = credential.defects.iter().map(|defect| defect.as_str()).collect();
    let vendor = credential.vendor.as_deref();
    let wanted = settings.profile.map(|profile| profile.key_vendor.as_deref());
    // Where keys have no documented prefix, another vendor's is still another vendor's.
    let is_anothers = vendor.is_some() && wanted.is_some_and(|wanted| wanted != vendor);
    let (state, form, says) = if !is_sendable {
        (State::Failed, KeyForm::Unsendable, format!("cannot stand in `{header}`: {}", words.join(", ")))
    } else if is_anothers {
        let says = format!("sent in `{header}`; it looks like a key of {}", vendor.unwrap_or_default());
        (State::Doubtful, KeyForm::AnotherVendors, says)
    } else if !words.is_empty() {
        (State::Failed, KeyForm::Odd, format!("sent in `{header}`, with a broken form: {}", words.join(", ")))
    } else {
        let scheme = credential.scheme.as_deref().map(|scheme| format!("{scheme} ")).unwrap_or_default();
        (
            State::Passed,
            KeyForm::Fine,
            format!("sent as `{header}: {scheme}…`, and nothing is wrong with its form"),
        )
    };
    (Step::new(StepName::Auth, state, says).with(json!({ "header": header, "defects": words })), form)
}

/// Endpoints that do not belong into a base URL.
const ENDPOINTS: [&str; 5] = ["/chat/completions", "/completions", "/models", "/messages", "/responses"];

fn base_path(settings: &Settings) -> Step {
    let path = settings.gateway.base_path.as_str();
    let documented = settings.profile.map(Profile::base_path);
    let endpoint = ENDPOINTS.iter().find(|endpoint| path.ends_with(**endpoint));
    let (state, says) = if let Some(endpoint) = endpoint {
        (State::Failed, format!("`{path}` ends in the endpoint `{endpoint}`, which clients add"))
    } else if path.contains("/v1/v1") {
        (State::Failed, format!("`{path}` holds `/v1` twice"))
    } else if let Some(documented) = documented.filter(|documented| *documented != path) {
        (State::Doubtful, format!("`{path}`; documented is `{documented}`"))
    } else {
        (State::Passed, format!("`{path}`"))
    };
    Step::new(StepName::BasePath, state, says).with(json!({ "path": path, "documented": documented }))
}

fn proxy(settings: &Settings, facts: &Facts) -> Step {
    let set = settings.proxy_variables.join(", ");
    let says = match (&facts.proxy, set.as_str()) {
        (Some(proxy), set) => format!("{proxy} leads to the gateway ({set})"),
        (None, "") => "none in the environment".to_owned(),
        (None, set) => format!("{set} set; none leads to this gateway"),
    };
    let facts = json!({ "proxy": facts.proxy, "variables": settings.proxy_variables });
    Step::new(StepName::Proxy, State::Passed, says).with(facts)
}

/// Which model is asked: who is named, else the known-safe one, else the first of a list without it.
fn choose(settings: &Settings, listed: &[String]) -> (Step, String, bool) {
    let wanted = settings.model.as_deref().unwrap_or(DEFAULT_MODEL);
    let is_listed = listed.iter().any(|id| id == wanted);
    let first = listed.first().filter(|_| settings.model.is_none() && !is_listed);
    let (state, says, model) = match first {
        Some(first) => (
            State::Passed,
            format!("`{wanted}` is not listed: asking `{first}` instead; --model names another"),
            first.as_str(),
        ),
        None if is_listed => (State::Passed, format!("`{wanted}` is listed"), wanted),
        None => (State::Failed, format!("`{wanted}` is not listed for this key"), wanted),
    };
    let step = Step::new(StepName::Listed, state, says).with(json!({ "model": model, "listed": is_listed }));
    (step, model.to_owned(), is_listed || first.is_some())
}

fn call(name: StepName, answer: &Answer) -> Step {
    let model = answer.model.as_deref().unwrap_or_default();
    let times = answer.times.map(|times| {
        format!(
            ": {}, the first after {}, the last after {}, the longest gap {}, at most {} in one read",
            counted(times.events, "event"),
            times.first,
            times.last,
            times.longest_gap,
            times.most_in_a_read
        )
    });
    let is_stream = matches!(name, StepName::Stream | StepName::StraightStream);
    let good = answer.is_good() && !answer.is_garbled && (answer.times.is_some() || !is_stream);
    let says = if good { format!("{model} answers") } else { format!("{model}: {}", failing(answer)) };
    let none = if is_stream && answer.times.is_none() { "no stream came; " } else { "" };
    let mut step = told(name, answer, good, format!("{none}{says}{}", times.unwrap_or_default()));
    if good && answer.times.is_some_and(|times| times.is_burst()) {
        step.state = State::Doubtful;
    }
    step
}

/// What went wrong, in a few words.
fn failing(answer: &Answer) -> String {
    let mut words = Vec::new();
    words.extend(answer.status.map(|status| format!("status {status}")));
    words.extend(answer.code.clone());
    words.extend(answer.message.as_ref().map(|message| format!("“{message}”")));
    words.extend(answer.retry_after.as_ref().map(|wait| format!("retry-after {wait}")));
    if answer.verdict != Verdict::Complete && answer.verdict != Verdict::Refused {
        words.push(answer.verdict.to_string());
    }
    words.extend(answer.detail.clone());
    if answer.is_garbled {
        words.push("events without whole JSON".to_owned());
    }
    if answer.is_page {
        words.push("a page for people".to_owned());
    }
    let between = answer
        .passed_by
        .as_ref()
        .filter(|_| answer.status.is_some_and(|status| status != 200) || answer.is_page);
    words.extend(between.cloned());
    words.extend(answer.request_id.as_ref().map(|id| format!("request id {id}")));
    words.join(", ")
}

fn told(name: StepName, answer: &Answer, good: bool, says: String) -> Step {
    let state = if good { State::Passed } else { State::Failed };
    let silence = answer.silence.map(|silence| match silence {
        Silence::Connection(token) => token.as_str(),
        Silence::Slow => "slow",
    });
    let times = answer.times.map(|times| {
        json!({
            "first_event_ms": times.first.as_ms(), "last_event_ms": times.last.as_ms(),
            "longest_gap_ms": times.longest_gap.as_ms(), "events": times.events,
            "most_in_a_read": times.most_in_a_read,
        })
    });
    Step::new(name, state, says).took(answer.took).with(json!({
        "endpoint": answer.endpoint, "model": answer.model, "status": answer.status, "code": answer.code,
        "message": answer.message, "request_id": answer.request_id, "retry_after": answer.retry_after,
        "verdict": answer.verdict.as_str(), "no_answer": silence, "detail": answer.detail,
        "passed_by": answer.passed_by, "times": times,
    }))
}
