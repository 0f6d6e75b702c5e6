//! The summary: what the exchanges of the filter amount to.

use super::Ui;
use super::cells::{fit, one_line, push_fit, short_number, time_near, width_of};
use crate::check;
use crate::exchange::text::counted;
use crate::tui::state::App;
use crate::tui::theme::{self, Role};
use crate::tui::totals::{Bars, Limits, Totals};
use ratatui::text::Line;

/// The cells of a name.
const NAME: usize = 28;

/// The cells of a model's numbers, and of the plot of a distribution.
const NUMBERS: usize = 42;
const PLOT: usize = 20;

/// The cells of a gateway's name, and of what is left of a limit.
const LIMITED: (usize, usize) = (12, 30);
const LIMITED_ROOMY: (usize, usize) = (16, 40);

/// From this width on there is room for both.
const ROOMY: usize = 100;

/// The cells of a model's name where there is little room.
const NAME_LEAST: usize = 16;

/// How many models, codes and checks are listed.
const LISTED: usize = 20;

/// Bars of eighths, from none to a full one.
const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

pub(super) fn lines(app: &App, ui: &Ui, width: usize) -> Vec<Line<'static>> {
    let Some(totals) = &app.totals else {
        return vec![Line::from(ui.span(Role::Quiet, " counting …"))];
    };
    let mut lines = first(app, ui, totals, width);
    if totals.exchanges == 0 {
        return lines;
    }
    heading(&mut lines, ui, "how they ended");
    let most = totals.verdicts.values().copied().max().unwrap_or(1);
    for (verdict, count) in &totals.verdicts {
        let (glyph, role) = theme::verdict(*verdict);
        bar(&mut lines, ui, (role, &format!("{glyph} {verdict}")), *count, most, width);
    }
    models(&mut lines, ui, totals, width);
    limits(&mut lines, app, ui, &totals.limits, width);
    ranked(&mut lines, ui, "errors", &totals.codes, width, |_| Role::Bad);
    ranked(&mut lines, ui, "what the checks found", &totals.findings, width, |id| {
        check::find(id).map_or(Role::Warn, |check| theme::severity(check.severity).1)
    });
    lines
}

fn first(app: &App, ui: &Ui, totals: &Totals, width: usize) -> Vec<Line<'static>> {
    let input: u64 = totals.models.values().map(|model| model.input).sum();
    let output: u64 = totals.models.values().map(|model| model.output).sum();
    let cost: f64 = totals.models.values().filter_map(|model| model.cost).sum();
    let mut parts = vec![
        counted(totals.exchanges, "exchange"),
        counted(totals.errors, "error"),
        format!("{} tokens in, {} out", short_number(input), short_number(output)),
    ];
    if cost > 0.0 {
        parts.push(format!("cost {cost:.4}"));
    }
    if let Some((first, last)) = totals.span {
        let [first, last] = [first, last].map(|time| time_near(time, app.now, &ui.zone));
        parts.push(format!("{first} to {last}"));
    }
    if !totals.is_whole {
        parts.push("counting …".to_owned());
    }
    let mut lines = Vec::new();
    let mut text = String::new();
    for part in parts {
        if !text.is_empty() && width_of(&text) + 2 + width_of(&part) > width.saturating_sub(2) {
            lines.push(std::mem::take(&mut text));
        }
        text = if text.is_empty() { part } else { format!("{text}  {part}") };
    }
    lines.push(text);
    lines.into_iter().map(|text| Line::from_iter([" ".into(), ui.span(Role::Strong, text)])).collect()
}

fn heading(lines: &mut Vec<Line<'static>>, ui: &Ui, title: &'static str) {
    lines.push(Line::default());
    lines.push(Line::from_iter([" ".into(), ui.span(Role::Accent, title)]));
}

fn bar(
    lines: &mut Vec<Line<'static>>,
    ui: &Ui,
    (role, name): (Role, &str),
    count: u64,
    most: u64,
    width: usize,
) {
    let mut line = Line::raw("  ");
    push_fit(&mut line, ui.theme.style(role), name, NAME.min(width / 2));
    line.push_span(format!(" {:>7} ", short_number(count)));
    let room = width.saturating_sub(line.width() + 2).min(50) as u64;
    let cells = (count * room).div_ceil(most.max(1));
    line.push_span(ui.span(role, "━".repeat(cells as usize)));
    lines.push(line);
}

fn ranked(
    lines: &mut Vec<Line<'static>>,
    ui: &Ui,
    title: &'static str,
    counts: &std::collections::BTreeMap<String, u64>,
    width: usize,
    role: impl Fn(&str) -> Role,
) {
    let mut counts: Vec<(&String, &u64)> = counts.iter().collect();
    counts.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let Some((_, most)) = counts.first() else { return };
    let most = **most;
    heading(lines, ui, title);
    for (name, count) in counts.iter().take(LISTED) {
        bar(lines, ui, (role(name), name), **count, most, width);
    }
    if let Some(more) = counts.len().checked_sub(LISTED).filter(|more| *more > 0) {
        lines.push(Line::from(ui.span(Role::Quiet, format!("  and {more} more"))));
    }
}

fn models(lines: &mut Vec<Line<'static>>, ui: &Ui, totals: &Totals, width: usize) {
    let mut models: Vec<_> = totals.models.iter().collect();
    models.sort_by(|a, b| b.1.exchanges.cmp(&a.1.exchanges).then(a.0.cmp(b.0)));
    heading(lines, ui, "models");
    let plots = (width.saturating_sub(NUMBERS + NAME_LEAST) / (PLOT + 1)).min(2);
    let name_width = NAME.min(width.saturating_sub(NUMBERS + plots * (PLOT + 1)));
    let titles = ["first token", "tokens a second"].into_iter().take(plots);
    let titles = titles.map(|title| format!("{title:PLOT$}")).collect::<Vec<_>>().join(" ");
    let head = format!(
        "  {:name_width$} {:>6} {:>6} {:>7} {:>7} {:>8}  {titles}",
        "", "asked", "errors", "in", "out", "cost"
    );
    lines.push(Line::from(ui.span(Role::Quiet, fit(head.trim_end(), width).into_owned())));
    for (name, model) in models.iter().take(LISTED) {
        let mut line = Line::raw("  ");
        let name = if name.is_empty() { "(no model)" } else { name };
        push_fit(&mut line, ui.theme.style(Role::Plain), &one_line(name), name_width);
        line.push_span(format!(" {:>6} ", short_number(model.exchanges)));
        let role = if model.errors > 0 { Role::Bad } else { Role::Quiet };
        line.push_span(ui.span(role, format!("{:>6} ", short_number(model.errors))));
        let cost = model.cost.map_or_else(|| "–".to_owned(), |cost| format!("{cost:.4}"));
        let (input, output) = (short_number(model.input), short_number(model.output));
        line.push_span(format!("{input:>7} {output:>7} {cost:>8} "));
        for (bars, unit) in [(&model.first_token, " ms"), (&model.speed, "")].into_iter().take(plots) {
            let text = bars.as_ref().map_or_else(|| "–".to_owned(), |bars| distribution(bars, unit));
            let rest = " ".repeat(PLOT.saturating_sub(width_of(&text)));
            line.push_span(ui.span(Role::Live, format!(" {text}{rest}")));
        }
        lines.push(line);
    }
    if plots == 0 {
        return;
    }
    let text = "  Half stays below the figure; the bars are how many lie in ever higher ranges.";
    lines.push(Line::from(ui.span(Role::Quiet, fit(text, width).into_owned())));
}

/// What is left of each gateway's limits, as it said last.
fn limits(lines: &mut Vec<Line<'static>>, app: &App, ui: &Ui, limits: &[Limits], width: usize) {
    if limits.is_empty() {
        return;
    }
    heading(lines, ui, "rate limits, as last told");
    let (name_width, limit_width) = if width < ROOMY { LIMITED } else { LIMITED_ROOMY };
    for told in limits {
        let asked_to_wait = told.state.retry_after.map(|wait| ("asked to wait".to_owned(), Some(wait), None));
        let windows = told.state.windows.iter().map(|window| {
            let left = match (window.remaining, window.limit) {
                (Some(left), Some(limit)) => {
                    format!("{} of {} left", short_number(left), short_number(limit))
                }
                (Some(left), None) => format!("{} left", short_number(left)),
                (None, Some(limit)) => format!("{} in all", short_number(limit)),
                (None, None) => "–".to_owned(),
            };
            let counts = window.counts.as_deref().unwrap_or("requests").replace('-', " ");
            (format!("{counts}: {left}"), window.resets_in, window.remaining)
        });
        for (text, wait, left) in windows.chain(asked_to_wait) {
            let mut line = Line::raw("  ");
            push_fit(&mut line, ui.theme.style(Role::Plain), &told.gateway, name_width);
            let role = if left == Some(0) { Role::Bad } else { Role::Plain };
            push_fit(&mut line, ui.theme.style(role), &format!(" {text}"), limit_width);
            let until = wait.map(|wait| told.at.plus(wait)).map(|end| {
                let word = if end <= app.now { "over at" } else { "until" };
                format!(" {word} {},", time_near(end, app.now, &ui.zone))
            });
            let until = until.unwrap_or_default();
            let source = format!("{until} told in #{} at {}", told.id, time_near(told.at, app.now, &ui.zone));
            let room = width.saturating_sub(line.width());
            let text =
                if width_of(&source) <= room { source } else { until.trim_end_matches(',').to_owned() };
            line.push_span(ui.span(Role::Quiet, fit(&text, room).into_owned()));
            lines.push(line);
        }
    }
}

/// A distribution in a few cells: its bars, and what half of it stays below.
fn distribution(bars: &Bars, unit: &str) -> String {
    let most = bars.counts.iter().copied().max().unwrap_or(1).max(1);
    let cells: String = bars
        .counts
        .iter()
        .filter_map(|count| EIGHTHS.get((count * 8).div_ceil(most) as usize))
        .copied()
        .collect();
    match bars.median_below() {
        Some(edge) => format!("{cells} <{edge}{unit}"),
        None => format!("{cells} more"),
    }
}
