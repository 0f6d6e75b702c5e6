//! Every model times out.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;
use crate::exchange::time::Micros;
use crate::gateway::profile::played_by;

check! {
    /// ## What it looks for
    ///
    /// Three or more models that could not be reached or did not answer in time, within five minutes, and none
    /// that did.
    ///
    /// ## Why it matters
    ///
    /// That many models do not fail at once: it is the network between here and the gateway (a proxy, a
    /// firewall, a VPN, DNS), or the gateway as a whole. Source:
    /// <https://nexorouter.com/en/docs/status-incidents>.
    ///
    /// ## Example
    ///
    /// ```text
    /// acme/large: connect-timeout    acme/small: connect-timeout    other/tiny: 504
    /// ```
    ///
    /// ## What to do
    ///
    /// `gatetap doctor` looks at the way to the gateway. Then try another network.
    pub static CHECK = {
        id: "resp-all-models-failing",
        severity: Warning,
        summary: "sessions in which no model can be reached",
        often: OncePerSession,
        thresholds: [
            ("models", 3.0, "so many models failed"),
            ("window_s", 300.0, "within so many seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    if !super::unreached(subject.verdict(), subject.status()) {
        return;
    }
    let window = Micros((found.threshold("window_s").clamp(0.0, 1e6) * 1e6) as u64);
    let recent = super::recent(subject, window);
    let mut models: Vec<&str> = recent.iter().filter(|one| one.unreached).map(|one| one.model).collect();
    models.sort_unstable();
    models.dedup();
    let answered = recent.iter().any(|one| !one.unreached);
    if answered || (models.len() as f64) < found.threshold("models") {
        return;
    }
    let named: Vec<String> = models.iter().take(5).map(|model| format!("`{model}`")).collect();
    let places = recent.iter().filter(|one| one.id != subject.exchange.id).take(5);
    found.push(
        Says::new(
            format!(
                "no model of {} can be reached: it is the network, or the whole gateway",
                played_by(&subject.exchange.gateway)
            ),
            format!("{} exchanges with {} failed, none was answered", recent.len(), named.join(", ")),
            "look at proxy, firewall, VPN and DNS (`gatetap doctor`), then at the gateway's status page",
        ),
        places.map(|one| Place::Exchange(one.id)),
    );
}
