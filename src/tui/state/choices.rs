//! What the lists to choose from offer: orders, columns, sessions, recordings.

use super::ask::{Recorded, SessionLine};
use super::columns::{Column, Columns};
use super::prompt::{Choice, Does};
use crate::exchange::text::counted;
use crate::exchange::time::WallTime;
use crate::store::{Order, OrderBy};
use std::path::Path;

/// The orders; the one in force is turned round.
pub(super) fn orders(in_force: Option<Order>) -> Vec<Choice> {
    let by = |by: OrderBy| {
        let column = Column::of_order(by)?;
        let next = match in_force {
            Some(order) if order.by == by => order.reversed(),
            _ => Order::by(by),
        };
        let direction = match (by, next.descending) {
            (OrderBy::Path | OrderBy::Model, false) => "from a to z",
            (OrderBy::Path | OrderBy::Model, true) => "from z to a",
            (_, true) => "the largest first",
            (_, false) => "the smallest first",
        };
        let text = if column.name().is_empty() { column.about() } else { column.name() };
        let about = format!("{direction}: {}", column.about());
        Some(Choice { text: text.to_owned(), about, does: Does::Order(Some(next)) })
    };
    let usual = Choice {
        text: "time".to_owned(),
        about: "the order of starting, newest last".to_owned(),
        does: Does::Order(None),
    };
    std::iter::once(usual).chain(OrderBy::ALL.into_iter().filter_map(by)).collect()
}

/// The columns, and which of them are shown.
pub(super) fn columns(wanted: &Columns) -> Vec<Choice> {
    let choice = |column: Column| {
        let state = if wanted.has(column) { "shown" } else { "hidden" };
        Choice {
            text: column.name().to_owned(),
            about: format!("{state:6}  {}", column.about()),
            does: Does::Toggle(column),
        }
    };
    Column::ALL.into_iter().filter(|column| column.is_optional()).map(choice).collect()
}

/// The sessions, newest first, and the ways to another recording. `is_away` where another one is open than the
/// view began with.
pub(super) fn sessions(sessions: &[SessionLine], now: WallTime, is_away: bool) -> Vec<Choice> {
    let mut choices = vec![Choice {
        text: "all sessions".to_owned(),
        about: "of this recording".to_owned(),
        does: Does::Session(None),
    }];
    choices.extend(sessions.iter().rev().map(|line| {
        let session = &line.session;
        let errors = match line.errors {
            0 => String::new(),
            errors => format!(", {}", counted(errors, "error")),
        };
        Choice {
            text: format!("session {}, {}", session.id, ago(session.started_at, now)),
            about: format!(
                "{}{errors}; {} → {}",
                counted(line.exchanges, "exchange"),
                session.command,
                session.upstream
            ),
            does: Does::Session(Some(session.id)),
        }
    }));
    choices.push(Choice {
        text: "another recording".to_owned(),
        about: "open another file".to_owned(),
        does: Does::Recordings,
    });
    if is_away {
        choices.push(Choice {
            text: "back".to_owned(),
            about: "to the recording that this view began with".to_owned(),
            does: Does::Home,
        });
    }
    choices
}

/// Recordings that lie beside the one that is open.
pub(super) fn recordings(recordings: &[Recorded], open: Option<&Path>) -> Vec<Choice> {
    let others = recordings.iter().filter(|recorded| Some(recorded.path.as_path()) != open);
    let choice = |recorded: &Recorded| Choice {
        text: recorded.path.display().to_string(),
        about: format!("{:.1} MB", recorded.bytes as f64 / 1e6),
        does: Does::PutWhole,
    };
    others.map(choice).collect()
}

/// How long ago something was, in the largest unit that it fills.
fn ago(at: WallTime, now: WallTime) -> String {
    let seconds = now.0.saturating_sub(at.0) / 1_000_000;
    match seconds {
        ..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}
