//! One model that fails while others answer.

use crate::check::declare::check;
use crate::check::{Found, Says, Subject};
use crate::exchange::finding::Place;
use crate::exchange::time::Micros;
use crate::gateway::profile::played_by;

check! {
    /// ## What it looks for
    ///
    /// More than half of the exchanges with one model failed in the last ten minutes, by the gateway's or the
    /// provider's doing, while another model of the same gateway answered.
    ///
    /// ## Why it matters
    ///
    /// It is not the key, not the network and not the app: the provider of this model has a problem. Source:
    /// <https://nexorouter.com/en/docs/status-incidents>.
    ///
    /// ## Example
    ///
    /// ```text
    /// acme/large: 4 of 5 failed      acme/small: 3 of 3 answered
    /// ```
    ///
    /// ## What to do
    ///
    /// Ask another model for a while; look at the gateway's status page.
    pub static CHECK = {
        id: "resp-one-model-failing",
        severity: Info,
        summary: "models that fail while others answer",
        often: OncePerSession,
        thresholds: [
            ("at_least", 4.0, "so many exchanges with the model are needed"),
            ("percent", 50.0, "more of them than this failed"),
            ("window_s", 600.0, "of the last so many seconds"),
        ],
        run: End(run),
    }
}

fn run(subject: &Subject<'_>, found: &mut Found<'_>) {
    let Some(model) = subject.digest.model.as_deref() else { return };
    if !super::failed(subject.verdict(), Some(subject.status())) {
        return;
    }
    let window = Micros((found.threshold("window_s").clamp(0.0, 1e6) * 1e6) as u64);
    let recent = super::recent(subject, window);
    let of = |wanted: bool| recent.iter().filter(move |one| (one.model == model) == wanted);
    let (tried, failed) = (of(true).count(), of(true).filter(|one| one.failed).count());
    let (others, fine) = (of(false).count(), of(false).filter(|one| !one.failed).count());
    let share = failed as f64 * 100.0 / tried.max(1) as f64;
    if (tried as f64) < found.threshold("at_least")
        || share <= found.threshold("percent")
        || fine < 2
        || fine * 2 < others
    {
        return;
    }
    let places = of(true).filter(|one| one.failed && one.id != subject.exchange.id).take(5);
    found.push(
        Says::new(
            format!("`{model}` fails while other models of {} answer", played_by(&subject.exchange.gateway)),
            format!("`{model}`: {failed} of {tried} failed; others: {fine} of {others} answered"),
            format!("ask another model than `{model}` for a while, and see the gateway's status page"),
        ),
        places.map(|one| Place::Exchange(one.id)),
    );
}
