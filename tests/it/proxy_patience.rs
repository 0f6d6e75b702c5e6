//! What gatetap holds and how long it waits: little memory, no clock that ends a stream.

use std::time::Duration;

use crate::support::binary::Gatetap;
use crate::support::client::{Client, get, post};
use crate::support::gateway::{Gateway, SSE_HEAD, write};
use crate::support::tapped::Tapped;
use crate::support::wait;

#[tokio::test(start_paused = true)]
async fn no_stream_is_too_quiet() {
    let (gateway, gate) = Gateway::sse([": still there\n\n", "data: 1\n\n"]);
    let tapped = Tapped::here(&gateway.url()).await;
    let mut app = Client::connect(tapped.addr()).await;
    // The clock runs whenever nothing else does, up to the next timer: one that ends streams would.
    app.send(post("/v1/chat/completions", &[], "{\"stream\":true}")).await;
    gateway.request(0).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert_eq!(app.read_head().await.raw, SSE_HEAD.as_bytes());
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_secs(3600)).await;
        gate.open();
        app.next_chunk().await.unwrap();
    }
    app.read_body().await;
    // Neither is an idle connection.
    tokio::time::sleep(Duration::from_secs(3600)).await;
    app.send(get("/v1/x", &[])).await;
    app.read_head().await;
}

/// The memory that a process holds, in KiB.
#[cfg(target_os = "linux")]
fn resident(gatetap: &mut Gatetap) -> u64 {
    let pid = gatetap.running().pid();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[cfg(target_os = "linux")]
fn running(gateway: &Gateway) -> Gatetap {
    Gatetap::run(&["run", "--headless", "--listen", "127.0.0.1:0", "--upstream", &gateway.url()])
}

#[test]
#[cfg(target_os = "linux")]
fn an_app_that_does_not_read_holds_little() {
    const PIECE: usize = 1 << 20;
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 400 * PIECE);
    let mut steps = vec![write(head)];
    steps.extend(std::iter::repeat_n(write(vec![b'x'; PIECE]), 400));
    let gateway = Gateway::replying([steps]);
    let mut gatetap = running(&gateway);
    let before = resident(&mut gatetap);
    wait(async {
        let mut app = Client::connect(gatetap.addr()).await;
        app.send(get("/v1/x", &[])).await;
        app.read_head().await;
        let (mut written, mut looks) = (0, 0);
        crate::support::eventually_async("the gateway to be held back", || {
            let now = gateway.written(0).len();
            looks = if now == written { looks + 1 } else { 0 };
            written = now;
            (looks == 40).then_some(())
        })
        .await;
        let grown = resident(&mut gatetap).saturating_sub(before);
        assert!(written < 100, "{written} MB were taken though nobody reads");
        assert!(grown < 96 << 10, "{grown} KiB while the app does not read");
    });
}
