//! What was chosen holds the next time.

use super::fixture::Recording;
use super::harness::Harness;
use gatetap::tui::kept::Kept;
use gatetap::tui::state::Column;
use gatetap::tui::theme::Theme;
use std::fs;

#[test]
fn the_theme_and_the_columns_are_kept() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state/gatetap/view.toml");
    let mut harness = Harness::new(&Recording::of_samples(), (140, 24));
    assert_eq!(harness.kept, Kept::default());
    harness.keys("TCmethod<enter><esc>Cbytes<enter>");
    harness.kept.write(&file).unwrap();

    let kept = Kept::read(&file);
    assert_eq!(kept, harness.kept);
    assert_eq!(kept.theme_after(Theme::Terminal), Theme::Dark);
    assert_eq!(kept.theme_after(Theme::Plain), Theme::Plain, "NO_COLOR has the last word");
    let columns = kept.columns();
    assert!(columns.has(Column::Size) && !columns.has(Column::Method) && columns.has(Column::Path));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let beside: Vec<_> = fs::read_dir(file.parent().unwrap()).unwrap().collect();
    assert_eq!(beside.len(), 1, "nothing else is left there");
}

#[test]
fn a_file_that_cannot_be_read_is_as_good_as_none() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("view.toml");
    assert_eq!(Kept::read(&file), Kept::default());
    for text in ["theme = 7", "\u{0}\u{1}", "theme = \"dark", &"#".repeat(100_000)] {
        fs::write(&file, text).unwrap();
        assert_eq!(Kept::read(&file), Kept::default(), "{text:.20}");
    }
    fs::write(&file, "theme = \"puce\"\nhide = [\"path\", \"nonsense\"]\nlater = 1\n").unwrap();
    let kept = Kept::read(&file);
    assert_eq!(kept.theme_after(Theme::Light), Theme::Light);
    assert_eq!(kept.columns(), Kept::default().columns(), "the path cannot be hidden");
    // A directory stands in its place.
    assert_eq!(Kept::read(directory.path()), Kept::default());
    Kept::default().write(directory.path()).unwrap_err();
}

#[test]
fn columns_are_shown_and_hidden() {
    let mut harness = Harness::new(&Recording::of_samples(), (140, 24));
    let heading = |harness: &Harness| harness.screen().lines().nth(1).unwrap().to_owned();
    assert!(heading(&harness).contains("method") && !heading(&harness).contains("bytes"));
    harness.keys("Cmethod<enter><esc>Cbytes<enter><esc>");
    assert!(!heading(&harness).contains("method") && heading(&harness).contains("bytes"));
    harness.keys("Cmethod<enter><enter><enter><esc>");
    assert!(heading(&harness).contains("method"));
}
