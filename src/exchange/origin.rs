//! What an origin sent where the app got something else: kept beside it.

use super::end::BodyEnd;
use bytes::Bytes;

/// The answer that a fault altered on its way. Its body is the one of [`Side::Origin`](super::body::Side).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The bytes of its head, secrets masked.
    pub head: Bytes,
    /// How its body ended; `None` where nobody waited for that.
    pub end: Option<BodyEnd>,
}
