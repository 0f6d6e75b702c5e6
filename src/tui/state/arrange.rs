//! How the list is arranged: its order, its groups, its columns; which session and which recording it is of.

use super::choices;
use super::prompt::Does;
use super::{App, Ask, Cmd, Column, Kind, List, Page, PageKind, Prompt, Tone};
use crate::store::Order;
use crate::store::filter::Filter;
use crate::tui::keymap::{Action, Motion};
use std::path::PathBuf;

impl App {
    /// Does what `action` asks for, if it is about this.
    pub(super) fn arrange(&mut self, action: Action) {
        match action {
            Action::Order => {
                let all = choices::orders(self.list.order());
                self.prompt = Some(Prompt::over(Kind::Order, all, self.context()));
            }
            Action::Reverse => match self.list.order() {
                Some(order) => self.put_in_order(Some(order.reversed())),
                None => self.say("o puts the list in another order, O turns that round".to_owned()),
            },
            Action::ToggleGroup if self.list.toggle_group() => {}
            Action::ToggleGroup => self.say("this was sent once: nothing to fold".to_owned()),
            Action::ToggleGroups => {
                let folded = self.list.toggle_groups();
                let deed = if folded { "folded" } else { "unfolded" };
                self.say(format!("attempts at the same request are {deed}"));
            }
            Action::Columns => {
                let all = choices::columns(&self.columns);
                self.prompt = Some(Prompt::over(Kind::Columns, all, self.context()));
            }
            Action::Sessions => {
                self.asked = Some(Ask::Sessions);
                let all = choices::sessions(&[], self.now, self.elsewhere.is_some());
                self.prompt = Some(Prompt::over(Kind::Sessions, all, self.context()));
            }
            Action::ToggleLog => {
                self.page = Some(Page::new(PageKind::Log));
                self.go(Motion::Last);
            }
            _ => {}
        }
    }

    pub(super) fn toggle_column(&mut self, column: Column) {
        self.columns.toggle(column);
        let all = choices::columns(&self.columns);
        if let Some(prompt) = &mut self.prompt {
            prompt.put_choices(all);
        }
        self.order = Some(Cmd::Remember);
    }

    pub(super) fn choose(&mut self, does: Does) {
        match does {
            Does::Order(order) => self.put_in_order(order),
            Does::Session(session) => {
                let text = session.map(|id| format!("session:{id}")).unwrap_or_default();
                if let Ok(filter) = Filter::parse(&text) {
                    self.put_filter(text, filter);
                }
            }
            Does::Recordings => {
                self.asked = Some(Ask::Recordings);
                self.prompt = Some(Prompt::over(Kind::Recording, Vec::new(), self.context()));
            }
            Does::Home => self.open_recording(None),
            _ => {}
        }
    }

    /// As a click on the head of a column asks for: the same again turns it round.
    pub(super) fn put_in_order_by(&mut self, column: Column) {
        let by = column.order();
        match (by, self.list.order()) {
            (Some(by), Some(order)) if order.by == by => self.put_in_order(Some(order.reversed())),
            (Some(by), _) => self.put_in_order(Some(Order::by(by))),
            (None, Some(_)) if matches!(column, Column::Number | Column::Time) => self.put_in_order(None),
            (None, _) => self.say(format!("there is no order by {}", column.about())),
        }
    }

    pub(super) fn put_in_order(&mut self, order: Option<Order>) {
        self.list.put_in_order(order);
        self.rewind();
    }

    pub(super) fn open_recording(&mut self, path: Option<PathBuf>) {
        self.list = List::new(true);
        (self.count, self.matching, self.failure) = (None, None, None);
        (self.detail, self.pane, self.page, self.asked) = (None, None, None, None);
        self.marked.clear();
        self.paused = false;
        (self.filter, self.parsed) = (String::new(), Filter::default());
        let name = path.as_ref().map_or_else(|| self.words.title.clone(), |path| path.display().to_string());
        self.log.say(self.now, Tone::Told, format!("opened: {name}"));
        self.elsewhere = path;
    }

    /// Closes the line, and asks no more for what it offers.
    pub(super) fn close_prompt(&mut self) -> bool {
        let is_asking = matches!(self.asked, Some(Ask::Sessions | Ask::Recordings));
        if self.prompt.is_some() && is_asking {
            self.asked = self.page.as_ref().and_then(|page| match page.kind {
                PageKind::Totals => Some(Ask::Totals),
                _ => None,
            });
        }
        self.prompt.take().is_some()
    }
}
