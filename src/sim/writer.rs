//! Texts that sound like an answer: seeded, about what was asked, and cut into tokens.

use fastrand::Rng;

const OPENERS: &[&str] = &[
    "Good question. {Topic} comes down to a few things that are worth taking one at a time.",
    "Here is the short version of {topic}, then the reasons behind it.",
    "Let’s look at {topic} step by step.",
    "{Topic} is easier than it looks once the parts have names.",
    "There are two honest answers about {topic}, and which one fits depends on your case.",
    "The first thing to know about {topic} is what it is not.",
];

const MIDDLES: &[&str] = &[
    "Start small: pick one example, write down what you expect, and compare it with what you get.",
    "The usual mistake is to change several things at once; then nobody can say which of them helped.",
    "Most of the cost hides in the parts that nobody measures — so measure {topic} first.",
    "A good rule: if you cannot explain a step in one sentence, it is really two steps.",
    "In practice, {topic} fails at the edges: empty input, very long input, and input in another language (naïve, 日本語, العربية).",
    "It helps to separate what must be true from what merely tends to be true.",
    "Keep the happy path plain, and let the odd cases stand beside it where they can be seen.",
    "When in doubt, prefer the version that is easier to undo.",
    "People often ask whether {topic} scales; it does, as long as every step has an upper bound.",
    "Write the result down before you forget how you got there.",
    "Two or three rounds of this are usually enough ✅.",
    "If the numbers surprise you, trust the numbers and look again at the question.",
];

const POINTS: &[&str] = &[
    "say what goes in and what comes out",
    "try the smallest case that can fail",
    "note the time of every step",
    "keep what you throw away for a day",
    "ask what happens twice as often",
    "compare with yesterday’s result",
];

const CLOSERS: &[&str] = &[
    "That is all there is to {topic}; the rest is practice.",
    "If you tell me more about your case, I can be more exact.",
    "Would you like an example with real numbers?",
    "Once this works, {topic} will take care of itself.",
];

const THOUGHTS: &[&str] = &[
    "The user asks about {topic}.",
    "I should say what matters first and leave the rest out.",
    "There are two ways to read this; the plain one is likelier.",
    "Let me check that against a small example before I answer.",
    "A short answer will do, with one caveat.",
    "What could be wrong with the obvious answer about {topic}?",
];

/// Words that a question is not about.
const SMALL_WORDS: &[&str] = &[
    "about", "could", "does", "explain", "from", "give", "have", "hello", "into", "please", "should", "tell",
    "that", "their", "them", "then", "there", "this", "what", "when", "where", "which", "while", "with",
    "would", "write", "your",
];

/// An answer to `question`.
pub(super) fn answer(rng: &mut Rng, question: &str) -> String {
    let topic = topic(question);
    let mut text = pick(rng, OPENERS).to_owned();
    let count = rng.usize(2..=5);
    for sentence in sample(rng, MIDDLES, count) {
        text.push(' ');
        text.push_str(sentence);
    }
    if rng.bool() {
        text.push_str("\n\n");
        for point in sample(rng, POINTS, 3) {
            text.push_str("- ");
            text.push_str(point);
            text.push('\n');
        }
        text.push('\n');
    } else {
        text.push(' ');
    }
    text.push_str(pick(rng, CLOSERS));
    text.replace("{topic}", &topic).replace("{Topic}", &capitalized(&topic))
}

/// What a model thinks before it answers `question`.
pub(super) fn reasoning(rng: &mut Rng, question: &str) -> String {
    let topic = topic(question);
    let count = rng.usize(2..=4);
    let steps = sample(rng, THOUGHTS, count);
    steps.join(" ").replace("{topic}", &topic)
}

/// An answer that reports what a tool said.
pub(super) fn report(rng: &mut Rng, result: &str) -> String {
    let result: String = result.chars().take(240).collect();
    let closing = pick(rng, &["Shall I look further?", "Anything else?", "That should settle it."]);
    format!("According to the tool: {result} {closing}")
}

/// One of a few phrases about the question, for a field of a JSON answer.
pub(super) fn phrase(rng: &mut Rng, question: &str) -> String {
    let start = pick(rng, &["notes on", "a look at", "the gist of", "more about"]);
    format!("{start} {}", topic(question))
}

/// What a question is about: the last few words of it that say something.
pub(super) fn topic(question: &str) -> String {
    let words: Vec<&str> = question
        .split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '\''))
        .filter(|word| word.chars().count() >= 4)
        .filter(|word| !SMALL_WORDS.contains(&word.to_lowercase().as_str()))
        .collect();
    match words.get(words.len().saturating_sub(3)..) {
        Some(last) if !last.is_empty() => last.join(" ").to_lowercase(),
        _ => "the matter".to_owned(),
    }
}

/// Cuts a text into what a model would emit as tokens. Joined, they are the text.
pub(super) fn tokens(rng: &mut Rng, text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut token = String::new();
    for c in text.chars() {
        let long = token.chars().count() >= 5 && rng.u8(..5) == 0;
        let breaks = match token.chars().next_back() {
            None => false,
            Some(_) if long => true,
            Some(last) => {
                (c.is_whitespace() && !last.is_whitespace())
                    || (!c.is_alphanumeric() && last.is_alphanumeric())
            }
        };
        if breaks {
            tokens.push(std::mem::take(&mut token));
        }
        token.push(c);
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    tokens
}

/// The longest start of `text` that has at most `bytes` bytes.
pub(super) fn truncated(text: &str, bytes: u64) -> &str {
    let limit = usize::try_from(bytes).unwrap_or(usize::MAX);
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// One of `choices`; empty if there is none.
pub(super) fn pick<'a>(rng: &mut Rng, choices: &[&'a str]) -> &'a str {
    rng.choice(choices).copied().unwrap_or_default()
}

fn sample<'a>(rng: &mut Rng, choices: &[&'a str], count: usize) -> Vec<&'a str> {
    rng.choose_multiple(choices.iter().copied(), count)
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}
