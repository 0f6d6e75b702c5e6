//! The line at the top: a filter, what is searched in a tab, a command, what to copy.

use super::CopyWhat;
use super::columns::Column;
use super::typing::Typing;
use crate::exchange::{ExchangeId, SessionId};
use crate::fault::complete::{Candidate, complete};
use crate::fault::{BadRule, Rule, catalogue, preset, spec};
use crate::store::Order;
use crate::store::filter::{Completion, Filter, FilterError};
use crate::tui::keymap::{self, Action, Context, Edit, Motion, Preset};
use std::ops::Range;

/// How many filters are remembered.
const REMEMBERED: usize = 50;

/// The line that is being typed, with what it offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What it is for.
    pub kind: Kind,
    /// The line.
    pub line: Typing,
    /// What may be chosen, best first.
    pub choices: Vec<Choice>,
    /// The choice in force.
    pub chosen: Option<usize>,
    /// What is wrong with the filter as it stands.
    pub error: Option<Mistake>,
    /// Whether it was accepted in spite of that.
    pub refused: bool,
    /// The line before a candidate was put in, and the bytes that candidates replace.
    typed: Option<Typing>,
    replace: Range<usize>,
    remembered: Option<usize>,
    context: Context,
    /// The armed rule that the line changes.
    changing: Option<String>,
    /// Everything to choose from, where that is known from the start.
    all: Vec<Choice>,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The bytes that are wrong.
    pub span: Range<usize>,
    /// What is wrong with them.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// What a line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The filter of the list.
    Filter,
    /// What is searched in a tab.
    Find,
    /// A command, or the number of an exchange.
    Commands,
    /// What to copy.
    Copy,
    /// A fault to arm, or to disarm.
    Faults,
    /// A note on exchanges.
    Note,
    /// What the list is put in order by.
    Order,
    /// The columns of the list.
    Columns,
    /// A session of the recording, or another recording.
    Sessions,
    /// The file of another recording.
    Recording,
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its name, or the text to put in.
    pub text: String,
    /// What it means.
    pub about: String,
    /// What choosing it does.
    pub does: Does,
}

/// What choosing does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Does {
    /// Puts the text in the place of the word at the cursor.
    Put,
    /// Puts the text in the place of the whole line.
    PutWhole,
    /// Does this.
    Act(Action),
    /// Copies this.
    Copy(CopyWhat),
    /// Disarms the fault of that name.
    Disarm,
    /// Puts the list in that order; `None` is that of starting.
    Order(Option<Order>),
    /// Shows or hides that column.
    Toggle(Column),
    /// Shows that session alone; `None` is all of them.
    Session(Option<SessionId>),
    /// Asks for another recording.
    Recordings,
    /// Opens the recording again that the view began with.
    Home,
}

/// What an accepted line asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Accepted {
    /// Nothing: the line stays open.
    Stay,
    /// This filter.
    Filter(String, Filter),
    /// To search for this.
    Find(String),
    /// To go to this exchange.
    Go(ExchangeId),
    /// To do this.
    Act(Action),
    /// To copy this.
    Copy(CopyWhat),
    /// To arm these faults.
    Arm(Vec<Rule>),
    /// To disarm this one.
    Disarm(String),
    /// To arm these in the place of this one.
    Rearm(String, Vec<Rule>),
    /// To put this note.
    Note(String),
    /// To do what was chosen.
    Choose(Does),
    /// To open this recording.
    Open(String),
}

/// The filters that were in force, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct History(Vec<String>);

impl History {
    pub(super) fn remember(&mut self, text: &str) {
        if !text.is_empty() {
            self.0.retain(|known| known != text);
            self.0.push(text.to_owned());
            let over = self.0.len().saturating_sub(REMEMBERED);
            self.0.drain(..over);
        }
    }
}

impl Prompt {
    pub(super) fn new(kind: Kind, text: &str, context: Context) -> Self {
        let mut prompt = Self {
            kind,
            line: Typing::new(text),
            choices: Vec::new(),
            chosen: None,
            error: None,
            refused: false,
            typed: None,
            replace: 0..0,
            remembered: None,
            context,
            changing: None,
            all: Vec::new(),
        };
        prompt.changed();
        prompt
    }

    /// A line for faults: those that are armed, and those that may happen at `gateway`.
    pub(super) fn for_faults(armed: &[String], gateway: &str, context: Context) -> Self {
        let gateway = match gateway.strip_prefix("sim:").unwrap_or(gateway) {
            "sim" => "nexorouter",
            gateway => gateway,
        };
        let mut prompt = Self::new(Kind::Faults, "", context);
        prompt.all.extend(armed.iter().map(|rule| Choice {
            text: rule.clone(),
            about: "ARMED; enter disarms it, → changes it".to_owned(),
            does: Does::Disarm,
        }));
        let mut entries = catalogue::all();
        entries.retain(|entry| entry.gateway.is_none_or(|of| of == gateway));
        // What this gateway documents comes before what may happen on any wire.
        entries.sort_by_key(|entry| entry.gateway.is_none());
        prompt.all.extend(entries.into_iter().map(|entry| {
            let status = entry.status.map(|status| format!("{status}: ")).unwrap_or_default();
            let summary = entry.summary.trim_end_matches('.');
            let takes: Vec<&str> = entry.parameters.iter().map(|parameter| parameter.name).collect();
            let takes = if takes.is_empty() { String::new() } else { format!(" ({})", takes.join(", ")) };
            Choice { text: entry.name, about: format!("{status}{summary}{takes}"), does: Does::PutWhole }
        }));
        prompt.all.extend(preset::all().iter().map(|preset| Choice {
            text: format!("preset:{}", preset.name),
            about: preset.summary.clone(),
            does: Does::PutWhole,
        }));
        prompt.changed();
        prompt
    }

    /// A line over these choices.
    pub(super) fn over(kind: Kind, all: Vec<Choice>, context: Context) -> Self {
        let mut prompt = Self::new(kind, "", context);
        prompt.all = all;
        prompt.changed();
        prompt
    }

    /// Offers these from now on. What is typed and which of them is chosen stays.
    pub(super) fn put_choices(&mut self, all: Vec<Choice>) {
        let chosen = self.chosen;
        self.all = all;
        self.changed();
        self.chosen = chosen.filter(|at| *at < self.choices.len());
    }

    /// The line and the cursor that completions are wanted for.
    pub(super) fn to_complete(&self) -> Option<(String, usize)> {
        let line = self.typed.as_ref().unwrap_or(&self.line);
        (self.kind == Kind::Filter).then(|| (line.text().to_owned(), line.cursor()))
    }

    /// Takes in the candidates for a line, if it is still the line.
    pub(super) fn offer(&mut self, asked: &(String, usize), completion: Completion) -> bool {
        if self.to_complete().as_ref() != Some(asked) {
            return false;
        }
        self.replace = completion.replace;
        let candidates = completion.candidates.into_iter();
        let mut choices = presets(&asked.0);
        choices.extend(candidates.map(|candidate| Choice {
            text: candidate.text,
            about: candidate.about,
            does: Does::Put,
        }));
        let changed = choices != self.choices;
        self.choices = choices;
        changed
    }

    pub(super) fn insert(&mut self, text: &str) {
        self.line.insert(text);
        self.changed();
    }

    pub(super) fn edit(&mut self, edit: Edit) {
        let chosen = self.chosen.and_then(|at| self.choices.get(at));
        let armed = chosen.filter(|choice| choice.does == Does::Disarm).map(|choice| choice.text.clone());
        match armed.filter(|_| matches!(edit, Edit::Right | Edit::End)) {
            Some(rule) => {
                self.line = Typing::new(rule.clone());
                self.changing = Some(rule);
            }
            None => self.line.edit(edit),
        }
        if self.line.text().is_empty() {
            self.changing = None;
        }
        self.changed();
    }

    /// The next or the previous choice; of a filter, put into the line.
    pub(super) fn choose(&mut self, motion: Motion) {
        let Some(last) = self.choices.len().checked_sub(1) else {
            return;
        };
        let next = match (self.chosen, motion) {
            (None, Motion::Up) => last,
            (None, _) => 0,
            (Some(0), Motion::Up) => last,
            (Some(at), Motion::Up) => at - 1,
            (Some(at), _) if at >= last => 0,
            (Some(at), _) => at + 1,
        };
        self.chosen = Some(next);
        let Some(choice) = self.choices.get(next) else {
            return;
        };
        let typed = self.typed.get_or_insert_with(|| self.line.clone());
        match choice.does {
            Does::Put => {
                let mut line = typed.clone();
                line.replace(self.replace.clone(), &choice.text);
                self.line = line;
            }
            Does::PutWhole => self.line = Typing::new(choice.text.clone()),
            _ => self.typed = None,
        }
        self.judge();
    }

    /// A filter that was in force before; of other lines, another choice.
    pub(super) fn recall(&mut self, motion: Motion, history: &History) {
        if self.kind != Kind::Filter {
            return self.choose(motion);
        }
        let count = history.0.len();
        let at = match (self.remembered, motion) {
            (None, Motion::Up) => count.checked_sub(1),
            (None, _) => None,
            (Some(at), Motion::Up) => Some(at.saturating_sub(1)),
            (Some(at), _) => Some(at + 1),
        };
        let Some(at) = at else { return };
        let text = history.0.get(at).cloned().unwrap_or_default();
        self.line = Typing::new(text);
        self.changed();
        self.remembered = (at < count).then_some(at);
    }

    pub(super) fn accept(&mut self) -> Accepted {
        let text = self.line.text().trim();
        match self.kind {
            Kind::Filter => match Filter::parse(text) {
                Ok(filter) => Accepted::Filter(text.to_owned(), filter),
                Err(error) => self.refuse(Mistake::of_filter(&error)),
            },
            Kind::Faults => {
                let chosen = self.chosen.and_then(|at| self.choices.get(at));
                if let Some(choice) = chosen.filter(|choice| choice.does == Does::Disarm) {
                    return Accepted::Disarm(choice.text.clone());
                }
                match spec::parse_all(text) {
                    Ok(rules) if rules.is_empty() => Accepted::Stay,
                    Ok(rules) => match self.changing.take() {
                        Some(rule) => Accepted::Rearm(rule, rules),
                        None => Accepted::Arm(rules),
                    },
                    Err(error) => self.refuse(Mistake::of_rule(self.line.text(), error)),
                }
            }
            Kind::Find => Accepted::Find(text.to_owned()),
            Kind::Note => Accepted::Note(text.to_owned()),
            Kind::Recording if text.is_empty() => match self.choices.first() {
                Some(first) => Accepted::Open(first.text.clone()),
                None => Accepted::Stay,
            },
            Kind::Recording => Accepted::Open(text.to_owned()),
            Kind::Order | Kind::Columns | Kind::Sessions => {
                let choice = self.choices.get(self.chosen.unwrap_or_default());
                choice.map_or(Accepted::Stay, |choice| Accepted::Choose(choice.does))
            }
            Kind::Commands | Kind::Copy => {
                if let (Kind::Commands, Ok(id)) = (self.kind, text.trim_start_matches('#').parse()) {
                    return Accepted::Go(id);
                }
                match self.choices.get(self.chosen.unwrap_or_default()).map(|choice| choice.does) {
                    Some(Does::Act(action)) => Accepted::Act(action),
                    Some(Does::Copy(what)) => Accepted::Copy(what),
                    _ => Accepted::Stay,
                }
            }
        }
    }

    fn refuse(&mut self, mistake: Mistake) -> Accepted {
        self.error = Some(mistake);
        self.refused = true;
        Accepted::Stay
    }

    fn changed(&mut self) {
        (self.chosen, self.typed, self.remembered, self.refused) = (None, None, None, false);
        self.judge();
        match self.kind {
            // Until the recording was asked.
            Kind::Filter => self.choices = presets(self.line.text()),
            Kind::Find | Kind::Note => {}
            Kind::Faults => {
                let completion = complete(self.line.text(), self.line.cursor());
                if let Some(completion) = completion {
                    self.replace = completion.replace;
                    let choice = |candidate: Candidate| Choice {
                        text: candidate.text,
                        about: candidate.about,
                        does: Does::Put,
                    };
                    self.choices = completion.candidates.into_iter().map(choice).collect();
                } else {
                    // Behind the name stands what a name cannot tell.
                    let name = self.line.text().split(',').next().unwrap_or_default();
                    self.choices = self.all.iter().filter(|choice| is_meant(name, choice)).cloned().collect();
                }
            }
            Kind::Order | Kind::Columns | Kind::Sessions | Kind::Recording => {
                let text = self.line.text();
                self.choices = self.all.iter().filter(|choice| is_meant(text, choice)).cloned().collect();
            }
            Kind::Commands => {
                let all = keymap::commands(self.context).map(|(binding, help)| Choice {
                    text: help.to_owned(),
                    about: binding.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
                    does: Does::Act(binding.action),
                });
                self.choices = all.filter(|choice| is_meant(self.line.text(), choice)).collect();
            }
            Kind::Copy => {
                let all = CopyWhat::ALL.into_iter().map(|what| Choice {
                    text: what.name().to_owned(),
                    about: what.about().to_owned(),
                    does: Does::Copy(what),
                });
                self.choices = all.filter(|choice| is_meant(self.line.text(), choice)).collect();
            }
        }
    }

    fn judge(&mut self) {
        self.error = match self.kind {
            Kind::Filter => Filter::parse(self.line.text()).err().map(|error| Mistake::of_filter(&error)),
            _ => None,
        };
    }
}

impl Mistake {
    fn of_filter(error: &FilterError) -> Self {
        Self {
            span: error.span(),
            message: format!("column {}: {}", error.column(), error.message()),
            hint: error.hint().map(str::to_owned),
        }
    }

    fn of_rule(line: &str, error: BadRule) -> Self {
        let at = error.column.unwrap_or(1).saturating_sub(1);
        let start = line.char_indices().nth(at).map_or(line.len(), |(at, _)| at);
        let rest = line.get(start..).unwrap_or_default();
        let length = rest.find([',', '=']).unwrap_or(rest.len());
        Self { span: start..start + length, message: error.message, hint: error.hint }
    }
}

/// Whether every word of `text` is in the choice.
fn is_meant(text: &str, choice: &Choice) -> bool {
    let whole = format!("{} {}", choice.text, choice.about).to_lowercase();
    text.to_lowercase().split_whitespace().all(|word| whole.contains(word))
}

/// The filters that are offered for an empty line.
fn presets(text: &str) -> Vec<Choice> {
    let offered = if text.is_empty() { &Preset::ALL[..] } else { &[] };
    let choice = |preset: &Preset| Choice {
        text: preset.filter().to_owned(),
        about: preset.about().to_owned(),
        does: Does::PutWhole,
    };
    offered.iter().map(choice).collect()
}
