//! Which connection to a gateway carries the next request: the one that the app's own would have been, or one as good
//! as new.

use std::time::Duration;

use gatetap::exchange::time::{Clock, WallTime};

use crate::support::client::{Client, get};
use crate::support::gateway::{Gateway, answer};
use crate::support::http2::{Http2, rest};
use crate::support::tapped::Tapped;

/// An app, in either version.
enum App {
    One(Client),
    Two(Http2),
}

impl App {
    async fn connect(version: u8, tapped: &Tapped) -> Self {
        match version {
            1 => Self::One(Client::connect(tapped.addr()).await),
            _ => Self::Two(Http2::connect(tapped.addr()).await),
        }
    }

    /// Asks, and has the whole of an answer.
    async fn ask(&mut self) {
        match self {
            Self::One(app) => {
                app.send(get("/v1/x", &[])).await;
                assert_eq!(app.read_head().await.status(), 200);
                app.read_body().await;
            }
            Self::Two(app) => {
                let response = app.send("GET", "/v1/x", &[], "").await;
                assert_eq!(response.status(), 200);
                rest(&mut response.into_body()).await;
            }
        }
    }
}

#[tokio::test]
async fn a_connection_that_waited_long_is_for_who_has_used_it() {
    // What the gateway says of its patience, how long the connection waits, and whether the app that has used it gets
    // it again, and another.
    for (said, waited, own, other) in [
        ("", 0, true, true),
        ("", 3, true, true),
        ("", 4, true, false),
        ("", 3600, true, false),
        ("\r\nKeep-Alive: timeout=5, max=100", 3, true, true),
        ("\r\nKeep-Alive: timeout=5, max=100", 4, false, false),
        ("\r\nKeep-Alive: timeout=1", 0, false, false),
    ] {
        for version in [1, 2] {
            for (is_own, reused) in [(true, own), (false, other)] {
                let gateway = Gateway::answering(answer(&format!("HTTP/1.1 200 OK{said}"), "{}"));
                let clock = Clock::fixed(WallTime(0));
                let tapped = Tapped::timed(&gateway, clock.clone()).await;
                let mut app = App::connect(version, &tapped).await;
                app.ask().await;
                // It waits as soon as all of the exchange is written down.
                tapped.told(0).await;
                clock.advance(Duration::from_secs(waited).into());
                let mut asks = if is_own { app } else { App::connect(version, &tapped).await };
                asks.ask().await;
                let what = format!("{said:?} after {waited} s, HTTP/{version}, own: {is_own}");
                assert_eq!(gateway.connections(), if reused { 1 } else { 2 }, "{what}");
                assert_eq!(tapped.told(1).await.whole.exchange.timing.reused, Some(reused), "{what}");
            }
        }
    }
}
