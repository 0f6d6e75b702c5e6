//! What is said when gatetap itself panics.

use crate::gateway::mask::mask_text;
use std::io::Write;
use std::panic::PanicHookInfo;

/// Has every panic of the process said on stderr without secrets: the text of one may quote what it choked
/// on.
pub fn install() {
    std::panic::set_hook(Box::new(|info| {
        // Where stderr is gone there is nobody to tell.
        drop(std::io::stderr().write_all(&said(info)));
    }));
}

fn said(info: &PanicHookInfo<'_>) -> Vec<u8> {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("without a name");
    let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line()));
    let payload = info.payload();
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    let text = owned.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no text");
    let text = format!("gatetap panicked{} (thread {name}): {text}\n", place.unwrap_or_default());
    mask_text(text.as_bytes())
}
