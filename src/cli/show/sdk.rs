//! What SDKs would have made of an answer.

use super::super::style::{Style, paint};
use super::Shown;
use crate::digest::{self, Outcome, ReadAs, Sdk, View};
use crate::exchange::ExchangeId;
use crate::exchange::end::Verdict;
use crate::exchange::text::{counted, printable};
use clap::ValueEnum;
use serde::Serialize;

/// An SDK by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SdkWord {
    #[value(name = "openai-python")]
    OpenAiPython,
    #[value(name = "openai-node")]
    OpenAiNode,
    Anthropic,
    AiSdk,
}

/// The view as JSON.
#[derive(Debug, Serialize)]
pub(super) struct ViewLine<'a> {
    id: ExchangeId,
    #[serde(rename = "as")]
    read_as: &'static str,
    outcome: &'static str,
    detail: Option<&'a str>,
    events: usize,
    standard_events: usize,
    differs: bool,
    text: &'a str,
    notes: &'a [String],
}

impl From<SdkWord> for ReadAs {
    fn from(word: SdkWord) -> Self {
        match word {
            SdkWord::OpenAiPython => Self::OpenAiPython,
            SdkWord::OpenAiNode => Self::OpenAiNode,
            SdkWord::Anthropic => Self::Anthropic,
            SdkWord::AiSdk => Self::AiSdk,
        }
    }
}

impl<'a> ViewLine<'a> {
    pub(super) fn new(shown: &Shown, view: &'a View) -> Self {
        let (outcome, detail) = words(&view.outcome);
        Self {
            id: shown.whole.summary.id,
            read_as: view.read_as.as_str(),
            outcome,
            detail,
            events: view.events,
            standard_events: view.standard_events,
            differs: view.differs(is_complete(shown)),
            text: &view.text,
            notes: &view.notes,
        }
    }
}

/// What `read_as` would have made of it.
pub(super) fn view(shown: &Shown, read_as: ReadAs) -> View {
    let digest = &shown.whole.summary.digest;
    digest::view(read_as, &shown.whole.exchange, &shown.request, &shown.response, digest)
}

/// The page of one view.
pub(super) fn page(shown: &Shown, view: &View, colour: bool) -> String {
    let title = format!("#{} as {} reads it", shown.whole.summary.id, view.read_as.as_str());
    let mut text = format!("  {}\n  {}\n", paint(colour, Style::Strong, &title), sentence(view, colour));
    if view.standard_events > 0 || view.events > 0 {
        let piece = format!("  {}\n", counts(view));
        text.push_str(&piece);
    }
    for note in &view.notes {
        let piece = format!("  {}\n", printable(note));
        text.push_str(&piece);
    }
    if !view.text.is_empty() {
        text.push('\n');
        for line in view.text.lines() {
            let piece = format!("  {}\n", printable(line));
            text.push_str(&piece);
        }
    }
    text
}

/// The SDKs that see something else than stands there, a line each. Only those that people read this dialect
/// with; the one that asked comes first.
pub(super) fn differing(shown: &Shown, colour: bool) -> Vec<String> {
    let exchange = &shown.whole.exchange;
    if exchange.response.is_none() || shown.whole.summary.verdict == Verdict::Open {
        return Vec::new();
    }
    let asked = Sdk::of(&exchange.request.headers).and_then(|sdk| ReadAs::of_sdk(sdk.name));
    let mut eyes = ReadAs::of_dialect(shown.whole.summary.digest.dialect).to_vec();
    eyes.sort_by_key(|read_as| Some(*read_as) != asked);
    let complete = is_complete(shown);
    eyes.into_iter()
        .map(|read_as| view(shown, read_as))
        .filter(|view| view.differs(complete))
        .map(|view| {
            let mine = if Some(view.read_as) == asked { " (this app's)" } else { "" };
            let mut line = format!("{}{mine}: {}", view.read_as.as_str(), sentence(&view, colour));
            if view.events != view.standard_events {
                let piece = format!("; {}", counts(&view));
                line.push_str(&piece);
            }
            line
        })
        .collect()
}

fn is_complete(shown: &Shown) -> bool {
    shown.whole.summary.verdict == Verdict::Complete
}

fn counts(view: &View) -> String {
    let (given, standard) = (counted(view.events as u64, "event"), view.standard_events);
    if view.events == view.standard_events {
        given
    } else {
        format!("{given}, where a reader to the standard gives {standard}")
    }
}

fn sentence(view: &View, colour: bool) -> String {
    let painted = |style, text: &str| paint(colour, style, text).into_owned();
    match &view.outcome {
        Outcome::Fine => painted(Style::Good, "ends without an error"),
        Outcome::Silent(what) => {
            format!("{}, it {}", painted(Style::Bad, "raises nothing"), printable(what))
        }
        Outcome::Raises(error) => format!("{} {}", painted(Style::Bad, "raises"), printable(error)),
        Outcome::Left => "the app stopped reading by itself".to_owned(),
        Outcome::Open => "it has not ended".to_owned(),
    }
}

fn words(outcome: &Outcome) -> (&'static str, Option<&str>) {
    match outcome {
        Outcome::Fine => ("fine", None),
        Outcome::Silent(what) => ("silent", Some(what)),
        Outcome::Raises(error) => ("raises", Some(error)),
        Outcome::Left => ("left", None),
        Outcome::Open => ("open", None),
    }
}
