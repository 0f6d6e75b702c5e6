//! The pictures in the README: drawn from a fixed recording, and held to it.
//!
//! `UPDATE_PICTURES=1 cargo test --test it picture` writes them anew.

use super::fixture::{Recording, Sample, spoken, stream};
use super::harness::Harness;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::fmt::Write as _;
use std::path::Path;
use unicode_width::UnicodeWidthStr;

/// One cell, in pixels.
const CELL: (f64, f64) = (8.43, 19.0);

/// Around the cells, in pixels.
const EDGE: f64 = 16.0;

/// The bar with the three dots, in pixels.
const BAR: f64 = 28.0;

const PAPER: &str = "#16181d";
const INK: &str = "#d5d9e0";

/// A file, its rows, the keys that lead to what it shows, and what that is.
const PICTURES: [(&str, u16, &str, &str); 4] = [
    (
        "live-view",
        36,
        "gjjjjj<enter>",
        "gatetap's live view: a list of exchanges and one that the gateway cut",
    ),
    (
        "stream",
        36,
        "G3gjjjjjjjj",
        "a stream in gatetap: its events, when they came, and the pause between them",
    ),
    ("findings", 20, "gjj6", "what gatetap's checks found in an exchange, why, and what to do"),
    ("faults", 20, "!", "the faults that this gateway documents, and one that is armed"),
];

#[test]
fn the_pictures_show_what_the_program_draws() {
    let recording = Recording::of_samples();
    recording.add(&story());
    for (name, rows, keys, title) in PICTURES {
        let mut harness = Harness::new(&recording, (120, rows));
        if name == "faults" {
            harness = harness.with_faults();
            harness.keys("!rate_limit_exceeded,first=2,retry_after=7<enter>");
            harness.tell_faults();
        }
        harness.keys(keys);
        let picture = svg(harness.buffer(), title);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/pictures/{name}.svg"));
        if std::env::var_os("UPDATE_PICTURES").is_some() {
            std::fs::write(&path, &picture).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == picture, "{} is not what is drawn; run with UPDATE_PICTURES=1", path.display());
    }
}

/// A stream that pauses, then brings much at once, then goes on.
fn story() -> Sample {
    let words = [
        "Three",
        " rivers",
        ":",
        " the",
        " Rhine",
        ",",
        " the",
        " Danube",
        " and",
        " the",
        " Elbe",
        ".",
        " All",
        " of",
        " them",
        " rise",
        " in",
        " mountains",
        " and",
        " end",
        " in",
        " a",
        " sea",
        ".",
    ];
    let mut chunks = spoken(420, &words);
    for (nth, (at, _)) in chunks.iter_mut().enumerate().skip(9) {
        *at = if nth < 16 { 2_640 } else { *at + 1_600 };
    }
    // What came at once was read at once.
    let burst: String = chunks.drain(9..16).map(|(_, text)| text).collect();
    chunks.insert(9, (2_640, burst));
    Sample { at_s: 56, ..stream("gpt-4o-mini", chunks) }
}

/// A screen as an SVG: runs of cells of one style as text that keeps its width in any font.
fn svg(buffer: &Buffer, title: &str) -> String {
    let (columns, rows) = (buffer.area.width, buffer.area.height);
    let width = f64::from(columns) * CELL.0 + 2.0 * EDGE;
    let height = f64::from(rows) * CELL.1 + EDGE + BAR + EDGE / 2.0;
    let mut svg = String::new();
    writeln!(
        svg,
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0} {height:.0}" width="{width:.0}" height="{height:.0}" role="img" aria-label="{title}">
<title>{title}</title>
<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>
<circle cx="20" cy="16" r="5" fill="#ec6a5e"/><circle cx="38" cy="16" r="5" fill="#f4bf4f"/><circle cx="56" cy="16" r="5" fill="#61c554"/>
<g font-family="'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="14" xml:space="preserve">"##
    )
    .unwrap();
    for y in 0..rows {
        let mut x = 0;
        while x < columns {
            let first = &buffer[(x, y)];
            let look = Look::of(first);
            let mut text = String::new();
            let start = x;
            while x < columns && Look::of(&buffer[(x, y)]) == look {
                text.push_str(buffer[(x, y)].symbol());
                x += (buffer[(x, y)].symbol().width() as u16).max(1);
            }
            look.draw(&mut svg, start, y, x - start, &text);
        }
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

#[derive(PartialEq)]
struct Look {
    ink: &'static str,
    paper: &'static str,
    bold: bool,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        let style = cell.style();
        let has = |modifier| style.add_modifier.contains(modifier);
        let ink = match style.fg {
            Some(Color::Reset) | None if has(Modifier::DIM) => "#7d8590",
            Some(Color::Red) => "#ff7b72",
            Some(Color::Green) => "#7ee787",
            Some(Color::Yellow) => "#e3b341",
            Some(Color::Blue) => "#79c0ff",
            Some(Color::Magenta) => "#d2a8ff",
            Some(Color::Cyan) => "#56d4dd",
            Some(Color::Reset) | None => INK,
            Some(other) => panic!("the picture has no ink for {other}"),
        };
        let (ink, paper) = if has(Modifier::REVERSED) { (PAPER, ink) } else { (ink, PAPER) };
        Self { ink, paper, bold: has(Modifier::BOLD) }
    }

    fn draw(&self, svg: &mut String, x: u16, y: u16, cells: u16, text: &str) {
        let left = EDGE + f64::from(x) * CELL.0;
        let top = BAR + f64::from(y) * CELL.1;
        let width = f64::from(cells) * CELL.0;
        if self.paper != PAPER {
            let (height, paper) = (CELL.1, self.paper);
            writeln!(
                svg,
                r#"<rect x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}" fill="{paper}"/>"#
            )
            .unwrap();
        }
        let bold = if self.bold { r#" font-weight="600""# } else { "" };
        let mut at = 0;
        // Every word is placed by itself, so that no font can move a column.
        for word in text.split(' ') {
            let left = left + at as f64 * CELL.0;
            at += word.width() + 1;
            if word.is_empty() {
                continue;
            }
            let width = word.width() as f64 * CELL.0;
            let base = top + 14.0;
            let escaped = word.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            writeln!(
                svg,
                r#"<text x="{left:.1}" y="{base:.1}" textLength="{width:.1}" lengthAdjust="spacingAndGlyphs" fill="{ink}"{bold}>{escaped}</text>"#,
                ink = self.ink
            )
            .unwrap();
        }
    }
}
