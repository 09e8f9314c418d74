# Sourced after setup.sh: a server of one's own for the length of a script, and requests to it.
# `start_server` sets `url` and `work`, a temporary folder; both are gone when the script ends.

library=$repository/scripts/lib
url=''
work=''
server_process=''
# Header fields that every request has besides.
request_headers=()

make_work_folder() {
  [ -n "$work" ] || work=$(mktemp -d "${TMPDIR:-/tmp}/influenced.XXXXXX") ||
    fail 'cannot make a temporary folder.'
}

clean_up() {
  local status=$?
  trap - EXIT
  trap '' INT TERM HUP
  if [ -n "$server_process" ] && kill -TERM "$server_process" 2>/dev/null; then
    local tries=0
    while kill -0 "$server_process" 2>/dev/null && [ $((tries += 1)) -le 100 ]; do sleep 0.1; done
    if kill -KILL "$server_process" 2>/dev/null; then
      printf '%s: the server did not stop within 10 s of SIGTERM and was killed.\n' "$script_name" >&2
      [ "$status" -ne 0 ] || status=1
    fi
    wait "$server_process" 2>/dev/null || true
  fi
  [ -z "$work" ] || rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# start_server [FLAG…]: on a free port of 127.0.0.1, with a database of its own unless `database` names one.
# Options in the environment of whoever calls the script must not change what it does, so none is handed on.
start_server() {
  local name unset=()
  make_work_folder
  for name in $(compgen -e INFLUENCED_ || true); do unset+=(-u "$name"); done
  # On a busy machine the server may not have made it when it is first looked at.
  : >"$work/server.log"
  env ${unset[@]+"${unset[@]}"} "$server_program" serve --host 127.0.0.1 --port 0 \
    --database "${database:-$work/demo.sqlite}" "$@" >"$work/server.log" 2>&1 </dev/null &
  server_process=$!
  local tries=0
  while [ $((tries += 1)) -le 200 ]; do
    url=$(sed -n 's|.*\(http://127\.0\.0\.1:[0-9][0-9]*\).*|\1|p' "$work/server.log" | head -n 1)
    if [ -n "$url" ] && curl -s -f -o "$work/ready" "$url/readyz"; then return; fi
    kill -0 "$server_process" 2>/dev/null || break
    sleep 0.1
  done
  sed 's/^/    /' "$work/server.log" >&2
  fail 'the server did not start: its last words are above.'
}

# request METHOD PATH [BODY [KEY]]: the answer's JSON becomes lines of pointer and value in `$work/answer`. A KEY makes a
# repeated request answer what the first one made.
request() {
  local method=$1 path=$2 status body=()
  [ $# -lt 3 ] || body=(--header 'Content-Type: application/json' --data "$3")
  [ $# -lt 4 ] || body+=(--header "Idempotency-Key: $4")
  status=$(curl -sS -o "$work/answer.json" -w '%{http_code}' -X "$method" ${request_headers[@]+"${request_headers[@]}"} \
    ${body[@]+"${body[@]}"} "$url$path") || {
    # Of another's server there is no log.
    [ ! -f "$work/server.log" ] || tail -n 5 "$work/server.log" | sed 's/^/    /' >&2
    fail "no answer to $method $path: is the server still there?"
  }
  awk -f "$library/flatten-json.awk" "$work/answer.json" >"$work/answer"
  [ "$status" -lt 400 ] && return
  awk -F '\t' '$1 ~ /^\/(detail|title)$|^\/errors\// { print "    " substr($1, 2) ": " $2 }' "$work/answer" >&2
  fail "$method $path was answered with $status."
}

# answer POINTER [DEFAULT]: a value of the last answer; ends the script where there is none and no default.
answer() {
  awk -F '\t' -v pointer="$1" '$1 == pointer { sub(/^[^\t]*\t/, ""); print; found = 1; exit } END { exit !found }' \
    "$work/answer" && return
  [ $# -ge 2 ] || fail "the answer has no $1."
  printf '%s\n' "$2"
}

# follow JOB TITLE: shows the job's progress until it ends; its last state is the last answer.
follow() {
  local job=$1 title=$2 state line last='' shown=0 now
  while :; do
    request GET "/v1/jobs/$job?wait=1"
    state=$(answer /state)
    case $state in
      succeeded | failed | cancelled) break ;;
    esac
    line=$(awk -F '\t' '
      $1 == "/progress/fraction" { share = sprintf("%3.0f %%", 100 * $2) }
      $1 == "/progress/phase" && $2 != "null" { phase = $2 }
      $1 == "/progress/detail" && $2 != "null" { detail = $2 }
      END { if (phase != "") print share "  " phase (detail == "" ? "" : ", " detail) }' "$work/answer")
    now=$SECONDS
    if [ -t 1 ]; then
      printf '\r\033[K  %-34s %s' "$title" "${line:-$state}"
    elif [ "${line:-$state}" != "$last" ] && [ $((now - shown)) -ge 3 ]; then
      printf '  %-34s %s\n' "$title" "${line:-$state}"
      last=${line:-$state} shown=$now
    fi
  done
  [ ! -t 1 ] || printf '\r\033[K'
  if [ "$state" != succeeded ]; then
    awk -F '\t' '$1 ~ /^\/error\// { print "    " substr($1, 8) ": " $2 }' "$work/answer" >&2
    fail "$title: the job $state."
  fi
  printf '  %-34s done in %.1f s\n' "$title" "$(answer /result/seconds/total)"
}
