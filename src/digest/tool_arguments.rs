//! Whether the arguments of a tool call are JSON.

use super::ToolCall;

/// The state of a tool call's arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArgumentsState {
    /// There are none. SDKs read that as no arguments.
    Empty,
    /// A whole JSON document.
    Valid,
    /// They stop in the middle of a value.
    Unfinished,
    /// They are not JSON from this byte on.
    Broken {
        /// The offset in the arguments.
        at: usize,
        /// What is wrong there.
        why: String,
    },
}

impl ToolCall {
    /// Whether the arguments are JSON, and where they are not. A tool that takes free text has any text.
    pub fn state(&self) -> ArgumentsState {
        if self.arguments.trim().is_empty() {
            return ArgumentsState::Empty;
        }
        match serde_json::from_str::<serde::de::IgnoredAny>(&self.arguments) {
            Ok(_) => ArgumentsState::Valid,
            Err(error) if error.is_eof() => ArgumentsState::Unfinished,
            Err(error) => {
                let before: usize = self
                    .arguments
                    .split_inclusive('\n')
                    .take(error.line().saturating_sub(1))
                    .map(str::len)
                    .sum();
                let full = error.to_string();
                let why = full.split(" at line ").next().unwrap_or_default().to_owned();
                ArgumentsState::Broken { at: before + error.column().saturating_sub(1), why }
            }
        }
    }
}
