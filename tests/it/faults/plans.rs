//! Plans: drawn from the seed, the request and how often it came, and from nothing else.

use gatetap::exchange::time::Micros;
use gatetap::fault::{Armed, Facts, Plan, Story, spec};

const NOW: Micros = Micros(0);

fn armed(seed: u64, rules: &[&str]) -> Armed {
    let armed = Armed::new(seed);
    armed.arm(rules.iter().map(|rule| spec::parse(rule).unwrap()).collect(), NOW);
    armed
}

fn facts() -> Facts<'static> {
    Facts { gateway: "nexorouter", method: "POST", path: "/v1/x", stream: true, ..Facts::default() }
}

fn draw(armed: &Armed, body: &str) -> Option<Plan> {
    armed.draw(&[], &facts(), Story::new("POST", "/v1/x", body.as_bytes()), NOW)
}

/// Which of a story's first attempts are hit.
fn hits(rule: &str, attempts: usize) -> Vec<usize> {
    let armed = armed(1, &[rule]);
    (1..=attempts).filter(|_| draw(&armed, "same").is_some()).collect::<Vec<_>>()
}

#[test]
fn counts_are_of_one_story() {
    assert_eq!(hits("429,first=2", 5), [1, 2]);
    assert_eq!(hits("429,nth=2+4", 5), [2, 4]);
    let armed = armed(1, &["429,first=1"]);
    let hit: Vec<bool> = ["a", "b", "a", "b", "c"].map(|body| draw(&armed, body).is_some()).to_vec();
    assert_eq!(hit, [true, true, false, false, true]);
}

#[test]
fn every_counts_all_requests() {
    let armed = armed(1, &["429,every=3"]);
    let hit: Vec<bool> = ["a", "b", "c", "d", "e", "f"].map(|body| draw(&armed, body).is_some()).to_vec();
    assert_eq!(hit, [false, false, true, false, false, true]);
}

#[test]
fn the_first_rule_that_means_a_request_is_taken() {
    let armed = armed(1, &["502,nth=2", "503"]);
    let names: Vec<_> = (0..3).map(|_| draw(&armed, "a").unwrap().name).collect();
    assert_eq!(names, ["503", "502", "503"]);
}

#[test]
fn chance_is_never_at_0_always_at_1_and_fair_between() {
    for (chance, expected) in [("0", 0..=0), ("0%", 0..=0), ("1", 2000..=2000), ("0.3", 520..=680)] {
        let armed = armed(7, &[&format!("429,chance={chance}")]);
        let hit = (0..2000).filter(|n| draw(&armed, &n.to_string()).is_some()).count();
        assert!(expected.contains(&hit), "{chance}: {hit}");
    }
}

#[test]
fn the_same_seed_makes_the_same_plans_in_any_order() {
    let bodies: Vec<String> = (0..200).map(|n| n.to_string()).collect();
    let drawn = |seed, order: &mut dyn Iterator<Item = &String>| {
        let armed = armed(seed, &["429,chance=0.5"]);
        let mut hit: Vec<(String, Option<Plan>)> =
            order.map(|body| (body.clone(), draw(&armed, body))).collect();
        hit.sort_by(|a, b| a.0.cmp(&b.0));
        hit
    };
    let forward = drawn(9, &mut bodies.iter());
    assert_eq!(forward, drawn(9, &mut bodies.iter().rev()));
    assert_ne!(forward, drawn(10, &mut bodies.iter()));
}

#[test]
fn many_threads_draw_what_one_does() {
    let alone = armed(3, &["429,chance=0.5,first=2"]);
    let together = armed(3, &["429,chance=0.5,first=2"]);
    let expected: Vec<bool> = (0..400).map(|n| draw(&alone, &n.to_string()).is_some()).collect();
    let mut found = vec![false; 400];
    std::thread::scope(|scope| {
        for (at, part) in found.chunks_mut(100).enumerate() {
            let together = &together;
            scope.spawn(move || {
                for (n, hit) in part.iter_mut().enumerate() {
                    *hit = draw(together, &(at * 100 + n).to_string()).is_some();
                }
            });
        }
    });
    assert_eq!(found, expected);
}

#[test]
fn a_rule_for_a_time_disarms_itself() {
    let armed = armed(1, &["429,for=2s", "503,first=1"]);
    assert_eq!(armed.list(Micros(1_500_000))[0].left, Some(Micros(500_000)));
    assert!(draw(&armed, "a").is_some());
    let later = Micros(2_000_000);
    assert_eq!(armed.list(later).len(), 1);
    let story = Story::new("POST", "/v1/x", b"b");
    assert_eq!(armed.draw(&[], &facts(), story, later).unwrap().name, "503");
}

#[test]
fn a_limit_counts_each_key_and_begins_anew_every_minute() {
    let armed = armed(1, &["limit,rpm=2"]);
    let asks = |key_id, at: u64| {
        let facts = Facts { key_id, ..facts() };
        let plan = armed.draw(&[], &facts, Story::new("POST", "/", &at.to_be_bytes()), Micros(at)).unwrap();
        plan.is_refusal()
    };
    assert_eq!([asks(1, 0), asks(1, 1), asks(1, 2), asks(2, 3)], [false, false, true, false]);
    assert_eq!([asks(1, 59_999_999), asks(1, 60_000_000)], [true, false]);
    assert_eq!(armed.list(NOW)[0].injected, 2);
}

#[test]
fn what_was_disarmed_is_gone() {
    let armed = armed(1, &["429", "503", "429,first=1"]);
    assert_eq!(armed.disarm("429"), 2);
    assert_eq!(draw(&armed, "a").unwrap().name, "503");
    armed.replace(Vec::new(), NOW);
    assert!(!armed.is_any());
    assert_eq!(draw(&armed, "a"), None);
}
