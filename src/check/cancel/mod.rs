//! Apps that leave before the answer is there.

pub(super) mod frequent;
pub(super) mod midstream;
pub(super) mod still_billed;
