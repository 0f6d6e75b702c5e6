//! What keys and the mouse do.

use super::prompt::{Accepted, Does};
use super::{
    App, Ask, Cmd, Column, Deed, Dialog, Form, Kind, Mouse, Page, PageKind, Pane, Play, Prompt, Seek, Tab,
};
use crate::check;
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::finding::Place;
use crate::store::filter::{Filter, State};
use crate::tui::keymap::{self, Action, Key, Motion, Preset};
use ratatui::layout::Position;

/// How many lines a notch of the wheel is.
const NOTCH: usize = 3;

impl App {
    /// Does what a key asks for; says whether that is the end.
    pub(super) fn press(&mut self, key: Key) -> bool {
        self.notice = None;
        self.in_pane(|pane| pane.lit = None);
        let context = self.context();
        match keymap::action(context, key) {
            Some(action) if action.is_about_an_exchange() && self.is_general_page() => {
                self.say(format!("{key} is for an exchange; q closes this page"));
                false
            }
            Some(action) => self.act(action),
            None => {
                if let Some(others) = keymap::elsewhere(context, key) {
                    self.say(others);
                }
                false
            }
        }
    }

    /// Whether the page in sight is about no exchange.
    fn is_general_page(&self) -> bool {
        self.prompt.is_none() && self.dialog.is_none() && self.page.as_ref().is_some_and(Page::is_general)
    }

    fn act(&mut self, action: Action) -> bool {
        match action {
            Action::Move(motion) => self.go(motion),
            Action::Neighbour(motion) => self.select(motion),
            Action::Next(motion) => self.go_to_next(motion),
            Action::ToggleFollow => {
                if self.list.toggle_follow() {
                    self.paused = false;
                    self.rewind();
                }
            }
            Action::TogglePause => self.paused = !self.paused,
            Action::ToggleMark => self.mark(),
            Action::Open => self.open_or_go(),
            Action::ShowTab(number) => self.open(Tab::ALL.get(usize::from(number).wrapping_sub(1)).copied()),
            Action::NextTab => self.turn(1),
            Action::PreviousTab => self.turn(Tab::ALL.len() - 1),
            Action::ToggleZoom => self.zoom(),
            Action::NextForm => self.in_tab(&[Tab::Request, Tab::Response], |pane| {
                pane.form = pane.form.next();
                None
            }),
            Action::ToggleFold => self.in_tab(&[Tab::Conversation], |pane| {
                pane.unfolded = !pane.unfolded;
                Some(if pane.unfolded { "long messages are whole" } else { "long messages are folded" })
            }),
            Action::Filter => self.ask(Kind::Filter),
            Action::Find => self.ask(Kind::Find),
            Action::Commands => self.ask(Kind::Commands),
            Action::Faults => self.ask_for_fault(),
            Action::Copy => {
                if self.list.selected().is_some() {
                    self.ask(Kind::Copy);
                } else if let Some(exports) = self.words.exports() {
                    self.order = Some(Cmd::Copy("exports", exports));
                }
            }
            Action::Preset(preset) => self.preset(preset),
            Action::Compare => self.compare(),
            Action::ToggleSummary => {
                self.totals = None;
                self.asked = Some(Ask::Totals);
                self.page = Some(Page::new(PageKind::Totals));
            }
            Action::Explain => self.explain(),
            Action::SendAgain => self.ask_to_send(),
            Action::EditRequest => self.edit_request(),
            Action::Note => self.ask_for_note(),
            Action::Delete => self.ask_to_delete(),
            Action::Pager => self.open_pager(),
            Action::TogglePlay => self.toggle_play(),
            Action::HoldPlay => self.with_play(Play::toggle),
            Action::Faster => self.with_play(|play, _| play.faster()),
            Action::Slower => self.with_play(|play, _| play.slower()),
            Action::Agree if matches!(self.dialog, Some(Dialog::Quit(_))) => return true,
            Action::Agree => self.agree(),
            Action::Suspend => self.order = Some(Cmd::Suspend),
            Action::Order
            | Action::Reverse
            | Action::ToggleGroup
            | Action::ToggleGroups
            | Action::Columns
            | Action::Sessions
            | Action::ToggleLog => self.arrange(action),
            Action::ToggleHelp => self.page = Some(Page::new(PageKind::Help)),
            Action::NextTheme => {
                self.theme += 1;
                self.order = Some(Cmd::Remember);
            }
            Action::Type(letter) => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.insert(letter.encode_utf8(&mut [0; 4]));
                }
            }
            Action::Edit(edit) => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.edit(edit);
                }
            }
            Action::Candidate(motion) => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.choose(motion);
                }
            }
            Action::History(motion) => {
                if let Some(prompt) = &mut self.prompt {
                    prompt.recall(motion, &self.history);
                }
            }
            Action::Accept => return self.accept(),
            Action::Back => return self.back(),
            Action::Leave => return self.leave(),
            Action::Quit => return true,
        }
        false
    }

    pub(super) fn ask(&mut self, kind: Kind) {
        let text = match kind {
            Kind::Filter => self.filter.clone(),
            Kind::Note => self.note_before(),
            _ => String::new(),
        };
        self.prompt = Some(Prompt::new(kind, &text, self.context()));
    }

    fn ask_for_fault(&mut self) {
        let Some(armed) = &self.faults else {
            return self.say("faults are armed where the app's requests pass: in `gatetap run`".to_owned());
        };
        let armed: Vec<String> = armed.iter().map(|listed| listed.rule.to_string()).collect();
        let gateway = self.words.gateway.clone();
        self.prompt = Some(Prompt::for_faults(&armed, &gateway, self.context()));
    }

    fn accept(&mut self) -> bool {
        let accepted = self.prompt.as_mut().map_or(Accepted::Stay, Prompt::accept);
        if accepted == Accepted::Stay {
            return false;
        }
        if let Accepted::Choose(Does::Toggle(column)) = accepted {
            self.toggle_column(column);
            return false;
        }
        self.close_prompt();
        match accepted {
            Accepted::Filter(text, filter) => self.put_filter(text, filter),
            Accepted::Find(text) if self.page.is_some() => {
                if let Some(page) = &mut self.page {
                    page.seek = (!text.is_empty()).then_some(Seek::Next);
                    page.find = text;
                }
            }
            Accepted::Find(text) => {
                self.in_pane(|pane| {
                    pane.seek = (!text.is_empty()).then_some(Seek::Next);
                    pane.find = text;
                });
            }
            Accepted::Go(id) => self.go_to(id),
            Accepted::Copy(what) => {
                self.asked = self.list.selected().map(|id| Ask::Copy(id, what));
            }
            Accepted::Arm(rules) => self.order = Some(Cmd::Arm(rules)),
            Accepted::Disarm(rule) => self.order = Some(Cmd::Disarm(rule)),
            Accepted::Rearm(rule, rules) => self.order = Some(Cmd::Rearm(rule, rules)),
            Accepted::Note(note) => self.order = Some(Cmd::Do(Deed::Note(self.chosen(), note))),
            Accepted::Act(action) => return self.act(action),
            Accepted::Choose(does) => self.choose(does),
            Accepted::Open(path) => self.open_recording(Some(path.into())),
            Accepted::Stay => {}
        }
        false
    }

    fn preset(&mut self, preset: Preset) {
        if let Ok(filter) = Filter::parse(preset.filter()) {
            self.put_filter(preset.filter().to_owned(), filter);
        }
    }

    pub(super) fn put_filter(&mut self, text: String, filter: Filter) {
        self.history.remember(&text);
        self.filter = text;
        if self.parsed != filter {
            self.parsed = filter;
            self.matching = None;
            self.paused = false;
            self.list.ask_anew();
            if self.asked == Some(Ask::Totals) {
                self.totals = None;
            }
        }
    }

    pub(super) fn go(&mut self, motion: Motion) {
        let measures = self.measures;
        let events = self.shown().map_or(0, |detail| detail.events.len());
        let findings = self.shown().map_or(0, |detail| detail.whole.findings.len());
        if let Some(page) = &mut self.page {
            page.scroll.go(motion, measures.page_rows, measures.page_lines);
        } else if let Some(pane) = &mut self.pane {
            match (pane.tab, motion) {
                (Tab::Events, _) if pane.play.is_some() => self.step(motion),
                (Tab::Events, _) => {
                    pane.event.go(motion, measures.pane_rows, events);
                    let top = pane.scroll().top_with(pane.event.at(events), measures.pane_rows, events);
                    pane.scroll_mut().put(top);
                }
                (Tab::Findings, Motion::Down | Motion::Up) if findings > 1 => {
                    let down = (pane.finding + 1).min(findings - 1);
                    pane.finding = if motion == Motion::Down { down } else { pane.finding.saturating_sub(1) };
                    pane.seek = Some(Seek::Finding(pane.finding));
                }
                _ => pane.scroll_mut().go(motion, measures.pane_rows, measures.pane_lines),
            }
        } else {
            self.list.go(motion, measures.list_rows);
        }
    }

    fn go_to(&mut self, id: ExchangeId) {
        self.list.go_to(id);
        self.rewind();
        self.page = None;
    }

    fn go_to_next(&mut self, motion: Motion) {
        let place = match (&mut self.page, &mut self.pane) {
            (Some(page), _) => Some((&page.find, &mut page.seek)),
            (None, Some(pane)) => Some((&pane.find, &mut pane.seek)),
            (None, None) => None,
        };
        if let Some((find, seek)) = place {
            if find.is_empty() {
                self.say("press / to search here".to_owned());
            } else {
                *seek = Some(if motion == Motion::Up { Seek::Previous } else { Seek::Next });
            }
            return;
        }
        match self.list.go_to_next(motion, has_problem) {
            None => self.say("no other near here went wrong; `is:error` filters for them".to_owned()),
            Some(true) if motion == Motion::Up => self.say("no more above: on from the bottom".to_owned()),
            Some(true) => self.say("no more below: on from the top".to_owned()),
            Some(false) => {}
        }
    }

    fn select(&mut self, motion: Motion) {
        let before = self.list.selected();
        self.list.go(motion, self.measures.list_rows);
        if self.list.selected() != before {
            self.rewind();
        }
    }

    pub(super) fn rewind(&mut self) {
        let is_open = self.selected_is_open();
        self.in_pane(|pane| pane.rewind(is_open));
    }

    fn selected_is_open(&self) -> bool {
        self.list.selected_row().is_some_and(|row| row.verdict == Verdict::Open)
    }

    fn in_pane(&mut self, change: impl FnOnce(&mut Pane)) {
        if let Some(pane) = &mut self.pane {
            change(pane);
        }
    }

    /// Changes how a tab looks, where that is one of `tabs`; may say what became of it.
    fn in_tab(&mut self, tabs: &[Tab], change: impl FnOnce(&mut Pane) -> Option<&'static str>) {
        let Some(pane) = &mut self.pane else { return };
        let said = if tabs.contains(&pane.tab) {
            change(pane).map(str::to_owned)
        } else {
            let names: Vec<String> =
                tabs.iter().map(|tab| format!("{} {}", tab.number(), tab.as_str())).collect();
            Some(format!("that is for the tab {}", names.join(" or ")))
        };
        if let Some(said) = said {
            self.say(said);
        }
    }

    fn zoom(&mut self) {
        let Some(pane) = &mut self.pane else { return };
        pane.zoomed = !pane.zoomed;
        if pane.zoomed && self.measures.list_rows == 0 {
            self.say("there is no room for the list beside it anyway".to_owned());
        }
    }

    fn mark(&mut self) {
        if let Some(id) = self.list.selected()
            && !self.marked.remove(&id)
        {
            self.marked.insert(id);
            if self.marked.len() == 2 {
                self.say("two are marked; D compares them".to_owned());
            }
        }
    }

    fn compare(&mut self) {
        let selected = self.list.selected();
        let mut two: Vec<ExchangeId> = self.marked.iter().copied().collect();
        if let (1, Some(selected)) = (two.len(), selected.filter(|id| !self.marked.contains(id))) {
            two.push(selected);
        }
        if two.is_empty() {
            two.extend(self.pair().into_iter().flatten());
        }
        let [a, b] = two[..] else {
            return self.say("mark two exchanges with m, then compare them with D".to_owned());
        };
        self.comparison = None;
        self.asked = Some(Ask::Compare(a, b));
        self.page = Some(Page::new(PageKind::Comparison(a, b)));
    }

    fn explain(&mut self) {
        let finding = self.pane.as_ref().map(|pane| pane.finding).unwrap_or_default();
        let id = self
            .shown()
            .and_then(|detail| detail.whole.findings.get(finding))
            .map(|finding| finding.check.clone());
        match id {
            Some(id) if check::find(&id).is_some() => self.page = Some(Page::new(PageKind::Check(id))),
            Some(id) => self.say(format!("`{id}` has no page")),
            None => self.say("no check found anything here".to_owned()),
        }
    }

    fn open_or_go(&mut self) {
        let Some(pane) = &self.pane else { return self.open(None) };
        match pane.tab {
            Tab::Events => {
                let events = self.shown().map_or(0, |detail| detail.events.len());
                if events > 0 {
                    let here = pane.play.map_or_else(|| pane.event.at(events), |play| play.shown - 1);
                    self.page = Some(Page::new(PageKind::Event(here)));
                }
            }
            Tab::Findings => {
                let place = self
                    .shown()
                    .and_then(|detail| detail.whole.findings.get(pane.finding))
                    .map(|finding| finding.places.first().cloned());
                match place {
                    Some(Some(place)) => self.go_to_place(place),
                    Some(None) => self.say("this finding is about the exchange as a whole".to_owned()),
                    None => {}
                }
            }
            _ => {}
        }
    }

    fn go_to_place(&mut self, place: Place) {
        let tab = match &place {
            Place::Exchange(id) => return self.go_to(*id),
            Place::Event(_) => Tab::Events,
            Place::Target => Tab::Request,
            Place::Header(side, _) | Place::Json(side, _) | Place::Bytes(side, _) => match side {
                Side::Request => Tab::Request,
                Side::Response | Side::Origin => Tab::Response,
            },
        };
        let before = self.shown().map_or(0, |detail| detail.events_before);
        let events = self.shown().map_or(0, |detail| detail.events.len());
        let rows = self.measures.pane_rows;
        self.in_pane(|pane| {
            pane.tab = tab;
            match place {
                Place::Event(index) => {
                    pane.event.put(index.saturating_sub(before));
                    let top = pane.scroll().top_with(pane.event.at(events), rows, events);
                    pane.scroll_mut().put(top);
                }
                place => {
                    pane.form = if matches!(place, Place::Bytes(..)) { Form::Bytes } else { Form::Pretty };
                    pane.seek = Some(Seek::Place(place));
                }
            }
        });
    }

    fn open(&mut self, tab: Option<Tab>) {
        if self.list.selected().is_none() {
            return self.say("there is no exchange to open".to_owned());
        }
        // Whoever reads an exchange does not want it replaced by the next.
        self.list.stop_following();
        if self.pane.is_none() {
            self.pane = Some(Pane::default());
            self.rewind();
        }
        let pane = self.pane.get_or_insert_with(Pane::default);
        pane.tab = tab.unwrap_or(pane.tab);
    }

    /// Whether to end now. Where this process is the proxy, what is open would be cut: then it asks.
    fn leave(&mut self) -> bool {
        if self.faults.is_none() || self.open == 0 {
            return true;
        }
        self.dialog = Some(Dialog::Quit(self.open));
        false
    }

    fn turn(&mut self, by: usize) {
        self.in_pane(|pane| {
            let next = (pane.tab as usize + by) % Tab::ALL.len();
            pane.tab = Tab::ALL.get(next).copied().unwrap_or_default();
        });
    }

    fn back(&mut self) -> bool {
        if self.close_prompt() || self.dialog.take().is_some() {
            return false;
        }
        if self.page.take().is_some() {
            self.asked = None;
            (self.comparison, self.totals) = (None, None);
            return false;
        }
        if self.pane.take().is_some() {
            self.detail = None;
            return false;
        }
        if !self.filter.is_empty() {
            self.put_filter(String::new(), Filter::default());
            return false;
        }
        // Whoever presses it once too often did not mean to end what is being recorded.
        self.say("q quits".to_owned());
        false
    }

    pub(super) fn point(&mut self, mouse: Mouse) {
        self.notice = None;
        match mouse {
            Mouse::Click(x, y) => self.click(Position { x, y }),
            Mouse::WheelUp(x, y) => self.roll(Motion::Up, Position { x, y }),
            Mouse::WheelDown(x, y) => self.roll(Motion::Down, Position { x, y }),
        }
    }

    fn click(&mut self, at: Position) {
        let measures = self.measures;
        if self.page.is_some() || self.prompt.is_some() || self.dialog.is_some() {
            return;
        }
        let is_head = measures.list_rows > 0 && at.y + 1 == measures.list.y;
        if is_head && (measures.list.x..measures.list.right()).contains(&at.x) {
            let hit = Column::ALL.into_iter().zip(measures.heads);
            let hit = hit.into_iter().find(|(_, (from, to))| (*from..*to).contains(&at.x));
            if let Some((column, _)) = hit {
                self.put_in_order_by(column);
            }
        } else if measures.list.contains(at) {
            let before = self.list.selected();
            self.list.go_to_row(usize::from(at.y - measures.list.y), measures.list_rows);
            if self.list.selected() == before {
                self.open(None);
            } else {
                self.rewind();
            }
        } else if measures.content.contains(at) {
            let events = self.shown().map_or(0, |detail| detail.events.len());
            let row = usize::from(at.y - measures.content.y);
            self.in_pane(|pane| {
                if pane.tab == Tab::Events {
                    let here = pane.event.at(events);
                    let top = pane.scroll().top_with(here, measures.pane_rows, events);
                    pane.event.put((top + row).min(events.saturating_sub(1)));
                }
            });
        } else if measures.pane.contains(at) && at.y == measures.pane.y + 1 {
            let hit =
                Tab::ALL.into_iter().zip(measures.tabs).find(|(_, (from, to))| (*from..*to).contains(&at.x));
            if let Some((tab, _)) = hit {
                self.in_pane(|pane| pane.tab = tab);
            }
        }
    }

    fn roll(&mut self, motion: Motion, at: Position) {
        if self.prompt.is_some() || self.dialog.is_some() {
            return;
        }
        for _ in 0..NOTCH {
            if self.page.is_none() && self.measures.list.contains(at) {
                self.select(motion);
            } else {
                self.go(motion);
            }
        }
    }
}

/// Whether an exchange went wrong, or a check found something in it.
fn has_problem(row: &Summary) -> bool {
    State::is_error(row.verdict) || !row.findings.is_empty()
}
