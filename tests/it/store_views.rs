//! The views that people with `sqlite3` and `DuckDB` use, by the queries that the documentation shows.

use crate::support::binary::Launch;
use crate::support::made::{Made, recording};
use gatetap::digest::{Digest, Usage};
use gatetap::exchange::end::Verdict;
use gatetap::exchange::finding::Severity;
use gatetap::exchange::time::Micros;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

/// The statements between the SQL fences of the documentation of a module.
fn documented(module: &str) -> Vec<String> {
    let text = std::fs::read_to_string(format!("{}/{module}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let mut statements = Vec::new();
    let mut inside = false;
    for line in text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim) {
        match line {
            "```sql" => inside = true,
            "```" => inside = false,
            line if inside && !line.is_empty() => statements.push(line.to_owned()),
            _ => {}
        }
    }
    statements
}

#[test]
fn documented_queries_work() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    let digest = Digest {
        model: Some("gpt-4o".to_owned()),
        first_token: Some(Micros(1_500)),
        usage: Usage { total: Some(16), ..Usage::default() },
        ..Digest::default()
    };
    recording(
        &path,
        &[
            Made {
                digest,
                credentials: vec![("f1a2".to_owned(), Some("wxyz".to_owned()))],
                request: b"{\"a\":1}".into(),
                response: b"data: x\n\n".into(),
                ..Made::default()
            },
            Made {
                status: Some(429),
                verdict: Verdict::Refused,
                findings: vec![("auth-a".to_owned(), Severity::Error), ("b".to_owned(), Severity::Info)],
                ..Made::default()
            },
        ],
    );
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let statements = documented("src/store/mod.rs");
    assert!(statements.len() >= 4, "{statements:?}");
    for sql in &statements {
        let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let mut rows = statement.query([]).unwrap();
        assert!(rows.next().unwrap_or_else(|error| panic!("{sql}: {error}")).is_some(), "{sql}");
    }
    let row = |sql: &str| -> Vec<Value> {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        statement.query_row([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap()
    };
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(
        row(
            "SELECT started_at, target, verdict, model, duration_ms, ttft_ms, total_tokens, key_last4, key_fingerprint, \
             findings, request_bytes FROM exchange_list WHERE id = 1"
        ),
        [
            text("2025-03-01T12:00:00.000Z"),
            text("/v1/chat/completions"),
            text("complete"),
            text("gpt-4o"),
            Value::Real(1000.0),
            Value::Real(1.5),
            Value::Integer(16),
            text("wxyz"),
            text("f1a2"),
            Value::Null,
            Value::Integer(7),
        ]
    );
    assert_eq!(row("SELECT findings FROM exchange_list WHERE id = 2"), [text("auth-a,b")]);
    assert_eq!(
        row("SELECT side, bytes, text FROM bodies WHERE exchange_id = 1 ORDER BY side DESC LIMIT 1"),
        [text("response"), Value::Integer(9), text("data: x\n\n")]
    );
    assert_eq!(
        row("SELECT finding, status FROM finding_list LIMIT 1"),
        [text("auth-a"), Value::Integer(429)]
    );
    let mut statement =
        connection.prepare("EXPLAIN QUERY PLAN SELECT text FROM bodies WHERE exchange_id = 1").unwrap();
    let steps = statement.query_map([], |row| row.get::<_, String>("detail")).unwrap();
    let plan: Vec<String> = steps.map(Result::unwrap).collect();
    assert!(plan.iter().any(|step| step.starts_with("SEARCH e USING INTEGER PRIMARY KEY")), "{plan:?}");
    assert!(
        !plan.iter().any(|step| step.starts_with("SCAN e") || step.starts_with("SCAN segments")),
        "{plan:?}"
    );
}

/// The statements that the README asks a recording with. Those for `DuckDB` in SQLite's words.
fn in_the_readme() -> Vec<String> {
    let text = include_str!("../../README.md");
    let quoted = text.split("$ sqlite3 demo.db '").skip(1).map(|rest| rest.split('\'').next().unwrap());
    let blocks = text.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let statements = blocks.flat_map(|block| block.split(';')).filter(|sql| sql.trim().starts_with("SELECT"));
    quoted
        .chain(statements)
        .map(|sql| sql.replace("gatetap.", "").replace("quantile_cont(", "max(").replace(", 0.95)", ")"))
        .collect()
}

#[test]
fn the_queries_of_the_readme_work_on_what_the_demo_leaves() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("demo.db");
    let exit = Launch::gatetap(&["demo", "--db", path.to_str().unwrap()]).run_to_end();
    assert_eq!(exit.code, Some(0), "{exit}");
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let statements = in_the_readme();
    assert_eq!(statements.len(), 3, "{statements:?}");
    for sql in &statements {
        let mut statement = connection.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(statement.exists([]).unwrap(), "{sql}");
    }
    // What it shows of the first is what there is.
    let mut statement = connection.prepare(&statements[0]).unwrap();
    let line = |row: &rusqlite::Row<'_>| {
        Ok(format!("{}|{}\n", row.get::<_, String>("verdict")?, row.get::<_, i64>(1)?))
    };
    let counts: String = statement.query_map([], line).unwrap().map(Result::unwrap).collect();
    assert!(include_str!("../../README.md").contains(&counts), "{counts}");
}

#[test]
fn the_full_text_keeps_no_text() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.db");
    recording(&path, &[Made { prompt: "Xylophone Quartets, please".to_owned(), ..Made::default() }]);
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let stored: Option<String> = connection
        .query_row("SELECT prompt FROM texts WHERE texts MATCH 'quartets'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stored, None);
}
