# Sourced after setup.sh and server.sh by the checks against PyTorch.

# Options of the temporary server.
server_options=()

# check_with_pytorch PROGRAM ARGUMENT…: runs a Python program of this folder. It is given the address of a server, a temporary one
# unless `--url` names another, and the names among the arguments.
check_with_pytorch() {
  local program=$1 given='' names=() python=${PYTHON:-python3}
  shift
  while [ $# -gt 0 ]; do
    case $1 in
      --url)
        [ $# -ge 2 ] || misuse '--url needs a value.'
        given=${2%/}
        shift
        ;;
      -h | --help) print_help && exit ;;
      -*) misuse "unknown option $1." ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  command -v "$python" >/dev/null || fail "there is no $python. Set PYTHON to a Python 3 that has torch, safetensors and numpy."
  "$python" -c 'import torch, safetensors.torch, numpy' 2>/dev/null ||
    fail "$python lacks torch, safetensors or numpy. Run this line, then this script again (or set PYTHON):
    $python -m pip install torch safetensors numpy"
  if [ -z "$given" ]; then
    build_server
    start_server --data-directory "$repository" ${server_options[@]+"${server_options[@]}"}
    given=$url
  fi
  PYTHONDONTWRITEBYTECODE=1 "$python" "$library/$program" "$given" ${names[@]+"${names[@]}"} ||
    fail 'PyTorch and the service differ, or the check could not run: see above.'
}
