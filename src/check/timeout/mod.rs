//! Time running out: in the client, in the gateway, or somewhere between.

pub(super) mod cancel_then_retry;
pub(super) mod default_600;
pub(super) mod fixed_cutoff;
pub(super) mod js_stream_unbounded;
pub(super) mod long_nonstream;
pub(super) mod too_short;
pub(super) mod upstream_504;
