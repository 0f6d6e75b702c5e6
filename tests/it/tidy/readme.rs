//! The README's table of commands says what the help says.

use super::{File, Violation};

/// A command, what is said of it, and the line where it stands.
#[derive(Debug, PartialEq, Eq)]
struct Command {
    name: String,
    description: String,
    line: usize,
}

/// The table under `## Commands`, whose first column is `` `gatetap NAME …` ``, has a row for every command
/// of `gatetap --help` with the same description, and no other rows.
pub fn commands(readme: &File, help: &str) -> Vec<Violation> {
    let (heading, rows) = table(&readme.text);
    let helped = help_list(help);
    let mut violations = Vec::new();
    if helped.is_empty() {
        violations.push(Violation::new(&readme.path, heading, "gatetap --help lists no commands"));
    }
    if rows.is_empty() {
        let sentence = "there is no table of commands under `## Commands`";
        violations.push(Violation::new(&readme.path, heading, sentence));
    }
    for row in &rows {
        let name = &row.name;
        let sentence = match helped.iter().find(|command| command.name == *name) {
            None => format!("`gatetap --help` does not list `{name}`"),
            Some(command) if command.description != row.description => {
                format!("`{name}` is described otherwise in the help: {}", command.description)
            }
            Some(_) if rows.iter().any(|other| other.name == *name && other.line < row.line) => {
                format!("`{name}` has two rows")
            }
            Some(_) => continue,
        };
        violations.push(Violation::new(&readme.path, row.line, sentence));
    }
    for command in helped.iter().filter(|command| !rows.iter().any(|row| row.name == command.name)) {
        let sentence = format!("`{}` of the help has no row", command.name);
        violations.push(Violation::new(&readme.path, heading, sentence));
    }
    violations
}

/// The line of the heading, and the rows of the table under it.
fn table(readme: &str) -> (usize, Vec<Command>) {
    let numbered = || readme.lines().enumerate().map(|(index, line)| (index + 1, line));
    let Some((heading, _)) = numbered().find(|(_, line)| line.trim_end() == "## Commands") else {
        return (1, Vec::new());
    };
    let section = numbered().skip(heading).take_while(|(_, line)| !line.starts_with("## "));
    let rows = section.filter_map(|(number, line)| {
        let cells = line.trim().strip_prefix('|')?.strip_suffix('|')?.replace("\\|", "\u{1}");
        let mut cells = cells.split('|').map(|cell| cell.trim().replace('\u{1}', "|"));
        let usage = cells.next()?;
        let usage = usage.strip_prefix("`gatetap")?;
        let usage = usage.split('`').next()?;
        let name = usage.split_whitespace().next()?.trim_matches(['[', ']']);
        Some(Command { name: name.to_owned(), description: cells.next()?.replace('`', ""), line: number })
    });
    (heading, rows.collect())
}

/// The commands of a clap help text, without `help` itself. A description that is wrapped is put together.
fn help_list(help: &str) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let list = help.lines().enumerate().skip_while(|(_, line)| *line != "Commands:").skip(1);
    for (index, line) in list.take_while(|(_, line)| !line.is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim();
        if indent > 2 {
            if let Some(last) = commands.last_mut() {
                let space = if last.description.is_empty() { "" } else { " " };
                last.description = format!("{}{space}{text}", last.description);
            }
            continue;
        }
        let (name, description) = text.split_once(' ').unwrap_or((text, ""));
        commands.push(Command {
            name: name.to_owned(),
            description: description.trim().to_owned(),
            line: index + 1,
        });
    }
    commands.retain(|command| command.name != "help");
    for command in &mut commands {
        command.description = command.description.replace('`', "");
    }
    commands
}

/// What clap prints.
const HELP: &str = "A proxy\n\nUsage: gatetap [COMMAND]\n\nCommands:\n  run   Run the proxy, the recorder\n        \
    and the view\n  ls    List exchanges\n  help  Print this message\n\nOptions:\n  -h, --help  Print help\n";

#[test]
fn a_table_that_says_the_same_is_fine() {
    let readme = "# gatetap\n\n## Commands\n\n| command | what |\n|---|---|\n\
        | `gatetap [run]` | Run the proxy, the recorder and the view |\n| `gatetap ls [FILTER\\|x]` | List exchanges |\n\n## More\n";
    assert_eq!(commands(&File::sample("README.md", readme), HELP), []);
}

#[test]
fn every_difference_is_found() {
    let run = "| `gatetap run` | Run the proxy, the recorder and the view |";
    let ls = "| `gatetap ls` | List exchanges |";
    for (table, expected) in [
        (vec![run, ls], vec![]),
        (vec![run], vec!["README.md:1: `ls` of the help has no row"]),
        (
            vec![run, "| `gatetap ls` | List |"],
            vec!["README.md:3: `ls` is described otherwise in the help: List exchanges"],
        ),
        (vec![run, ls, ls], vec!["README.md:4: `ls` has two rows"]),
        (vec![run, ls, "| `gatetap fly` | Fly |"], vec!["README.md:4: `gatetap --help` does not list `fly`"]),
    ] {
        let readme = format!("## Commands\n{}\n", table.join("\n"));
        let found = commands(&File::sample("README.md", &readme), HELP);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(found, expected, "{table:?}");
    }
}

#[test]
fn a_missing_table_and_a_missing_list_are_found() {
    let found = commands(&File::sample("README.md", "# gatetap\n"), "");
    assert_eq!(found.len(), 2, "{found:?}");
}
