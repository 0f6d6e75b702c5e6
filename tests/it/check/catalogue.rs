//! The list of checks and their pages.

use gatetap::check::ALL;
use std::collections::BTreeSet;
use std::path::Path;

const HEADINGS: [&str; 4] = ["## What it looks for", "## Why it matters", "## Example", "## What to do"];

#[test]
fn ids_are_unique_and_in_kebab_case() {
    let mut seen = BTreeSet::new();
    for check in ALL {
        assert!(seen.insert(check.id), "{} is there twice", check.id);
        let is_kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(check.id.chars().all(is_kebab), "{}", check.id);
    }
}

#[test]
fn every_page_has_its_parts_in_order() {
    for check in ALL {
        let headings: Vec<&str> =
            check.doc.lines().map(str::trim).filter(|line| line.starts_with("## ")).collect();
        assert_eq!(headings, HEADINGS, "{}", check.id);
        assert!(!check.summary.ends_with('.'), "{}: a summary is no sentence", check.id);
        for threshold in check.thresholds {
            assert!(!threshold.about.is_empty(), "{}", check.id);
        }
    }
}

#[test]
fn every_file_of_a_check_is_in_the_list_and_named_after_its_id() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/check");
    let mut on_disk = BTreeSet::new();
    for family in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if !family.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&family).unwrap().map(|entry| entry.unwrap().path()) {
            let text = std::fs::read_to_string(&file).unwrap();
            if !text.contains("check! {") {
                continue;
            }
            let name = format!(
                "{}-{}",
                family.file_name().unwrap().to_str().unwrap(),
                file.file_stem().unwrap().to_str().unwrap().replace('_', "-")
            );
            assert!(text.contains(&format!("id: \"{name}\"")), "{} holds another id", file.display());
            on_disk.insert(name);
        }
    }
    let listed: BTreeSet<String> = ALL.iter().map(|check| check.id.to_owned()).collect();
    assert_eq!(on_disk, listed);
}

#[test]
fn every_folder_of_fixtures_belongs_to_a_check() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/checks");
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(ALL.iter().any(|check| check.id == name), "{name}");
    }
}
