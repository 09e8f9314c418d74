# Sourced after setup.sh and server.sh by the scripts of scripts/experiments: a server whose database stays. So an experiment
# goes on where it was stopped, and shows finished jobs again.

# The database of the experiments. The answers that they keep lie beside it.
experiments_database=${INFLUENCED_EXPERIMENTS:-${XDG_STATE_HOME:-$HOME/.local/state}/influenced/experiments.sqlite}

# open_experiments ARGUMENT…: reads the arguments, builds and starts the server; or uses the one at INFLUENCED_URL.
open_experiments() {
  local argument
  for argument in "$@"; do
    case $argument in
      -h | --help) print_help && exit ;;
      *) misuse "unknown argument $argument." ;;
    esac
  done
  if [ -n "${INFLUENCED_URL:-}" ]; then
    url=${INFLUENCED_URL%/}
    make_work_folder
    [ -z "${INFLUENCED_TOKEN:-}" ] || request_headers+=(--header "Authorization: Bearer $INFLUENCED_TOKEN")
    curl -s -f -o "$work/ready" "$url/readyz" || fail "no service answers at $url."
    return
  fi
  data_directory=${INFLUENCED_DATA_DIRECTORY:-$repository/data}
  database=$experiments_database
  mkdir -p "$(dirname "$database")" || fail "cannot make the folder of $database."
  build_server
  [ -d "$data_directory" ] || data_directory=$repository
  start_server --data-directory "$data_directory"
  say "Results are kept in $database"
}

# needs_data NAME: ends the script where a real data set is not there.
needs_data() {
  [ -z "${INFLUENCED_URL:-}" ] || return 0
  [ -d "$data_directory/$1" ] || fail "$1 is not in $data_directory. Run this line, then this script again:
    scripts/fetch-data $1"
}

# has PATH: whether the service has it.
has() { curl -s -f -o "$work/found" ${request_headers[@]+"${request_headers[@]}"} "$url$1"; }

# dataset NAME SOURCE: makes a data set, unless it is there.
dataset() {
  has "/v1/datasets/$1" && return
  request POST /v1/datasets "{\"name\": \"$1\", \"source\": $2}"
  # If reading takes long, the answer is a job.
  [ -z "$(answer /kind '')" ] || follow "$(answer /id)" "read $1"
}

# model NAME MEMBERS: makes and trains a model, unless it is there and trained; MEMBERS are those of the body after the name.
model() {
  local body="{\"name\": \"$1\", $2}" own made key age=''
  own=$(key_of "$body")
  made=$(made_results_folder made)/model-$1
  if has "/v1/models/$1"; then
    # A note on a model of this name at another service, or on one that was deleted since, has another age.
    [ ! -f "$made" ] || read -r key age <"$made" || true
    [ "$age" != "$(age_of_model "$1")" ] || [ "$key" = "$own" ] ||
      fail "the model $1 was made by an earlier text of this script. Delete it at the service, or take another database."
    request GET "/v1/jobs?model=$1&kind=train&limit=1"
    case $(answer /items/0/state '') in
      queued | running)
        follow "$(answer /items/0/id)" "train $1"
        return
        ;;
    esac
    request GET "/v1/models/$1"
    [ -z "$(answer /checkpoint/id '')" ] || return 0
    # Its training failed or was cancelled.
    request DELETE "/v1/models/$1"
  fi
  request POST /v1/models "$body"
  printf '%s %s\n' "$own" "$(age_of_model "$1")" >"$made"
  [ -z "$(answer /kind '')" ] || follow "$(answer /id)" "train $1"
}

# job TITLE BODY: runs a job, unless it ran already; its last state is the last answer, `$work/answer.json` its JSON, and `ran`
# says whether it ran only now.
job() {
  local key attempt=1 note known=''
  # A model that was made anew has jobs of its own.
  key=$(key_of "$2$(age_of_model "$(sed -n 's/.*"model": *"\([^"]*\)".*/\1/p' <<<"$2" | head -n 1)")")
  # The service knows a key for a day, and its jobs for as long as they are kept.
  note=$(made_results_folder made)/job-$key
  [ ! -f "$note" ] || known=$(<"$note")
  if [ -n "$known" ] && has "/v1/jobs/$known"; then
    request GET "/v1/jobs/$known"
  else
    # One that was deleted is made anew, by a key that is not that of the deleted one.
    [ -z "$known" ] || key=$(key_of "$key$known")
    request POST /v1/jobs "$2" "experiment-$key"
  fi
  # One that failed or was cancelled is made anew.
  while has_failed; do
    attempt=$((attempt + 1))
    request POST /v1/jobs "$2" "experiment-$key-$attempt"
  done
  answer /id >"$note"
  ran=true
  [ "$(answer /state)" != succeeded ] || ran=false
  follow "$(answer /id)" "$1"
}

# has_failed: whether the job of the last answer failed or was cancelled.
has_failed() { [[ $(answer /state) == failed || $(answer /state) == cancelled ]]; }

# age_of_model NAME: when it was made; nothing where there is none of that name.
age_of_model() {
  [ -n "$1" ] && has "/v1/models/$1" || return 0
  awk -f "$library/flatten-json.awk" "$work/found" | awk -F '\t' '$1 == "/created_at" { print $2 }'
}

# first_trained MODEL: its oldest trained checkpoint.
first_trained() {
  request GET "/v1/models/$1/checkpoints?limit=500"
  awk -F '\t' '$1 ~ /^\/items\/[0-9]+\/id$/ { id = $2 } $1 ~ /^\/items\/[0-9]+\/kind$/ && $2 == "trained" { first = id } END { print first }' \
    "$work/answer"
}

# The same for the same text.
key_of() { printf '%s' "$1" | sha256sum | cut -c 1-32; }

# table_of_job: the last job's result as the service shows it to people.
table_of_job() {
  curl -sS -f -H 'Accept: text/plain' ${request_headers[@]+"${request_headers[@]}"} "$url/v1/jobs/$(answer /id)/result" || fail 'the result cannot be read.'
}

# correlations: of the last `validate` job, and how far its solves and trainings got.
correlations() {
  awk -F '\t' '
    $1 ~ /^\/result\/tests\/[0-9]+\/(index|loss|pearson|spearman)$/ { split($1, part, "/"); row[part[4], part[5]] = $2; if (part[4] + 1 > n) n = part[4] + 1 }
    $1 == "/result/solves/relative_residual" { residual = $2 }
    $1 == "/result/retraining/gradient_norm" { norm = $2 }
    END {
      for (i = 0; i < n; i++) printf "    test sample %s, loss %.3f: Pearson %.4f, Spearman %.4f\n", row[i, "index"], row[i, "loss"], row[i, "pearson"], row[i, "spearman"]
      printf "    largest relative residual of a solve %.1e, largest gradient norm after a training %.1e\n", residual, norm
    }' "$work/answer"
}

# The folder of the answers that pictures are drawn from: beside the database, or INFLUENCED_RESULTS.
results_folder() { printf '%s\n' "${INFLUENCED_RESULTS:-$(dirname "$experiments_database")/results}"; }

# made_results_folder [PART]: the same, or a folder in it, made where it is not there yet. `made` has notes of which jobs and
# models were made.
made_results_folder() {
  local folder
  folder=$(results_folder)${1:+/$1}
  mkdir -p "$folder" || fail "cannot make the folder $folder."
  printf '%s\n' "$folder"
}

# keep NAME: keeps the last answer, a job with its result, as NAME.json; `figures` draws of these.
keep() {
  local folder
  folder=$(made_results_folder)
  cp "$work/answer.json" "$folder/$1.json.part"
  mv "$folder/$1.json.part" "$folder/$1.json"
}

# keep_artifact NAME FILE: keeps an array of the last answer's job as FILE.
keep_artifact() {
  local folder
  folder=$(made_results_folder)
  fetch_file "/v1/jobs/$(answer /id)/artifacts/$1" "$folder/$2"
}

# keep_weights CHECKPOINT FILE: keeps a checkpoint's weights.
keep_weights() {
  local folder
  folder=$(made_results_folder)
  fetch_file "/v1/checkpoints/$1/weights" "$folder/$2"
}

# fetch_file PATH FILE: what the service has at PATH.
fetch_file() {
  curl -sS -f -o "$2.part" ${request_headers[@]+"${request_headers[@]}"} "$url$1" || fail "$1 cannot be read."
  mv "$2.part" "$2"
}

# copy_weights FROM TO: gives a model that has only its initial weights the latest ones of another.
copy_weights() {
  local checkpoint
  request GET "/v1/models/$2"
  [ "$(answer /checkpoint/kind)" = initial ] || return 0
  request GET "/v1/models/$1"
  checkpoint=$(answer /checkpoint/id)
  fetch_file "/v1/checkpoints/$checkpoint/weights" "$work/weights"
  curl -sS -f -o "$work/uploaded" -X PUT ${request_headers[@]+"${request_headers[@]}"} \
    -H 'Content-Type: application/octet-stream' --data-binary "@$work/weights" "$url/v1/models/$2/weights" ||
    fail "the weights of $1 cannot be given to $2."
}

# needs_python: ends the script where there is no Python.
needs_python() {
  python=${PYTHON:-python3}
  command -v "$python" >/dev/null || fail "there is no $python. Install Python 3, or set PYTHON to it."
}

# with_python PROGRAM ARGUMENT…: runs a Python program of the library.
with_python() {
  local program=$1
  shift
  PYTHONDONTWRITEBYTECODE=1 "$python" "$library/$program" "$@" || fail "$program could not finish: see above."
}
