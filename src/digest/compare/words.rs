//! Two texts, word by word.

/// One stretch of a comparison of texts. In order, `Same` and `Gone` make the first text, `Same` and `New`
/// the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Both have it.
    Same(String),
    /// Only the first has it.
    Gone(String),
    /// Only the second has it.
    New(String),
}

/// How many edits are looked for. Texts that differ more are shown as wholly different between what they
/// begin and end with in common.
const MOST_EDITS: usize = 1000;

/// Compares word by word, a word with the white space after it (Myers, *An O(ND) Difference Algorithm*).
pub fn words(a: &str, b: &str) -> Vec<Edit> {
    let (a, b) = (split(a), split(b));
    let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    let (head, a) = a.split_at_checked(start).unwrap_or((&a, &[]));
    let b = b.get(start..).unwrap_or_default();
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, tail) = a.split_at_checked(a.len() - end).unwrap_or((a, &[]));
    let b = b.get(..b.len() - end).unwrap_or_default();

    let mut edits = Vec::new();
    push(&mut edits, Edit::Same, head);
    if let Some(steps) = script(a, b) {
        for step in steps {
            match step {
                Step::Same(at) => push(&mut edits, Edit::Same, a.get(at..=at).unwrap_or_default()),
                Step::Gone(at) => push(&mut edits, Edit::Gone, a.get(at..=at).unwrap_or_default()),
                Step::New(at) => push(&mut edits, Edit::New, b.get(at..=at).unwrap_or_default()),
            }
        }
    } else {
        push(&mut edits, Edit::Gone, a);
        push(&mut edits, Edit::New, b);
    }
    push(&mut edits, Edit::Same, tail);
    edits
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Same(usize),
    Gone(usize),
    New(usize),
}

/// The shortest script of edits, or `None` if it is too long.
fn script(first: &[&str], second: &[&str]) -> Option<Vec<Step>> {
    let most = (first.len() + second.len()).min(MOST_EDITS);
    // On the diagonal `k - most`, how far in `a` one gets with so many edits; one row a number of edits.
    let mut furthest = vec![0_usize; 2 * most + 3];
    let mut trace: Vec<Vec<usize>> = Vec::new();
    let diagonal = |gone: usize, edits: usize| most + 1 + 2 * gone - edits;
    for edits in 0..=most {
        trace.push(furthest.clone());
        for gone in 0..=edits {
            let k = diagonal(gone, edits);
            let mut x = from(&furthest, k, gone, edits);
            // y = x - (k - most - 1), which is never negative on a path that exists.
            let mut y = (x + most + 1).checked_sub(k)?;
            while x < first.len() && y < second.len() && first.get(x) == second.get(y) {
                x += 1;
                y += 1;
            }
            *furthest.get_mut(k)? = x;
            if x >= first.len() && y >= second.len() {
                return back(&trace, most, first.len(), second.len());
            }
        }
    }
    None
}

/// Where one stands on diagonal `k` after one more edit, before any words in common.
fn from(furthest: &[usize], k: usize, gone: usize, edits: usize) -> usize {
    let at = |k: usize| furthest.get(k).copied().unwrap_or_default();
    let inserts = gone == 0 || (gone != edits && at(k - 1) < at(k + 1));
    if edits == 0 {
        0
    } else if inserts {
        at(k + 1)
    } else {
        at(k - 1) + 1
    }
}

/// Walks back from the ends of both texts.
fn back(trace: &[Vec<usize>], most: usize, mut x: usize, mut y: usize) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    for (edits, furthest) in trace.iter().enumerate().rev() {
        let k = x + most + 1 - y;
        let gone = (k + edits - most - 1) / 2;
        let start = from(furthest, k, gone, edits);
        while x > start {
            x -= 1;
            y -= 1;
            steps.push(Step::Same(x));
        }
        if edits > 0 {
            let at = |k: usize| furthest.get(k).copied().unwrap_or_default();
            if gone == 0 || (gone != edits && at(k - 1) < at(k + 1)) {
                y = y.checked_sub(1)?;
                steps.push(Step::New(y));
            } else {
                x = x.checked_sub(1)?;
                steps.push(Step::Gone(x));
            }
        }
    }
    steps.reverse();
    Some(steps)
}

fn split(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let after = rest.get(word..).unwrap_or_default();
        let space = after.find(|c: char| !c.is_whitespace()).unwrap_or(after.len());
        let (word, tail) = rest.split_at_checked(word + space).unwrap_or((rest, ""));
        words.push(word);
        rest = tail;
    }
    words
}

fn push(edits: &mut Vec<Edit>, make: impl Fn(String) -> Edit, words: &[&str]) {
    if words.is_empty() {
        return;
    }
    let added = make(words.concat());
    match (edits.last_mut(), &added) {
        (Some(Edit::Same(last)), Edit::Same(text))
        | (Some(Edit::Gone(last)), Edit::Gone(text))
        | (Some(Edit::New(last)), Edit::New(text)) => last.push_str(text),
        _ => edits.push(added),
    }
}
