//! Sending again, notes, deleting, pagers, and playing streams: what is asked before, and what comes of it.

use super::{App, Cmd, Deed, Detail, Dialog, EventRow, Failure, Form, Kind, Msg, Order, Play, Tab};
use crate::digest::summary::Summary;
use crate::exchange::ExchangeId;
use crate::exchange::body::Side;
use crate::exchange::end::Verdict;
use crate::exchange::time::WallTime;
use crate::tui::keymap::Motion;
use std::sync::Arc;

/// A request that was sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// The exchange whose request it is.
    pub of: ExchangeId,
    /// The newest exchange there was when it was sent; `None` where the end of the list was not held.
    after: Option<ExchangeId>,
    /// What came of it, once it was seen.
    pub new: Option<ExchangeId>,
}

/// A body that is shown in a pager.
#[derive(Debug, Clone, PartialEq)]
pub struct Paged {
    /// The exchange.
    pub detail: Arc<Detail>,
    /// Which of its bodies.
    pub side: Side,
    /// How it is shown.
    pub form: Form,
}

impl App {
    /// The exchanges that something is to be done to: the marked ones, else the selected one.
    pub(super) fn chosen(&self) -> Vec<ExchangeId> {
        if self.marked.is_empty() {
            self.list.selected().into_iter().collect()
        } else {
            self.marked.iter().copied().collect()
        }
    }

    /// Two exchanges that belong together, one of which is selected: a request, and the same sent again.
    pub(super) fn pair(&self) -> Option<[ExchangeId; 2]> {
        let row = self.list.selected_row()?;
        let was = row.replay_of.map(|of| [of, row.id]);
        let is = self.sent.filter(|sent| sent.of == row.id);
        was.or_else(|| is.and_then(|sent| Some([sent.of, sent.new?])))
    }

    pub(super) fn ask_to_send(&mut self) {
        if let (None, Some(id)) = (&self.page, self.list.selected()) {
            self.order = Some(Cmd::Do(Deed::Weigh(Order { id, draft: None })));
        }
    }

    /// Opens the request in an editor; a draft that is there already goes on.
    pub(super) fn edit_request(&mut self) {
        let order = match self.dialog.take_if(|dialog| dialog.is_editable()) {
            Some(Dialog::Send(order, _)) => order,
            _ if self.dialog.is_some() => return,
            _ => match (&self.page, self.list.selected()) {
                (None, Some(id)) => Order { id, draft: None },
                _ => return,
            },
        };
        self.order = Some(match order.draft {
            Some(draft) => Cmd::Edit(order.id, draft),
            None => Cmd::Do(Deed::Draft(order.id)),
        });
    }

    pub(super) fn ask_for_note(&mut self) {
        if self.page.is_none() && !self.chosen().is_empty() {
            self.ask(Kind::Note);
        }
    }

    /// The note that all of the chosen exchanges have.
    pub(super) fn note_before(&self) -> String {
        let chosen = self.chosen();
        let mut rows = self.list.rows().iter().filter(|row| chosen.contains(&row.id));
        let note = rows.next().and_then(|row| row.note.clone()).unwrap_or_default();
        if rows.all(|row| row.note.as_deref() == Some(&note)) { note } else { String::new() }
    }

    pub(super) fn ask_to_delete(&mut self) {
        let chosen = self.chosen();
        if self.page.is_some() || chosen.is_empty() {
            return;
        }
        let is_open = |row: &&Summary| chosen == [row.id] && row.verdict == Verdict::Open;
        if let Some(open) = self.list.rows().iter().find(is_open) {
            return self.say(format!("#{} is still open, and stays", open.id));
        }
        self.dialog = Some(Dialog::Delete(chosen));
    }

    pub(super) fn agree(&mut self) {
        match self.dialog.take() {
            Some(Dialog::Send(order, Ok(_))) => {
                self.sent = Some(Sent { of: order.id, after: self.list.newest(), new: None });
                self.say(format!("sending #{} again …", order.id));
                self.order = Some(Cmd::Do(Deed::Send(order)));
            }
            Some(Dialog::Delete(ids)) => self.order = Some(Cmd::Do(Deed::Delete(ids))),
            // There is nothing to say yes to.
            dialog => self.dialog = dialog,
        }
    }

    /// Takes in what came of something that was done; says what follows from it.
    pub(super) fn told(&mut self, msg: Msg) -> Option<Cmd> {
        self.revision += 1;
        match msg {
            Msg::Weighed(order, weighed) => self.dialog = Some(Dialog::Send(order, weighed)),
            Msg::Drafted(id, Ok(text)) => return Some(Cmd::Edit(id, text)),
            Msg::Drafted(id, Err(failure)) => {
                self.dialog = Some(Dialog::Send(Order { id, draft: None }, Err(failure)));
            }
            Msg::Edited(id, before, Ok(text)) if text == before => {
                self.say(format!("#{id} was not changed, and nothing is sent; r sends it as it was"));
            }
            Msg::Edited(id, _, Ok(text)) => {
                return Some(Cmd::Do(Deed::Weigh(Order { id, draft: Some(text) })));
            }
            Msg::Edited(_, _, Err(why)) => self.say(why),
            Msg::Sent(id, Ok(())) => self.say(match self.sent.and_then(|sent| sent.new) {
                Some(new) => format!("#{id} was sent again, as #{new}; D compares them"),
                None => format!("#{id} was sent again; is:replayed finds what came of it"),
            }),
            Msg::Sent(id, Err(failure)) => {
                self.sent = None;
                self.say(format!("#{id} was not sent again: {}", sentence(&failure)));
            }
            Msg::Noted(Ok(_)) => {}
            Msg::Noted(Err(failure)) => self.say(format!("nothing was noted: {}", sentence(&failure))),
            Msg::Deleted(Ok(deleted)) => {
                let selected = self.list.selected();
                self.list.remove(&deleted.gone);
                self.marked.retain(|id| !deleted.gone.contains(id));
                if self.list.selected() != selected {
                    self.rewind();
                }
                let stays = match deleted.open.as_slice() {
                    [] => String::new(),
                    [one] => format!("; #{one} is still open, and stays"),
                    more => format!("; {} are still open, and stay", more.len()),
                };
                self.say(format!("{} deleted{stays}", deleted.gone.len()));
            }
            Msg::Deleted(Err(failure)) => self.say(format!("nothing was deleted: {}", sentence(&failure))),
            _ => {}
        }
        None
    }

    /// Looks for what came of the request that was sent again.
    pub(super) fn find_sent(&mut self, rows: &[Summary]) {
        let Some(sent) = &mut self.sent else { return };
        let is_new = |row: &Summary| sent.after.is_some_and(|after| row.id > after);
        let found = |row: &&Summary| row.replay_of == Some(sent.of) && is_new(row);
        if let (None, Some(row)) = (sent.new, rows.iter().find(found)) {
            sent.new = Some(row.id);
            let (of, new) = (sent.of, row.id);
            self.say(format!("#{of} goes out again, as #{new}; D compares them"));
        }
    }

    pub(super) fn open_pager(&mut self) {
        let Some((detail, pane)) = self.shown().zip(self.pane.as_ref()) else { return };
        let side = if pane.tab == Tab::Request { Side::Request } else { Side::Response };
        let paged = Paged { detail: Arc::clone(detail), side, form: pane.form };
        let body = if side == Side::Request { &detail.request } else { &detail.response };
        if body.raw.is_empty() {
            let whose = if side == Side::Request { "request" } else { "answer" };
            return self.say(format!("the {whose} has no body"));
        }
        self.order = Some(Cmd::Page(paged));
    }

    pub(super) fn toggle_play(&mut self) {
        let Some(detail) = self.shown().map(Arc::clone) else { return };
        let Some(pane) = &mut self.pane else { return };
        if let Some(play) = pane.play.take() {
            pane.event.put(play.shown - 1);
            return;
        }
        if detail.events.iter().all(|row| row.at.is_none()) {
            return self.say("there is no stream here whose times are known".to_owned());
        }
        pane.play = Some(Play::new(&detail.events));
    }

    pub(super) fn with_play(&mut self, change: impl FnOnce(&mut Play, &[EventRow])) {
        let detail = self.shown().map(Arc::clone);
        let play = self.pane.as_mut().and_then(|pane| pane.play.as_mut());
        if let Some((detail, play)) = detail.zip(play) {
            change(play, &detail.events);
        }
    }

    /// Shows more events of the stream that is played, or fewer.
    pub(super) fn step(&mut self, motion: Motion) {
        let rows = self.measures.pane_rows;
        self.with_play(|play, events| {
            let shown = motion.from(play.shown, rows, events.len());
            play.put(events, shown);
        });
    }

    /// Lets time pass in the stream that is played.
    pub(super) fn play_on(&mut self, now: WallTime) {
        let mut moved = false;
        self.with_play(|play, events| moved = play.pass(events, now));
        self.revision += u64::from(moved);
    }

    /// Whether a stream is being played.
    pub fn is_playing(&self) -> bool {
        self.pane.as_ref().and_then(|pane| pane.play).is_some_and(|play| play.running)
    }
}

/// A failure in one line.
fn sentence(failure: &Failure) -> String {
    if failure.hint.is_empty() {
        failure.message.clone()
    } else {
        format!("{}; {}", failure.message, failure.hint)
    }
}
