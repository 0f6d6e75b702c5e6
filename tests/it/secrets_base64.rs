//! Keys that stand in heads as Base64, whole or after something else.

use crate::support::client::{get, post};
use crate::support::gateway::Gateway;
use crate::support::tapped::{Seen, Tapped};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// A key of a known shape, and one of no shape that the request carries.
const SHAPED: &str = "sk-proj-Cny00Zq1Xw2Ve3Cr4Fake0000";
const OWN: &str = "mine-Cny01Zq1Xw2Ve3Cr4-0000";

#[tokio::test]
async fn a_pair_with_a_key_in_base64_is_hidden_in_any_head() {
    for key in [SHAPED, OWN] {
        for user in ["", "a:", "me:", "somebody:"] {
            for encoded in
                [STANDARD.encode(format!("{user}{key}")), URL_SAFE_NO_PAD.encode(format!("{user}{key}?"))]
            {
                let raw = format!("HTTP/1.1 200 OK\r\nx-echo: {encoded}\r\ncontent-length: 2\r\n\r\n{{}}");
                let gateway = Gateway::answering(&raw);
                let tapped = Tapped::before(&gateway).await;
                let lines = [format!("authorization: Bearer {OWN}"), format!("x-upstream: Basic {encoded}")];
                let target = format!("/v1/{encoded}/x");
                let sent = post(&target, &lines.each_ref().map(String::as_str), "{}");
                let seen = Seen::of(tapped.addr(), sent).await;
                assert!(seen.head.contains(&encoded), "the traffic is left alone");
                let told = tapped.told(0).await;
                let hidden = "*".repeat(encoded.trim_end_matches('=').len());
                for head in [told.raw_request(), told.raw_answer()] {
                    assert!(!head.contains(&encoded[12..24]), "{head}");
                    assert!(head.contains(&hidden), "{head}");
                }
                let exchange = &told.whole.exchange;
                let kept = format!(
                    "{} {} {:?} {:?}",
                    exchange.url, exchange.request.target, exchange.sent, exchange.request
                );
                assert!(!kept.contains(&encoded[12..24]), "{kept}");
            }
        }
    }
}

#[tokio::test]
async fn other_base64_in_a_head_is_left_as_it_is() {
    let encoded = STANDARD.encode("nothing that anybody would have to hide, just a long text");
    let gateway = Gateway::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let tapped = Tapped::before(&gateway).await;
    Seen::of(
        tapped.addr(),
        get("/v1/models", &[&format!("x-trace: {encoded}"), &format!("authorization: Bearer {OWN}")]),
    )
    .await;
    assert!(tapped.told(0).await.raw_request().contains(&encoded));
}
