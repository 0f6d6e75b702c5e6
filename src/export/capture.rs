//! Captures, read as what they are: exchanges with their times, chunks and ends.

use crate::exchange::session::Session;
use crate::exchange::time::WallTime;
use crate::export::{Piece, Read, ReadError};
use crate::wire::script::{self, Capture};
use std::io::Read as Input;

/// Reads a file of captures, the first of which began at `started_at`: captures say nothing of the day.
///
/// # Errors
/// The first mistake, with its line, before anything is handed over.
pub fn read<E>(
    mut input: impl Input,
    started_at: WallTime,
    mut sink: impl FnMut(Piece) -> Result<(), E>,
) -> Result<(), ReadError<E>> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes).map_err(ReadError::Io)?;
    let malformed = |line: usize, message: String| ReadError::Malformed { line, column: 1, message };
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        malformed(before.split(|byte| *byte == b'\n').count(), "this is not UTF-8".to_owned())
    })?;
    let captures =
        script::read_all(text).map_err(|error| malformed(error.line, error.mistake.to_string()))?;
    let session = Session {
        id: 1,
        started_at,
        ended_at: None,
        program: "capture".to_owned(),
        command: String::new(),
        upstream: String::new(),
        seed: None,
    };
    sink(Piece::Session(session)).map_err(ReadError::Sink)?;
    for (number, (start, capture)) in (1..).zip(captures) {
        let Capture { mut exchange, request, response, .. } = capture;
        (exchange.id, exchange.session, exchange.started_at) = (number, 1, started_at.plus(start));
        let read = Read { exchange, request, response, altered: None, digest: None, note: None };
        sink(Piece::Exchange(Box::new(read))).map_err(ReadError::Sink)?;
    }
    Ok(())
}

/// Whether a file that begins like this can be one of captures.
pub fn begins(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    line.is_some_and(|line| {
        [b"# ".as_slice(), b"#\r", b"> ", b"gateway ", b"url "].iter().any(|word| line.starts_with(word))
            || line == b"#"
    })
}
