//! `gatetap ls --tunnels`: the connections that passed unopened, or stayed closed.

use super::super::exit::Exit;
use super::super::style::Style;
use super::super::table::{Cell, Column, Fit, render};
use super::super::world::Env;
use super::{column, time};
use crate::exchange::SessionId;
use crate::exchange::end::{BodyEnd, Hop};
use crate::exchange::text::printable;
use crate::exchange::tunnel::Tunnel;
use crate::export::json::TunnelLine;
use crate::store::Reader;
use std::io::Write;

const COLUMNS: [Column; 7] = [
    column("id", Fit::Right, 0),
    column("time", Fit::Left, 1),
    column("host", Fit::KeepMiddle(16), 0),
    column("sent", Fit::Right, 0),
    column("received", Fit::Right, 0),
    column("duration", Fit::Right, 2),
    column("end", Fit::KeepStart(20), 0),
];

/// Lists the tunnels of one session or of all, the newest `limit` of them.
pub(super) fn run(
    reader: &Reader,
    session: Option<SessionId>,
    json: bool,
    limit: Option<u32>,
    env: &mut Env<'_>,
) -> anyhow::Result<Exit> {
    let mut tunnels = reader.tunnels()?;
    tunnels.retain(|tunnel| session.is_none_or(|session| tunnel.session == session));
    let most = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let tunnels = tunnels.split_off(tunnels.len().saturating_sub(most));
    if json {
        for tunnel in &tunnels {
            super::write_line(env, &TunnelLine::new(tunnel))?;
        }
        return Ok(Exit::Fine);
    }
    if tunnels.is_empty() {
        writeln!(env.stderr, "no tunnels in `{}`", reader.path().display())?;
        return Ok(Exit::Fine);
    }
    let with_day = super::days_matter(tunnels.iter().map(|tunnel| tunnel.started_at), env);
    let rows: Vec<Vec<Cell>> = tunnels.iter().map(|tunnel| row(tunnel, with_day, env)).collect();
    let table = render(&COLUMNS, &rows, env.room(), env.stdout.is_terminal(), env.stdout.colour());
    write!(env.stdout, "{table}")?;
    Ok(Exit::Fine)
}

fn row(tunnel: &Tunnel, with_day: bool, env: &Env<'_>) -> Vec<Cell> {
    vec![
        Cell::new(Style::Strong, tunnel.id.to_string()),
        Cell::new(Style::Faint, time(tunnel.started_at, with_day, &env.time_zone)),
        Cell::new(Style::Plain, printable(&tunnel.host)),
        Cell::new(Style::Plain, tunnel.sent_bytes.to_string()),
        Cell::new(Style::Plain, tunnel.received_bytes.to_string()),
        Cell::maybe(tunnel.end),
        end(tunnel),
    ]
}

/// How it ended, or why there was none.
fn end(tunnel: &Tunnel) -> Cell {
    match (&tunnel.failure, &tunnel.ended) {
        (Some(own), _) => Cell::new(Style::Bad, printable(&format!("{}: {}", own.token, own.message))),
        (None, Some(BodyEnd::Whole)) => Cell::new(Style::Plain, "closed"),
        (None, Some(BodyEnd::Broken { by, detail })) => {
            let style = if *by == Hop::Gatetap { Style::Plain } else { Style::Bad };
            Cell::new(style, printable(&format!("by {}: {detail}", by.as_str())))
        }
        (None, None) if tunnel.end.is_some() => Cell::new(Style::Plain, "ended"),
        (None, None) => Cell::new(Style::Faint, "open, or lost"),
    }
}
