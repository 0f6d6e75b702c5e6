//! The events of a stream, one a line, with the time between them. What an event repeats of the one
//! before it is left out. Only lines in sight are made.

use super::Ui;
use super::cells::{draw_line, fit, micros, one_line, width_of};
use crate::digest::EventKind;
use crate::exchange::body::Mark;
use crate::exchange::text::counted;
use crate::exchange::time::Micros;
use crate::tui::state::{Detail, EventRow, Pane, Play, Seek};
use crate::tui::theme::Role;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Bars of eighths, from a low one to a full one.
const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// From this height on the timeline is shown.
const ROOM_FOR_TIMELINE: u16 = 8;

/// So many events of one read are a burst.
const BURST: usize = 4;

pub(super) fn draw(ui: &mut Ui, pane: &Pane, detail: &Detail, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    let play = pane.play;
    let count = play.map_or(detail.events.len(), |play| play.shown.min(detail.events.len()));
    if count == 0 {
        let why = " The answer is no event stream, or nothing of it has come.";
        return draw_line(frame, area, &ui.span(Role::Quiet, why).into());
    }
    let mut head = Vec::new();
    if area.height >= ROOM_FOR_TIMELINE {
        head.extend(timeline(ui, detail, width));
        if play.is_some() {
            // In its place stands how far the stream is.
            head.pop();
        }
    }
    if let Some(play) = play {
        head.push(playing(ui, detail, play, width));
    }
    if detail.events_before > 0 {
        let text = format!(" {} before these are not shown", detail.events_before);
        head.push(Line::from(ui.span(Role::Warn, text)));
    }
    let title = format!(" {:>5} {:>9} {:>10} {:>7}  text", "#", "at", "gap", "size");
    head.push(Line::from(ui.span(Role::Quiet, fit(&title, width).into_owned())));
    let mut places = area.rows();
    for (line, place) in head.iter().zip(places.by_ref()) {
        draw_line(frame, place, line);
    }
    if let Some(play) = play.filter(|_| area.height >= ROOM_FOR_TIMELINE) {
        show_time(ui, detail, play, frame, area);
    }
    let rows = usize::from(area.height).saturating_sub(head.len());
    ui.measures.pane_rows = rows;
    ui.measures.pane_lines = count;
    ui.measures.content = Rect { y: area.bottom().saturating_sub(rows as u16), height: rows as u16, ..area };
    if let Some(seek @ (Seek::Next | Seek::Previous)) = &pane.seek {
        ui.measures.is_sought = true;
        ui.measures.sought = find(detail, pane, *seek == Seek::Next);
    }
    let here = if play.is_some() { count - 1 } else { pane.event.at(count) };
    let top = pane.scroll().top_with(here, rows, count);
    ui.top = top;
    let late = detail.rhythm.as_ref().map(|rhythm| rhythm.most_in_a_read);
    let find = pane.find.to_lowercase();
    for (nth, place) in (top..count).zip(places) {
        let Some(row) = detail.events.get(nth) else { break };
        let is_burst = late.is_some_and(|most| most >= BURST) && in_burst(&detail.events, nth);
        draw_line(frame, place, &line(ui, row, is_burst, width));
        if !find.is_empty() && row.text.to_lowercase().contains(&find) {
            frame
                .buffer_mut()
                .set_style(Rect { width: 6.min(place.width), ..place }, ui.theme.style(Role::Found));
        }
        if nth == here {
            frame.buffer_mut().set_style(place, ui.theme.style(Role::Selected));
        }
    }
}

/// The next event, or the one before, that has what is searched for.
fn find(detail: &Detail, pane: &Pane, forward: bool) -> Option<usize> {
    let find = pane.find.to_lowercase();
    let count = detail.events.len();
    let here = pane.event.at(count);
    let has = |nth: &usize| {
        detail.events.get(*nth).is_some_and(|row| {
            row.text.to_lowercase().contains(&find) || row.name.to_lowercase().contains(&find)
        })
    };
    if forward {
        (here + 1..count).chain(0..count.min(here + 1)).find(has)
    } else {
        (0..here).rev().chain((here..count).rev()).find(has)
    }
}

/// Whether the event came in one read with at least three others.
fn in_burst(events: &[EventRow], nth: usize) -> bool {
    let Some(chunk) = events.get(nth).map(|row| row.chunk) else { return false };
    let start = nth.saturating_sub(BURST - 1);
    let near = events.iter().skip(start).take(2 * BURST - 1);
    near.filter(|row| row.chunk == chunk).count() >= BURST
}

/// How far the playing is: `▶ ×1   1.20 s of 4.56 s   12 of 80 events   next in 0.30 s`.
fn playing(ui: &Ui, detail: &Detail, play: Play, width: usize) -> Line<'static> {
    let events = &detail.events;
    let end = events.iter().rev().find_map(|row| row.at).unwrap_or_default();
    let (mark, role) = match (play.has_ended(events), play.running) {
        (true, _) => ("■", Role::Quiet),
        (false, true) => ("▶", Role::Live),
        (false, false) => ("‖", Role::Warn),
    };
    let next = match play.next_in(events) {
        Some(next) => format!("next in {next}"),
        None => "this is all; space plays it again".to_owned(),
    };
    let number = |row: Option<&EventRow>| row.map_or(0, |row| row.number);
    let text = format!(
        " {mark} {}  {} of {end}  {} of {}  {next}",
        play.speed(),
        play.at,
        number(events.get(play.shown.saturating_sub(1))),
        counted(number(events.last()), "event")
    );
    Line::from(ui.span(role, fit(&text, width).into_owned()))
}

/// Shows in the timeline where the playing is.
fn show_time(ui: &Ui, detail: &Detail, play: Play, frame: &mut Frame<'_>, area: Rect) {
    let Some((start, end)) = span(&detail.response.marks) else { return };
    let room = bars_room(area.width.into());
    let at = place_of(play.at.min(end), start, end, room) as u16;
    let here = Rect { x: area.x + 9 + at, width: 1, height: 2, ..area };
    frame.buffer_mut().set_style(here.intersection(area), ui.theme.style(Role::Found));
}

/// When the first byte was read, and the last one read or taken.
fn span(marks: &[Mark]) -> Option<(Micros, Micros)> {
    let read = || marks.iter().map(|mark| mark.read);
    read().min().zip(read().chain(marks.iter().filter_map(|mark| mark.taken)).max())
}

/// The cells that bars take.
fn bars_room(width: usize) -> usize {
    width.saturating_sub(12).min(120)
}

/// Which of `room` parts of the span a time falls into.
fn place_of(time: Micros, start: Micros, end: Micros, room: usize) -> usize {
    let span = u128::from(end.since(start).0.max(1));
    (u128::from(time.since(start).0) * (room.max(1) as u128 - 1) / span) as usize
}

/// When bytes came, from the gateway and at the app, as bars over time; and what that amounts to.
fn timeline(ui: &Ui, detail: &Detail, width: usize) -> Vec<Line<'static>> {
    let marks = &detail.response.marks;
    let room = bars_room(width);
    let times =
        |taken: bool| marks.iter().filter_map(move |mark| if taken { mark.taken } else { Some(mark.read) });
    let Some((start, end)) = span(marks) else { return Vec::new() };
    let mut lines = Vec::new();
    for (name, taken) in [(" gateway ", false), (" app     ", true)] {
        let bars = bars(times(taken), start, end, room);
        lines.push(Line::from_iter([ui.span(Role::Quiet, name), ui.span(Role::Live, bars)]));
    }
    let mut text = format!(" {start} to {end}");
    if let Some(rhythm) = &detail.rhythm {
        text = format!(
            " {} in {}  longest gap {} after event {}, half within {} {text}",
            counted(rhythm.events, "event"),
            counted(rhythm.reads, "read"),
            rhythm.longest,
            rhythm.longest_after,
            rhythm.median
        );
    }
    lines.push(Line::from(ui.span(Role::Quiet, fit(&text, width).into_owned())));
    lines
}

/// How many of the times fall into each of `room` parts of the span, as bars.
fn bars(times: impl Iterator<Item = Micros>, start: Micros, end: Micros, room: usize) -> String {
    let mut counts = vec![0_usize; room.max(1)];
    for time in times {
        let at = place_of(time, start, end, room);
        if let Some(count) = counts.get_mut(at) {
            *count += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    let bar = |count: &usize| match count {
        0 => " ",
        count => BARS.get((count * 8).div_ceil(most) - 1).copied().unwrap_or("█"),
    };
    counts.iter().map(bar).collect::<String>().trim_end().to_owned()
}

fn line(ui: &Ui, row: &EventRow, is_burst: bool, width: usize) -> Line<'static> {
    let gap = row.gap.map_or_else(String::new, |gap| format!("+{gap}"));
    let gap = if row.is_late { format!("! {gap}") } else { gap };
    let mut line = Line::default();
    // As the verdict's evidence counts them.
    let number = if row.kind == EventKind::Event { row.number.to_string() } else { String::new() };
    line.push_span(ui.span(Role::Quiet, format!(" {number:>5}")));
    line.push_span(format!(" {:>9}", micros(row.at)));
    line.push_span(ui.span(if row.is_late { Role::Warn } else { Role::Quiet }, format!(" {gap:>10}")));
    line.push_span(ui.span(Role::Quiet, format!(" {:>7}", row.size)));
    line.push_span(ui.span(Role::Warn, if is_burst { " ┃" } else { "  " }));
    let (role, text) = match row.kind {
        EventKind::Event if row.name.is_empty() => (Role::Plain, row.text.clone()),
        EventKind::Event => (Role::Plain, format!("{}  {}", row.name, row.text)),
        EventKind::Comment => (Role::Quiet, format!(": {}  (comment)", row.text.trim_start())),
        EventKind::Retry => (Role::Quiet, format!("retry: {}", row.text)),
        EventKind::Partial => (Role::Bad, format!("(never ended)  {}", row.text)),
    };
    let room = width.saturating_sub(width_of(" 00000 000000000 0000000000 0000000  ") + 1);
    let text = one_line(&text);
    line.push_span(ui.span(role, fit(&text, room).into_owned()));
    line
}
