//! The help of every command.

use crate::cli_recording::gatetap;
use crate::support::binary::Home;
use insta::assert_snapshot;

/// What the help says.
pub fn help(args: &[&str]) -> String {
    let exit = gatetap(&Home::new(), args);
    assert_eq!((exit.code, exit.stderr.as_str()), (Some(0), ""), "{exit}");
    exit.stdout
}

#[test]
fn gatetap_itself() {
    assert_snapshot!(help(&["--help"]), @r"
    See what your app really sends to an LLM gateway, and what comes back

    gatetap passes every byte on between an app and its gateway, records both sides and says what is
    wrong. Point the app's base URL at `http://localhost:7117/v1`. Without a command it does what
    `gatetap run` does.

    Usage: gatetap [COMMAND] [OPTIONS]

    Commands:
      run          Proxy, record and watch [default command]
      status       Show the gatetaps that run here: process, address, upstream, recording
      stop         Stop a gatetap that runs here, as Ctrl-C does, and wait for its end
      demo         Show the whole thing against the simulator: no key, no network
      exec         Run a command with its base URLs set, record what it sends, and exit with its code
      env          Print what points a shell's programs at a running gatetap
      sim          Serve an offline gateway: no key, no network, answers that take their time
      replay       Play a recording back as a gateway, or send a recorded request again
      ls           List exchanges in the order of starting, the newest last
      show         Show an exchange: who asked what, how it ended and why, heads, bodies, events
      diff         Compare two exchanges: requests by path, headers, answers word by word, times
      export       Write exchanges in another format: HAR, curl commands, JSON Lines, streams, a support
                   note, a page
      import       Take exchanges into a recording: JSON Lines of `gatetap export`, a HAR, a capture, or
                   another recording
      search       Search prompts and answers, best match first
      check        Check a recording: what is wrong, where, why, and what to do
      explain      Explain a check, a verdict, an error code, a status or a fault; without a name, list
                   what there is
      doctor       Find out whether it is the key, the network, the base URL, the model, the gateway or
                   the stream
      prune        Take old exchanges out of a recording and give their space back
      tui          Open a recording in the live view, also while another process writes it
      ca           Show the local CA and how apps are told to trust it; installs nothing
      config       Show every setting and where it comes from: a flag, a variable, a line of
                   gatetap.toml, or the default
      faults       Inject faults: list them, arm and disarm rules on the running proxy, report how
                   clients took them
      completions  Print what makes a shell complete gatetap's commands, flags and exchanges
      man          Print a manual page, or write all of them into a directory

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version

    Exit codes:
      0  fine
      1  findings, or a mismatch
      2  wrong usage or settings
      3  could not start, or the recording is not whole
      4  the gateway cannot be reached
    ");
    assert_eq!(help(&["--version"]), format!("gatetap {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn run() {
    assert_snapshot!(help(&["run", "--help"]), @"
    Proxy, record and watch [default command]

    Usage: gatetap run [OPTIONS]

    Options:
          --listen <ADDRESS>        Where to listen: ADDRESS:PORT, or a PORT on both loopback addresses;
                                    may be repeated [default: 7117] [env: GATETAP_LISTEN]
          --upstream <UPSTREAM>     Where requests go: nexorouter, openrouter, openai, anthropic, a name
                                    of `[gateways]`, sim, sim:GATEWAY, replay:FILE, or a base URL
                                    [default: nexorouter] [env: GATETAP_UPSTREAM]
          --route <NAME=URL>        Another gateway, reached under `/@NAME/`; may be repeated [env:
                                    GATETAP_ROUTE]
          --db <FILE>               The recording [default: recording.db in your data directory] [env:
                                    GATETAP_DB]
          --headless[=<BOOL>]       No live view: print the address on stdout, and record [env:
                                    GATETAP_HEADLESS] [possible values: true, false]
      -k, --insecure[=<BOOL>]       Do not verify the gateway's certificate [env: GATETAP_INSECURE]
                                    [possible values: true, false]
          --allow-remote[=<BOOL>]   Let --listen name an address beyond this machine; whoever reaches it
                                    can use this proxy [env: GATETAP_ALLOW_REMOTE] [possible values:
                                    true, false]
          --tls[=<BOOL>]            Let apps speak TLS to the same port, with a certificate of the local
                                    CA: see `gatetap ca` [default: true] [env: GATETAP_TLS] [possible
                                    values: true, false]
          --intercept <HOST>        Open tunnels (CONNECT) to this host, such as `*.openai.com`, and to
                                    the gateways; may be repeated [env: GATETAP_INTERCEPT]
          --ca <FILE>               Believe the roots in this PEM file, too, on the gateway side; may be
                                    repeated [env: GATETAP_CA]
          --client-cert <FILE>      The certificate for a gateway that asks for one, with its chain, in
                                    PEM [env: GATETAP_CLIENT_CERT]
          --client-key <FILE>       Its key [default: in the same file] [env: GATETAP_CLIENT_KEY]
          --connect-timeout <TIME>  How long a connection to a gateway may take to be made [default:
                                    10s] [env: GATETAP_CONNECT_TIMEOUT]
          --seed <NUMBER>           The seed of everything random [default: a new one, which is printed]
                                    [env: GATETAP_SEED]
          --fault <RULE>            Inject a fault: `NAME[,key=value…]` or `preset:NAME`, or several
                                    with blanks in between; see `gatetap faults list`; may be repeated
                                    [env: GATETAP_FAULT]
          --faults <FILE>           Inject the faults of a TOML file's `[[faults]]`; may be repeated
                                    [env: GATETAP_FAULTS]
          --idle-exit <TIME>        Without a live view: stop when no app has been connected for this
                                    long, as in 10m [env: GATETAP_IDLE_EXIT]
          --max-body <SIZE>         How much of a body is kept, as in 500MB: of a longer one its
                                    beginning and its end [default: 64MiB] [env: GATETAP_MAX_BODY]
          --redact-bodies[=<BOOL>]  Keep no text of prompts and answers, only their structure and their
                                    lengths [env: GATETAP_REDACT_BODIES] [possible values: true, false]
      -h, --help                    Print help

    Simulator:
          --speed <FACTOR>              How many times faster than life the simulator or a replay
                                        answers; `max` never waits [default: 1] [env: GATETAP_SIM_SPEED]
          --first-token <TIME>          The time to the first token, such as 400ms [default: the model's
                                        own] [env: GATETAP_SIM_FIRST_TOKEN]
          --tokens-per-second <NUMBER>  How many tokens a second [default: the model's own] [env:
                                        GATETAP_SIM_TOKENS_PER_SECOND]
          --jitter <SHARE>              How far gaps between tokens are from their average, from 0 to 1;
                                        then without pauses [env: GATETAP_SIM_JITTER]
          --scenario <FILE>             Answer as this file scripts [env: GATETAP_SIM_SCENARIO]
          --captures <PATH>             Answer with a capture, or those of a folder, as their requests
                                        fit [env: GATETAP_SIM_CAPTURES]

    Replay:
          --match <HOW>         What a recorded request must agree in: strict, body, last-message,
                                model-only or path [default: body] [env: GATETAP_REPLAY_MATCH]
          --volatile <POINTER>  A member that is left out before bodies are compared, beside user,
                                metadata, seed and their like; may be repeated [env:
                                GATETAP_REPLAY_VOLATILE]
          --filter <FILTER>     Only these recorded exchanges answer, as in `model:gpt-* -is:error`
                                [env: GATETAP_REPLAY_FILTER]
          --session <SESSION>   Only those of this session answer: its number, or `last` [env:
                                GATETAP_REPLAY_SESSION]
          --on-miss <STATUS>    The status where nothing recorded fits [default: 502] [env:
                                GATETAP_REPLAY_ON_MISS]
          --strict[=<WHAT>]     Exit with 1 at the end if a request was missed; `--strict=unused` also
                                if a recorded exchange was not used [env: GATETAP_REPLAY_STRICT]
          --fresh[=<BOOL>]      Give answers new ids and times of creation, of the same length [env:
                                GATETAP_REPLAY_FRESH] [possible values: true, false]
          --mode <MODE>         What is recorded, as in VCR: none; once (everything, if nothing is
                                recorded yet); new-episodes (what nothing recorded answers); all
                                (everything, anew) [default: none] [env: GATETAP_REPLAY_MODE]
          --forward <UPSTREAM>  Where --mode sends what it records [default: the gateway of what is
                                recorded, else nexorouter] [env: GATETAP_REPLAY_FORWARD]

    Log:
          --log <FILTER>     Log from this level on: error, warn, info, debug; or a level for each of
                             connection, exchange, faults, listener, recorder, replay, as in
                             `warn,exchange=info` [env: GATETAP_LOG]
      -v, --verbose...       As --log info; twice as --log debug
          --log-file <FILE>  Log to the end of this file, and not on stderr [env: GATETAP_LOG_FILE]

    Checks:
          --select <CHECK>                 Only these checks: ids or patterns, as in `auth-*`; may be
                                           repeated [env: GATETAP_CHECK_SELECT]
          --ignore <CHECK>                 Not these checks; may be repeated [env: GATETAP_CHECK_IGNORE]
          --severity <CHECK=SEVERITY>      How bad the findings of a check are: error, warning or info,
                                           as in `auth-missing=info`; may be repeated [env:
                                           GATETAP_CHECK_SEVERITY]
          --threshold <CHECK.NAME=NUMBER>  What a check compares with, as its page names it:
                                           `stream-stall.warn_s=5`; may be repeated [env:
                                           GATETAP_CHECK_THRESHOLD]
    ");
}

/// Its other flags are those of `run`, but for what ends a gatetap that has no command.
#[test]
fn exec() {
    let help = help(&["exec", "--help"]);
    assert!(help.contains("[default: a free port]"), "{help}");
    assert!(!help.contains("--headless") && !help.contains("--idle-exit"), "{help}");
    let end = help.find("      --check").map(|at| &help[at..]);
    assert_snapshot!(end.unwrap_or_default(), @"
          --check[=<SEVERITY>]      Exit with 1 if the command succeeds and there is a finding of this
                                    severity, or a worse one
      -h, --help                    Print help

    Simulator:
          --speed <FACTOR>              How many times faster than life the simulator or a replay
                                        answers; `max` never waits [default: 1] [env: GATETAP_SIM_SPEED]
          --first-token <TIME>          The time to the first token, such as 400ms [default: the model's
                                        own] [env: GATETAP_SIM_FIRST_TOKEN]
          --tokens-per-second <NUMBER>  How many tokens a second [default: the model's own] [env:
                                        GATETAP_SIM_TOKENS_PER_SECOND]
          --jitter <SHARE>              How far gaps between tokens are from their average, from 0 to 1;
                                        then without pauses [env: GATETAP_SIM_JITTER]
          --scenario <FILE>             Answer as this file scripts [env: GATETAP_SIM_SCENARIO]
          --captures <PATH>             Answer with a capture, or those of a folder, as their requests
                                        fit [env: GATETAP_SIM_CAPTURES]

    Replay:
          --match <HOW>         What a recorded request must agree in: strict, body, last-message,
                                model-only or path [default: body] [env: GATETAP_REPLAY_MATCH]
          --volatile <POINTER>  A member that is left out before bodies are compared, beside user,
                                metadata, seed and their like; may be repeated [env:
                                GATETAP_REPLAY_VOLATILE]
          --filter <FILTER>     Only these recorded exchanges answer, as in `model:gpt-* -is:error`
                                [env: GATETAP_REPLAY_FILTER]
          --session <SESSION>   Only those of this session answer: its number, or `last` [env:
                                GATETAP_REPLAY_SESSION]
          --on-miss <STATUS>    The status where nothing recorded fits [default: 502] [env:
                                GATETAP_REPLAY_ON_MISS]
          --strict[=<WHAT>]     Exit with 1 at the end if a request was missed; `--strict=unused` also
                                if a recorded exchange was not used [env: GATETAP_REPLAY_STRICT]
          --fresh[=<BOOL>]      Give answers new ids and times of creation, of the same length [env:
                                GATETAP_REPLAY_FRESH] [possible values: true, false]
          --mode <MODE>         What is recorded, as in VCR: none; once (everything, if nothing is
                                recorded yet); new-episodes (what nothing recorded answers); all
                                (everything, anew) [default: none] [env: GATETAP_REPLAY_MODE]
          --forward <UPSTREAM>  Where --mode sends what it records [default: the gateway of what is
                                recorded, else nexorouter] [env: GATETAP_REPLAY_FORWARD]

    Log:
          --log <FILTER>     Log from this level on: error, warn, info, debug; or a level for each of
                             connection, exchange, faults, listener, recorder, replay, as in
                             `warn,exchange=info` [env: GATETAP_LOG]
      -v, --verbose...       As --log info; twice as --log debug
          --log-file <FILE>  Log to the end of this file, and not on stderr [env: GATETAP_LOG_FILE]

    Checks:
          --select <CHECK>                 Only these checks: ids or patterns, as in `auth-*`; may be
                                           repeated [env: GATETAP_CHECK_SELECT]
          --ignore <CHECK>                 Not these checks; may be repeated [env: GATETAP_CHECK_IGNORE]
          --severity <CHECK=SEVERITY>      How bad the findings of a check are: error, warning or info,
                                           as in `auth-missing=info`; may be repeated [env:
                                           GATETAP_CHECK_SEVERITY]
          --threshold <CHECK.NAME=NUMBER>  What a check compares with, as its page names it:
                                           `stream-stall.warn_s=5`; may be repeated [env:
                                           GATETAP_CHECK_THRESHOLD]

    The command sees OPENAI_BASE_URL, ANTHROPIC_BASE_URL and their like pointing at a free port. A value
    that such a variable has already becomes the upstream, unless --upstream says another. With
    --intercept it also sees HTTPS_PROXY and the variables that make runtimes trust the local CA.
    ");
}

#[test]
fn env() {
    assert_snapshot!(help(&["env", "--help"]), @r#"
    Print what points a shell's programs at a running gatetap

    Usage: gatetap env [OPTIONS]

    Options:
          --shell <SHELL>     The shell to write for [default: that of $SHELL] [possible values: bash,
                              zsh, fish, powershell]
          --listen <ADDRESS>  Where gatetap listens: ADDRESS:PORT, or a PORT [default: the one that runs
                              here, else 7117] [env: GATETAP_LISTEN]
          --intercept         Also the variables of proxies and CAs, for tunnels that are opened
      -h, --help              Print help

    In each shell:
      bash, zsh    eval "$(gatetap env)"
      fish         gatetap env --shell fish | source
      PowerShell   gatetap env --shell powershell | Out-String | Invoke-Expression
    "#);
}

#[test]
fn demo() {
    assert_snapshot!(help(&["demo", "--help"]), @"
    Show the whole thing against the simulator: no key, no network

    Usage: gatetap demo [OPTIONS]

    Options:
          --listen <ADDRESS>        Where to listen: ADDRESS:PORT, or a PORT on both loopback addresses
                                    [default: a free port] [env: GATETAP_LISTEN]
          --db <FILE>               Keep the recording in this file [default: one that is removed at the
                                    end]
          --seed <NUMBER>           The seed of texts and times [default: 7] [env: GATETAP_SEED]
          --headless                No live view: print each exchange as it ends, then a summary
          --max-body <SIZE>         How much of a body is kept, as in 500MB: of a longer one its
                                    beginning and its end [default: 64MiB] [env: GATETAP_MAX_BODY]
          --redact-bodies[=<BOOL>]  Keep no text of prompts and answers, only their structure and their
                                    lengths [env: GATETAP_REDACT_BODIES] [possible values: true, false]
      -h, --help                    Print help
    ");
}

#[test]
fn ls() {
    assert_snapshot!(help(&["ls", "--help"]), @r#"
    List exchanges in the order of starting, the newest last

    Usage: gatetap ls [OPTIONS] [FILTER]...

    Arguments:
      [FILTER]...
              Which exchanges, as in `model:gpt-* status>=400`; see --help

    Options:
          --db <FILE>
              The recording [default: recording.db in your data directory]
              
              [env: GATETAP_DB]

          --json
              One JSON object a line

          --tail
              Then follow: list exchanges as they end, until Ctrl-C

          --limit <N>
              At most this many, the newest [default: all; 10 with --tail]

          --session <ID>
              Only those of one session: its number, or `last`

          --tunnels
              Instead, the tunnels that passed unopened, and TLS connections that apps broke off

      -h, --help
              Print help (see a summary with '-h')

    Filters:
      status:429  status>=400  status:5xx      ttft>1s  duration>2s  tokens>1000
      model:gpt-*  path:/v1/chat*  gateway:openrouter  code:rate_limit_exceeded  finish:length
      verdict:incomplete    open, complete, refused, error-inside, incomplete, cut-by-gateway,
                            cut-by-app, failed, lost
      is:error              streaming, error, injected, replayed, open, cancelled
      finding:auth-*  severity:error  key:ab12  since:10m  session:last
      words, "a phrase" and beg* search prompts and answers
      A space is AND; also OR, -term or NOT term, and brackets.
    "#);
}

#[test]
fn show() {
    assert_snapshot!(help(&["show", "--help"]), @"
    Show an exchange: who asked what, how it ended and why, heads, bodies, events

    Usage: gatetap show [OPTIONS] <ID>...

    Arguments:
      <ID>...  Its number, `last`, `-N` for the Nth from the end, or a range such as `3-7`

    Options:
          --db <FILE>    The recording [default: recording.db in your data directory] [env: GATETAP_DB]
          --json         One JSON object a line
          --events       Only the events of the stream, one a line
          --body <SIDE>  Only the bytes of one body, as they passed [possible values: request, response,
                         origin]
          --decoded      With --body: after undoing its content codings
          --as <SDK>     What that SDK would have made of the answer: what it gives the app, and how it
                         ends [possible values: openai-python, openai-node, anthropic, ai-sdk]
      -h, --help         Print help
    ");
}

#[test]
fn diff() {
    assert_snapshot!(help(&["diff", "--help"]), @r"
    Compare two exchanges: requests by path, headers, answers word by word, times

    Exits with 1 where they differ in anything that counts: what was asked, how it ended, what the model
    said. Times, dates, ids and token counts are shown and do not count.

    Usage: gatetap diff [OPTIONS] <A> <B>

    Arguments:
      <A>
              The first: its number, `last`, or `-N` for the Nth from the end

      <B>
              The second

    Options:
          --db <FILE>
              The recording [default: recording.db in your data directory]
              
              [env: GATETAP_DB]

          --json
              One JSON object

      -h, --help
              Print help (see a summary with '-h')
    ");
}

#[test]
fn check() {
    assert_snapshot!(help(&["check", "--help"]), @r#"
    Check a recording: what is wrong, where, why, and what to do

    The checks run again over what is recorded, with the settings of `gatetap.toml`. Exits with 1 where
    something is found that --fail-on names.

    Usage: gatetap check [OPTIONS] [FILTER]...

    Arguments:
      [FILTER]...
              Which exchanges, as in `model:gpt-* status>=400`; see --help

    Options:
          --db <FILE>
              The recording [default: recording.db in your data directory]
              
              [env: GATETAP_DB]

          --fail-on <SEVERITY>
              Exit with 1 at a finding as bad as this, or worse
              
              [env: GATETAP_CHECK_FAIL_ON]
              [default: error]
              [possible values: error, warning, info, never]

          --format <FORMAT>
              The form of the report

              Possible values:
              - text:   For people: by check, the worst first, with the first examples
              - json:   One object a line for each finding
              - github: Workflow commands of GitHub Actions, one a check
              - sarif:  SARIF 2.1.0
              - junit:  XML of test reports (junit), a suite a session
              
              [env: GATETAP_CHECK_FORMAT]
              [default: text]

          --json
              One JSON object a line, as --format json

          --explain
              With each check that found something, its page

      -o, --output <FILE>
              The file to write, `-` for stdout; only its owner may read it
              
              [default: -]

      -h, --help
              Print help (see a summary with '-h')

    Checks:
          --select <CHECK>
              Only these checks: ids or patterns, as in `auth-*`; may be repeated
              
              [env: GATETAP_CHECK_SELECT]

          --ignore <CHECK>
              Not these checks; may be repeated
              
              [env: GATETAP_CHECK_IGNORE]

          --severity <CHECK=SEVERITY>
              How bad the findings of a check are: error, warning or info, as in `auth-missing=info`;
              may be repeated
              
              [env: GATETAP_CHECK_SEVERITY]

          --threshold <CHECK.NAME=NUMBER>
              What a check compares with, as its page names it: `stream-stall.warn_s=5`; may be repeated
              
              [env: GATETAP_CHECK_THRESHOLD]

    Filters:
      status:429  status>=400  status:5xx      ttft>1s  duration>2s  tokens>1000
      model:gpt-*  path:/v1/chat*  gateway:openrouter  code:rate_limit_exceeded  finish:length
      verdict:incomplete    open, complete, refused, error-inside, incomplete, cut-by-gateway,
                            cut-by-app, failed, lost
      is:error              streaming, error, injected, replayed, open, cancelled
      finding:auth-*  severity:error  key:ab12  since:10m  session:last
      words, "a phrase" and beg* search prompts and answers
      A space is AND; also OR, -term or NOT term, and brackets.
    "#);
}

#[test]
fn explain() {
    assert_snapshot!(help(&["explain", "--help"]), @"
    Explain a check, a verdict, an error code, a status or a fault; without a name, list what there is

    On a terminal the page is laid out for its width; elsewhere it is Markdown.

    Usage: gatetap explain [OPTIONS] [NAME]

    Arguments:
      [NAME]
              The id of a check, a verdict, an error's code, a status, a fault, or a token of
              `x-gatetap-error`

    Options:
          --json
              One JSON object a line

      -h, --help
              Print help (see a summary with '-h')
    ");
}

#[test]
fn tui() {
    assert_snapshot!(help(&["tui", "--help"]), @"
    Open a recording in the live view, also while another process writes it

    Usage: gatetap tui [OPTIONS]

    Options:
          --db <FILE>  The recording [default: recording.db in your data directory] [env: GATETAP_DB]
      -h, --help       Print help
    ");
}

#[test]
fn sim() {
    assert_snapshot!(help(&["sim", "--help"]), @"
    Serve an offline gateway: no key, no network, answers that take their time

    Usage: gatetap sim [OPTIONS]

    Options:
          --listen <ADDRESS>       Where to listen: ADDRESS:PORT, or a PORT on 127.0.0.1; port 0 picks a
                                   free one [env: GATETAP_SIM_LISTEN] [default: 127.0.0.1:7118]
          --allow-remote[=<BOOL>]  Let --listen name an address beyond this machine; whoever reaches it
                                   can use this simulator [env: GATETAP_SIM_ALLOW_REMOTE] [possible
                                   values: true, false]
          --profile <NAME>         The gateway to answer like: nexorouter, openrouter, openai or
                                   anthropic [env: GATETAP_SIM_PROFILE] [default: nexorouter]
          --seed <NUMBER>          What texts, times and ids are drawn from [default: a new one, which
                                   is printed] [env: GATETAP_SIM_SEED]
      -h, --help                   Print help

    Simulator:
          --speed <FACTOR>              How many times faster than life the simulator or a replay
                                        answers; `max` never waits [default: 1] [env: GATETAP_SIM_SPEED]
          --first-token <TIME>          The time to the first token, such as 400ms [default: the model's
                                        own] [env: GATETAP_SIM_FIRST_TOKEN]
          --tokens-per-second <NUMBER>  How many tokens a second [default: the model's own] [env:
                                        GATETAP_SIM_TOKENS_PER_SECOND]
          --jitter <SHARE>              How far gaps between tokens are from their average, from 0 to 1;
                                        then without pauses [env: GATETAP_SIM_JITTER]
          --scenario <FILE>             Answer as this file scripts [env: GATETAP_SIM_SCENARIO]
          --captures <PATH>             Answer with a capture, or those of a folder, as their requests
                                        fit [env: GATETAP_SIM_CAPTURES]
    ");
}
