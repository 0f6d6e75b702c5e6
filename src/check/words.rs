//! How findings say lengths of time.

use crate::exchange::time::Micros;

/// A length of time as people say a limit: `17 s` and not `17.00 s`, `90 s`, `12 h`.
pub(super) fn span(time: Micros) -> String {
    const SECOND: u64 = 1_000_000;
    let whole = time.0.is_multiple_of(SECOND);
    match time.0 / SECOND {
        0 => time.to_string(),
        seconds if whole && seconds < 600 => format!("{seconds} s"),
        seconds if seconds < 5_400 => time.to_string(),
        seconds => format!("{} h", seconds.saturating_add(1_800) / 3_600),
    }
}
