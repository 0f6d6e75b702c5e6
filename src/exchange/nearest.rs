//! Did you mean?

/// As far apart as clap allows for its own suggestions.
const NEAR: f64 = 0.7;

/// The word of `known` that `word` was probably meant to be; `None` if none is near.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    most_like(word, known, NEAR)
}

/// The word of `known` that is most like `word`, whatever the case, if it is more than `least` like it: 1 is the same.
pub fn most_like<'a>(word: &str, known: impl IntoIterator<Item = &'a str>, least: f64) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness > least)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
