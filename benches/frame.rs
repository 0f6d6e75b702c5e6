//! How long the live view takes for what a person waits for: a frame of the list, of a stream and of the summary,
//! opening a stream, a page of the list in another order.
//!
//! The recording is made once: 100 000 exchanges, and a stream of 50 000 events.

#![expect(clippy::expect_used, reason = "a bench ends where it cannot go on")]

use criterion::{Criterion, criterion_group, criterion_main};
use gatetap::digest::verdict::Judgement;
use gatetap::digest::{Digest, Usage, examine};
use gatetap::exchange::body::{Body, Mark, Rest, Side};
use gatetap::exchange::end::{BodyEnd, Verdict};
use gatetap::exchange::head::{RequestHead, ResponseHead};
use gatetap::exchange::time::{Clock, Micros, WallTime};
use gatetap::exchange::{Exchange, ExchangeId, Timing};
use gatetap::store::{Reader, SessionStart, Writer};
use gatetap::tui::keymap::Key;
use gatetap::tui::loader::Loader;
use gatetap::tui::prepare::prepare;
use gatetap::tui::state::{App, Cmd, Msg, Words, update};
use gatetap::tui::theme::Theme;
use gatetap::tui::view::{Ui, view};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::hint::black_box;
use std::path::{Path, PathBuf};

const EXCHANGES: u64 = 100_000;
const EVENTS: u64 = 50_000;

/// 2025-03-01T12:00:00Z.
const START: WallTime = WallTime(1_740_830_400_000_000);

/// A large terminal.
const SIZE: (u16, u16) = (200, 60);

const MODELS: [&str; 4] = ["gpt-4o-mini", "openai/gpt-5", "anthropic/claude-sonnet-4", "deepseek-v4-flash"];

/// The view without terminal and threads: the loader answers at once.
struct Screen {
    app: App,
    ui: Ui,
    loader: Loader,
    terminal: Terminal<TestBackend>,
}

impl Screen {
    fn on(path: &Path) -> Self {
        let reader = Reader::open(path).expect("it opens");
        let now = START.plus(Micros(EXCHANGES * 1_000_000));
        let mut screen = Self {
            app: App::new(Words::default(), true, now),
            ui: Ui::new(Theme::Terminal, TimeZone::UTC),
            loader: Loader::new(reader, Clock::fixed(now)),
            terminal: Terminal::new(TestBackend::new(SIZE.0, SIZE.1)).expect("it is in memory"),
        };
        screen.send(Msg::Resize);
        screen
    }

    fn send(&mut self, msg: Msg) {
        if let Some(Cmd::Watch(interest)) = update(&mut self.app, msg) {
            self.loader.watch(interest);
        }
        self.frame();
        if let Some(loaded) = self.loader.look().expect("it reads") {
            self.send(Msg::Loaded(Box::new(loaded)));
        }
        loop {
            match self.loader.answer().expect("it reads") {
                Some(answer) => self.send(Msg::Answered(answer)),
                None if self.loader.is_busy() => {}
                None => break,
            }
        }
    }

    fn keys(&mut self, letters: &str) -> &mut Self {
        for letter in letters.chars() {
            let key = if letter == '\n' { Key::Enter } else { Key::Char(letter) };
            self.send(Msg::Key(key));
        }
        self
    }

    /// One frame, and what follows from it.
    fn frame(&mut self) {
        self.terminal.draw(|frame| view(&self.app, &mut self.ui, frame)).expect("it is in memory");
        if let Some(Cmd::Watch(interest)) = update(&mut self.app, Msg::Measured(self.ui.measures())) {
            self.loader.watch(interest);
        }
    }
}

fn exchange(nth: u64, response_bytes: u64) -> Exchange {
    let headers = |lines: &[(&str, &'static str)]| lines.iter().copied().collect();
    Exchange {
        session: 1,
        started_at: START.plus(Micros(nth * 1_000_000)),
        gateway: "nexorouter".to_owned(),
        url: "https://gateway.example/v1/chat/completions".to_owned(),
        response: Some(ResponseHead {
            status: if nth.is_multiple_of(7) { 429 } else { 200 },
            version: "HTTP/2".to_owned(),
            headers: headers(&[("content-type", "text/event-stream")]),
            raw: None,
        }),
        timing: Timing {
            head: Some(Micros(200_000)),
            end: Some(Micros(300_000 + nth * 7_919 % 90_000_000)),
            ..Timing::default()
        },
        request_end: Some(BodyEnd::Whole),
        response_end: Some(BodyEnd::Whole),
        request_bytes: 120,
        response_bytes,
        ..Exchange::of(RequestHead {
            method: "POST".to_owned(),
            target: "/v1/chat/completions".to_owned(),
            version: "HTTP/1.1".to_owned(),
            headers: headers(&[("content-type", "application/json")]),
            raw: None,
        })
    }
}

fn stream() -> (Exchange, Body, Body) {
    let request = r#"{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Count."}]}"#;
    let mut response = Body::default();
    for nth in 0..EVENTS {
        let event = format!(
            "data: {{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,\"model\":\"gpt-4o-mini\",\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\" word{nth}\"}},\"finish_reason\":null}}]}}\n\n"
        );
        let read = Micros(400_000 + nth * 1_000);
        response.bytes.extend_from_slice(event.as_bytes());
        response.marks.push(Mark {
            length: event.len() as u32,
            read,
            taken: Some(Micros(read.0 + 90)),
            rest: Rest::default(),
        });
    }
    let exchange = Exchange {
        timing: Timing {
            head: Some(Micros(350_000)),
            end: Some(Micros(400_000 + EVENTS * 1_000)),
            ..Timing::default()
        },
        ..exchange(EXCHANGES, response.bytes.len() as u64)
    };
    let mark = Mark { length: request.len() as u32, read: Micros(10), taken: None, rest: Rest::default() };
    let request = Body { bytes: request.as_bytes().to_vec(), marks: vec![mark], ..Body::default() };
    (exchange, request, response)
}

/// Makes the recording; the last of its exchanges is the stream.
fn make(path: &Path) -> ExchangeId {
    let start = SessionStart {
        started_at: START,
        program: "gatetap bench".to_owned(),
        command: "gatetap".to_owned(),
        upstream: "nexorouter".to_owned(),
        seed: None,
    };
    let writer = Writer::open(path, &start).expect("it opens");
    drop(writer.commit());
    writer.begin().expect("it writes");
    for nth in 0..EXCHANGES {
        let id = writer.insert_exchange(&exchange(nth, 4_000)).expect("it writes");
        let model = MODELS.get(nth as usize % MODELS.len()).map(|model| (*model).to_owned());
        let usage = Usage { input: Some(nth % 900), output: Some(nth % 70), ..Usage::default() };
        let digest = Digest {
            model,
            streaming: true,
            usage,
            first_token: Some(Micros(250_000 + nth * 31 % 4_000_000)),
            last_event: Some(Micros(9_000_000)),
            events: 40,
            ..Digest::default()
        };
        let verdict = if nth.is_multiple_of(7) { Verdict::Refused } else { Verdict::Complete };
        let judgement = Judgement { verdict, evidence: "for the bench".to_owned() };
        writer.put_digest(id, &digest, &judgement).expect("it writes");
    }
    let (mut exchange, request, response) = stream();
    exchange.id = writer.insert_exchange(&exchange).expect("it writes");
    for (side, body) in [(Side::Request, &request), (Side::Response, &response)] {
        writer.insert_segment(exchange.id, side, 0, &body.bytes, &body.marks).expect("it writes");
    }
    let examined = examine(&exchange, &request, &response);
    writer.put_digest(exchange.id, &examined.digest, &examined.judgement).expect("it writes");
    writer.commit().expect("it writes");
    exchange.id
}

fn frames(criterion: &mut Criterion) {
    let path: PathBuf = std::env::temp_dir().join(format!("gatetap-frame-{}.db", std::process::id()));
    let id = make(&path);

    let mut group = criterion.benchmark_group("frame");
    for (name, keys) in [
        ("list", ""),
        ("list, another order", "otook\n"),
        ("overview", "\n"),
        ("events", "3"),
        ("events, searched", "3/word49999\n"),
        ("conversation", "2"),
        ("response", "5"),
        ("wire", "7"),
        ("summary", "s"),
        ("help", "?"),
    ] {
        let mut screen = Screen::on(&path);
        screen.keys(keys);
        group.bench_function(name, |bencher| bencher.iter(|| screen.frame()));
    }
    group.finish();

    let mut group = criterion.benchmark_group("open");
    group.sample_size(20);
    group.bench_function("a recording", |bencher| bencher.iter(|| Screen::on(&path)));
    group.bench_function("a page in another order", |bencher| {
        let mut screen = Screen::on(&path);
        screen.keys("otook\n");
        bencher.iter(|| {
            screen.keys("O");
        });
    });
    group.bench_function("a stream", |bencher| {
        let reader = Reader::open(&path).expect("it opens");
        bencher.iter(|| {
            let whole = reader.exchange(id).expect("it reads").expect("it is there");
            let request = reader.body(id, Side::Request).expect("it reads");
            let response = reader.body(id, Side::Response).expect("it reads");
            black_box(prepare(whole, None, request, response).events.len())
        });
    });
    group.bench_function("the summary", |bencher| {
        let mut screen = Screen::on(&path);
        bencher.iter(|| {
            screen.keys("ss");
        });
    });
    group.finish();
    for beside in ["", "-wal", "-shm"] {
        let mut name = path.clone().into_os_string();
        name.push(beside);
        // What is not there needs no removing.
        drop(std::fs::remove_file(name));
    }
}

criterion_group!(benches, frames);
criterion_main!(benches);
