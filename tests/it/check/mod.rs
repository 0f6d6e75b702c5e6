//! The checks: each fires where it should and is quiet at a near miss, alone and among the others.

mod agreement;
mod captures;
mod catalogue;
mod docs;
mod property;
mod sdk_readings;
pub mod support;
mod taken;

use gatetap::check::{ALL, Engine, Pattern, Settings};
use insta::assert_snapshot;
use std::fmt::Write as _;
use support::{Story, rendered, reviewed, stories};

/// An engine with this check only.
fn alone(id: &str) -> Engine {
    Engine::new(Settings { select: vec![Pattern::parse(id).unwrap()], ..Settings::default() })
}

#[test]
fn every_check_fires_and_is_quiet_at_a_near_miss() {
    for check in ALL {
        let (mut fires, mut quiet) = (0, 0);
        for Story { name, captures } in stories(check.id) {
            let found: usize =
                reviewed(alone(check.id), &captures).iter().map(|one| one.findings.len()).sum();
            match name.split(['-', '.']).next() {
                Some("fires") => {
                    fires += 1;
                    assert!(found > 0, "{}/{name} finds nothing", check.id);
                }
                Some("quiet") => {
                    quiet += 1;
                    assert_eq!(found, 0, "{}/{name} finds something", check.id);
                }
                _ => panic!("{}/{name} is named neither fires nor quiet", check.id),
            }
        }
        assert!(fires > 0 && quiet > 0, "{} has {fires} fixtures that fire and {quiet} quiet ones", check.id);
    }
}

#[test]
fn what_a_check_finds_does_not_depend_on_the_others() {
    for check in ALL {
        for Story { name, captures } in stories(check.id) {
            let own = reviewed(alone(check.id), &captures);
            let all = reviewed(Engine::default(), &captures);
            for (own, mut all) in own.into_iter().zip(all) {
                all.findings.retain(|finding| finding.check == check.id);
                assert_eq!(own.findings, all.findings, "{}/{name}", check.id);
            }
        }
    }
}

#[test]
fn findings_say_what_where_why_and_what_to_do() {
    for check in ALL {
        let mut text = String::new();
        for Story { name, captures } in stories(check.id) {
            writeln!(text, "{name}").unwrap();
            text.push_str(&rendered(&reviewed(Engine::default(), &captures)));
        }
        assert_snapshot!(check.id, text);
    }
}
