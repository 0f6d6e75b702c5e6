//! Answers: whether they hold what was asked for, whether the gateway is well.
