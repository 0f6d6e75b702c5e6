//! The help of the commands around a running proxy and its recording: carrying it around, faults, triage, settings.

use crate::cli_help::help;
use insta::assert_snapshot;

#[test]
fn export() {
    assert_snapshot!(help(&["export", "-h"]), @"
    Write exchanges in another format: HAR, curl commands, JSON Lines, streams, a support note, a page

    Usage: gatetap export [OPTIONS] <FORMAT> [FILTER|ID]...

    Arguments:
      <FORMAT>        The format [possible values: har, curl, jsonl, sse, support, html, csv, recording]
      [FILTER|ID]...  Which exchanges, as in `model:gpt-* status>=400`, `12` or `last`; see --help

    Options:
          --db <FILE>      The recording [default: recording.db in your data directory] [env:
                           GATETAP_DB]
      -o, --output <FILE>  The file to write, `-` for stdout [default: -]
          --with-text      With html and support: prompts and answers too
          --plain          With support: plain text in place of Markdown
      -h, --help           Print help (see more with '--help')
    ");
}

#[test]
fn import() {
    assert_snapshot!(help(&["import", "--help"]), @"
    Take exchanges into a recording: JSON Lines of `gatetap export`, a HAR, a capture, or another
    recording

    All of a file is taken in or nothing. Keys are masked as they are when traffic is recorded, verdicts
    are derived anew, and the checks run. Into an empty recording exchanges come with their numbers.

    Usage: gatetap import [OPTIONS] <FILE>

    Arguments:
      <FILE>
              The file

    Options:
          --db <FILE>
              The recording [default: recording.db in your data directory]
              
              [env: GATETAP_DB]

      -h, --help
              Print help (see a summary with '-h')
    ");
}

#[test]
fn faults() {
    assert_snapshot!(help(&["faults", "--help"]), @"
    Inject faults: list them, arm and disarm rules on the running proxy, report how clients took them

    Usage: gatetap faults [OPTIONS]
           gatetap faults <COMMAND>

    Commands:
      list    List what is armed on the running proxy, and every fault there is
      arm     Arm rules on the running proxy, beside those that are armed
      disarm  Disarm rules on the running proxy
      report  Report how clients took the faults of a recording

    Options:
          --json           One JSON object a line
          --url <URL>      Where the running proxy listens [default: the one that runs here, else on
                           7117] [env: GATETAP_URL]
          --token <TOKEN>  The token that it printed, where it can be reached from beyond this machine;
                           of one that runs here it is known [env: GATETAP_TOKEN]
      -h, --help           Print help
    ");
    assert_snapshot!(help(&["faults", "arm", "--help"]), @"
    Arm rules on the running proxy, beside those that are armed

    Usage: gatetap faults arm [OPTIONS] <RULE>...

    Arguments:
      <RULE>...  `NAME[,key=value…]` or `preset:NAME`

    Options:
          --url <URL>      Where the running proxy listens [default: the one that runs here, else on
                           7117] [env: GATETAP_URL]
          --token <TOKEN>  The token that it printed, where it can be reached from beyond this machine;
                           of one that runs here it is known [env: GATETAP_TOKEN]
      -h, --help           Print help
    ");
    assert_snapshot!(help(&["faults", "report", "--help"]), @"
    Report how clients took the faults of a recording

    Usage: gatetap faults report [OPTIONS]

    Options:
          --format <FORMAT>  How it is written: for people, as one JSON object a line, or as XML for CI
                             [default: text] [possible values: text, json, junit]
          --db <FILE>        The recording [default: recording.db in your data directory] [env:
                             GATETAP_DB]
      -h, --help             Print help
    ");
}

#[test]
fn doctor() {
    assert_snapshot!(help(&["doctor", "-h"]), @"
    Find out whether it is the key, the network, the base URL, the model, the gateway or the stream

    Usage: gatetap doctor [OPTIONS]

    Options:
          --gateway <GATEWAY>   The gateway: a name, also of `[gateways]`, a base URL, sim, or
                                sim:GATEWAY [default: the upstream] [env: GATETAP_UPSTREAM]
          --model <MODEL>       The model to ask [default: deepseek-v4-flash, or the first of a list
                                without it]
          --key-env <VARIABLE>  The environment variable that holds the key [default: the gateway's own]
          --no-spend            Ask no model: nothing is spent
          --timeout <TIME>      How long one step may take [default: 20s]
          --ca <FILE>           Believe the roots in this PEM file, too; may be repeated [env:
                                GATETAP_CA]
      -k, --insecure            Do not verify the gateway's certificate
          --json                One JSON object a step, then the conclusion
      -h, --help                Print help (see more with '--help')

    --help says which steps there are, and the exit codes
    ");
}

#[test]
fn config() {
    assert_snapshot!(help(&["config", "init", "--help"]), @"
    Write a gatetap.toml with every key, commented out

    Usage: gatetap config init [FILE]

    Arguments:
      [FILE]  Where to [default: gatetap.toml in the working directory]

    Options:
      -h, --help  Print help
    ");
}

#[test]
fn status_and_stop() {
    assert_snapshot!(help(&["status", "--help"]), @"
    Show the gatetaps that run here: process, address, upstream, recording

    Usage: gatetap status [OPTIONS]

    Options:
          --json  One JSON object a gatetap
      -h, --help  Print help
    ");
    assert_snapshot!(help(&["stop", "--help"]), @"
    Stop a gatetap that runs here, as Ctrl-C does, and wait for its end

    Usage: gatetap stop [OPTIONS] [PID]

    Arguments:
      [PID]  The process, where several run

    Options:
          --all   All of them
      -h, --help  Print help
    ");
}
