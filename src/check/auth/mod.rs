//! Credentials: whether there is one, whether it is well written, whether it is the right one.

pub(super) mod missing;
pub(super) mod no_bearer;
