#!/bin/sh
# Tests the built module as the gateway runs it. Each line is one request and what must come of it.
set -eu
cd "$(dirname "$0")"

try() { "${SALLYPORT:-sallyport}" wasm run {{name}}.wasm --quiet --conf red,blue "$@"; }

try -H 'X-Team: red' --expect status=200 --expect upstream=asked
try -H 'X-Team: grey' --expect status=401 --expect upstream=none --expect 'body=who are you?' --expect 'log=refused: x-team'
try --expect status=401

if try --conf '' 2>/dev/null; then
  echo "a configuration that is wrong was accepted" >&2
  exit 1
fi
echo "{{name}}.wasm does what test.sh expects"
