//! Did you mean?

/// The word of `known` that `word` was probably meant to be; `None` if none is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // As far apart as clap allows for its own suggestions.
    const NEAR: f64 = 0.7;
    known
        .into_iter()
        .map(|candidate| (strsim::jaro(&word.to_ascii_lowercase(), candidate), candidate))
        .filter(|(likeness, _)| *likeness > NEAR)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
