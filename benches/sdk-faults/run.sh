#!/bin/sh
# What each SDK makes of each fault, as a table in Markdown on stdout.
#
#   benches/sdk-faults/run.sh [FAULT…]
#
# Needs a built gatetap (GATETAP, default target/debug/gatetap), python3, node, npm and curl. The SDKs are installed
# into a directory that is removed in the end, unless SDK_PYTHON and SDK_NODE name places that have them already.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
gatetap=${GATETAP:-$here/../../target/debug/gatetap}
scratch=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; rm -rf "$scratch"' EXIT
pid=

if [ -z "${SDK_PYTHON:-}" ]; then
  python3 -m venv "$scratch/python"
  "$scratch/python/bin/pip" install --quiet openai anthropic
  SDK_PYTHON=$scratch/python/bin/python
fi
if [ -z "${SDK_NODE:-}" ]; then
  mkdir "$scratch/node"
  (cd "$scratch/node" && npm install --silent --no-fund --no-audit openai @anthropic-ai/sdk ai @ai-sdk/openai-compatible)
  SDK_NODE=$scratch/node
fi
cp "$here/probe.mjs" "$scratch/probe.mjs"
ln -s "$SDK_NODE/node_modules" "$scratch/node_modules"

"$gatetap" run --headless --listen 127.0.0.1:0 --upstream sim --route anthropic=sim:anthropic --seed 7 --db "$scratch/r.db" >"$scratch/out" 2>"$scratch/err" &
pid=$!
until grep -q '^listening on ' "$scratch/out"; do sleep 0.1; done
url=$(sed -n 's/^listening on //p' "$scratch/out")

if [ $# -eq 0 ]; then
  set -- 429,retry_after=1 504,delay=8s 413 \
    net.refused net.reset_before_headers net.hang_before_headers net.reset_midbody,after=3 \
    stream.cut_unterminated,after=3 stream.cut_unterminated_close,after=3 stream.cut_clean,after=3 \
    stream.cut_mid_frame,after=3 stream.cut_before_end stream.no_done stream.stall,after=3 stream.burst \
    stream.split_utf8,size=2 stream.crlf stream.cr_only stream.bom stream.multi_data_lines stream.no_space_after_colon \
    stream.comments stream.bad_json stream.empty_choices_usage stream.json_instead stream.html_instead \
    stream.error_json_200 stream.wrong_ctype stream.gzip stream.http10 stream.finish_length \
    openrouter.stream_error_numeric http.html_502 http.html_200_captive http.redirect_302 http.empty_body_200 \
    http.gzip_corrupt http.retry_after_3600 http.should_not_retry http.proxy_407
fi

echo '| fault | openai-python | openai-node | AI SDK | anthropic-python | anthropic-node | curl |'
echo '|---|---|---|---|---|---|---|'
for fault in "$@"; do
  cells=
  for probe in "python openai" "node openai" "node ai" "python anthropic" "node anthropic"; do
    # shellcheck disable=SC2086
    set -- $probe "$@"
    case $2 in
    anthropic) base=$url/@anthropic ;;
    *) base=$url ;;
    esac
    case $1 in
    python) cell=$(timeout 10 "$SDK_PYTHON" "$here/probe.py" "$2" "$base" "$fault" 2>/dev/null || echo "nothing, for 10 s") ;;
    node) cell=$(timeout 10 node "$scratch/probe.mjs" "$2" "$base" "$fault" 2>/dev/null || echo "nothing, for 10 s") ;;
    esac
    shift 2
    cells="$cells $cell |"
  done
  code=0
  curl -sS -N -m 4 -o "$scratch/body" "$url/v1/chat/completions" -H 'authorization: Bearer test-key-0000' \
    -H "x-gatetap-fault: $fault" -H 'content-type: application/json' \
    -d '{"model":"deepseek-v4-flash","stream":true,"messages":[{"role":"user","content":"hi"}]}' 2>/dev/null || code=$?
  echo "| \`$fault\` |$cells exit $code |"
done
