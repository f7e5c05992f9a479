#!/usr/bin/env bash
# What the action does: run a task, annotate what went wrong, keep the logs; ends with the task's exit code.
# On macOS bash is version 3.2, to which an empty array is no array.
set -uo pipefail

folder=${RUNNER_TEMP:?}/upready-${GITHUB_ACTION:-run}
mkdir -p "$folder"
result=$folder/result.json

# Words may stand on several lines: without -d, the first line alone is read.
read -r -d '' -a call <<<"${UPREADY_COMMAND:?}"
read -r -d '' -a more <<<"${UPREADY_ARGUMENTS:-}"

# What is built and run may print what looks like a workflow command; meanwhile none is heard.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$token"
"${call[@]}" "${UPREADY_TASK:?}" --json ${more[@]+"${more[@]}"} >"$result"
code=$?
"${call[@]}" logs --tail all --output "$folder/logs.txt" || echo "there are no logs"
echo "::$token::"

{
  echo "exit-code=$code"
  echo "result=$result"
  echo "folder=$folder"
} >>"${GITHUB_OUTPUT:?}"

if ((code != 0)); then
  "${call[@]}" annotate "$result" || echo "::error title=upready::$UPREADY_TASK ended with exit code $code"
fi
exit "$code"
