//! Cuts a recording out of another.

use super::file::Target;
use super::select::Selected;
use super::{bar, read};
use crate::check::Engine;
use crate::cli::error::wrong_usage;
use crate::cli::exit::Exit;
use crate::cli::world::Env;
use crate::config;
use crate::exchange::text::counted;
use crate::export::Piece;
use crate::record::{Imported, Importer};
use crate::store::Reader;
use anyhow::Context;
use std::io::Write;
use std::path::Path;

/// Makes a recording of what was selected.
pub(super) fn cut_out(
    reader: &Reader,
    selected: &Selected,
    target: &Target,
    env: &mut Env<'_>,
) -> anyhow::Result<Exit> {
    let Some(path) = target.path() else {
        return Err(wrong_usage("a recording cannot be written to stdout", "name a file with -o FILE"));
    };
    if path.exists() {
        return Err(wrong_usage(
            format!("`{}` is there already", path.display()),
            "a recording is never replaced: name another file, or `gatetap import` into that one",
        ));
    }
    let engine = Engine::new(config::checks(config::ChecksGiven::default(), &env.directories)?);
    // Nobody sees it under its name before it is whole.
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.partial", std::process::id()));
    let partial = Path::new(&name);
    let written = fill(partial, reader, selected, engine, env).and_then(|written| {
        std::fs::rename(partial, path).with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(written)
    });
    if written.is_err() {
        drop(std::fs::remove_file(partial));
    }
    let written = written?;
    writeln!(env.stderr, "wrote {} to `{}`", counted(written.exchanges, "exchange"), path.display())?;
    Ok(Exit::Fine)
}

fn fill(
    path: &Path,
    reader: &Reader,
    selected: &Selected,
    engine: Engine,
    env: &Env<'_>,
) -> anyhow::Result<Imported> {
    let selection = selected.selection(reader, false)?;
    let bar = bar(selected.ids.len(), env);
    let mut importer = Importer::begin(path, engine)?;
    for session in selection.sessions {
        importer.take(Piece::Session(session))?;
    }
    for tunnel in selection.tunnels {
        importer.take(Piece::Tunnel(tunnel))?;
    }
    for id in &selected.ids {
        if let Some(one) = read(reader, *id)? {
            importer.take(Piece::Exchange(Box::new(one.into_read())))?;
        }
        bar.inc(1);
    }
    let imported = importer.finish()?;
    bar.finish_and_clear();
    Ok(imported)
}
