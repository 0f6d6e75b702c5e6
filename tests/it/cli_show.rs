use crate::cli_recording::{gatetap, record};
use crate::support::binary::Home;

#[test]
fn look() {
    let home = Home::new();
    record(&home);
    for args in [
        vec!["ls"],
        vec!["show", "1"],
        vec!["show", "2"],
        vec!["show", "3"],
        vec!["show", "4"],
        vec!["show", "5"],
        vec!["show", "6"],
        vec!["show", "2", "--json"],
        vec!["ls", "--json"],
        vec!["show", "4", "--events"],
        vec!["show", "2", "--events", "--json"],
    ] {
        println!("=== {args:?}\n{}", gatetap(&home, &args));
    }
}
