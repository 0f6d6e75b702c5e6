//! The fakes that every test stands on, and how tests wait.
//!
//! | module | plays |
//! |---|---|
//! | [`gateway`] | the gateway: answers by script, byte by byte, and ends as it is told |
//! | [`client`] | the app: sees what arrives, in which pieces, when, and how it ended |
//! | [`http2`] | the app, in HTTP/2 |
//! | [`mock_body`] | an `http_body::Body` whose every poll is written down |
//! | [`binary`] | runs the real program in a home of its own |
//! | [`tapped`] | gatetap itself in this process, compared with a gateway straight |
//! | [`made`] | recordings made to order, without traffic |
//! | [`http1`] | the small HTTP/1.1 reader that the fakes share |
//! | [`tls`] | an authority of its own, TLS in front of a gateway, TLS clients |
//!
//! The fakes' sockets live on a runtime of their own, so that they work from a `#[tokio::test]` and from
//! a plain `#[test]` alike, and go on while a test's own thread is blocked. A plain test awaits through
//! [`wait`]. Nothing here sleeps for a while and hopes: everything waits for a named thing, and panics
//! with that name when [`patience`] has run out.

pub mod binary;
pub mod client;
pub mod gateway;
pub mod http1;
pub mod http2;
pub mod made;
pub mod mock_body;
pub mod tapped;
pub mod tls;

use std::pin::pin;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Handle, Runtime};

/// How long a test waits for anything before it fails: `TEST_PATIENCE` in seconds, else ten.
///
/// It is only ever used up by a test that fails, so raise it on a slow machine without a thought.
pub fn patience() -> Duration {
    static PATIENCE: LazyLock<Duration> = LazyLock::new(|| match std::env::var("TEST_PATIENCE") {
        Ok(seconds) => Duration::from_secs(seconds.parse().expect("TEST_PATIENCE is whole seconds")),
        Err(_) => Duration::from_secs(10),
    });
    *PATIENCE
}

/// The runtime that the fakes' sockets and timers live on.
pub fn fakes() -> &'static Handle {
    static FAKES: LazyLock<Runtime> = LazyLock::new(|| {
        Builder::new_multi_thread().worker_threads(2).thread_name("fakes").enable_all().build().unwrap()
    });
    FAKES.handle()
}

/// Awaits `future` from a plain `#[test]`.
///
/// # Panics
///
/// Inside a runtime: a `#[tokio::test]` awaits by itself.
pub fn wait<F: Future>(future: F) -> F::Output {
    fakes().block_on(future)
}

/// Awaits `future`, and panics with `what` when [`patience`] has run out. Real time, also where the
/// test's own runtime has its clock paused.
#[track_caller]
pub fn within<F: Future>(what: impl Into<String>, future: F) -> impl Future<Output = F::Output> {
    within_time(what.into(), patience(), future)
}

#[track_caller]
fn within_time<F: Future>(what: String, time: Duration, future: F) -> impl Future<Output = F::Output> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = {
            let _fakes = fakes().enter();
            tokio::time::sleep(time)
        };
        let mut future = pin!(future);
        tokio::select! {
            biased;
            output = &mut future => output,
            () = deadline => panic!("waited {time:?} in vain for {what} (asked at {caller})"),
        }
    }
}

/// Asks again and again until `ready` gives something; panics with `what` when [`patience`] has run out.
///
/// Blocks its thread. In a `#[tokio::test]` whose own tasks have to go on, use [`eventually_async`].
#[track_caller]
pub fn eventually<T>(what: &str, ready: impl FnMut() -> Option<T>) -> T {
    eventually_in(what, patience(), ready)
}

#[track_caller]
fn eventually_in<T>(what: &str, time: Duration, mut ready: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(started.elapsed() < time, "waited {time:?} in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

/// [`eventually`] for a test on a runtime: the runtime goes on between two looks.
#[track_caller]
pub fn eventually_async<T>(
    what: impl Into<String>,
    mut ready: impl FnMut() -> Option<T>,
) -> impl Future<Output = T> {
    within(what, async move {
        loop {
            if let Some(value) = ready() {
                return value;
            }
            let pause = {
                let _fakes = fakes().enter();
                tokio::time::sleep(Duration::from_millis(2))
            };
            pause.await;
        }
    })
}

/// What a thing that has to panic said.
pub fn panic_text<T>(does: impl FnOnce() -> T) -> String {
    let payload =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(does)).err().expect("it did not panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&'static str>().expect("a panic with a text")).to_owned(),
    }
}

#[test]
fn eventually_gives_what_comes_in_the_end() {
    let mut looks = 0;
    let seen = eventually("a third look", || {
        looks += 1;
        (looks == 3).then_some("there")
    });
    assert_eq!(seen, "there");
}

#[test]
fn waiting_in_vain_names_what_was_awaited() {
    let text = panic_text(|| eventually_in::<()>("the moon", Duration::from_millis(5), || None));
    assert!(text.contains("in vain for the moon"), "{text}");

    let never = std::future::pending::<()>();
    let text = panic_text(|| wait(within_time("the sun".into(), Duration::from_millis(5), never)));
    assert!(text.contains("in vain for the sun"), "{text}");
    assert!(text.contains(file!()), "{text}");
}

#[tokio::test(start_paused = true)]
async fn waiting_goes_by_real_time_while_the_clock_is_paused() {
    let from_outside = fakes().spawn(async {});
    within("another runtime", from_outside).await.unwrap();
    let mut looks = 0;
    eventually_async("a second look", || {
        looks += 1;
        (looks == 2).then_some(())
    })
    .await;
    assert_eq!(looks, 2);
}

/// The name of every capture in `fixtures/captures`, in order.
pub fn capture_names() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/captures");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "capture"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}
