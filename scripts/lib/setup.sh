# Sourced by the scripts: the repository, sentences on failure, and what a build needs.
# Expects bash with `set -euo pipefail`.

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
script_name=$(basename "$0")

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s: %s\n' "$script_name" "$*" >&2
  exit 1
}

misuse() {
  printf '%s: %s Try %s --help.\n' "$script_name" "$*" "$0" >&2
  exit 2
}

# The comment block at the head of a script is its help.
print_help() { awk 'NR == 1 { next } /^#/ { sub(/^# ?/, ""); print; next } { exit }' "$0"; }

# Debian packages of what is missing on this machine, one a line.
missing_packages() {
  command -v curl >/dev/null || echo curl
  # The examples of the guide, which the tests post.
  command -v jq >/dev/null || echo jq
  if ! command -v pkg-config >/dev/null; then
    # Without it nobody can say where the libraries are.
    printf '%s\n' pkg-config libopenblas-dev libsqlite3-dev
    return
  fi
  pkg-config --exists openblas || echo libopenblas-dev
  pkg-config --exists sqlite3 || echo libsqlite3-dev
}

# Installs what a build and the scripts need, where that is allowed; else says the one line to run.
install_missing() {
  local packages as_root=()
  mapfile -t packages < <(missing_packages)
  [ ${#packages[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null ||
    fail "not installed: ${packages[*]} (names as in Debian). Install them with this system's packager and run this again."
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      fail "not installed: ${packages[*]}. Run this line, then this script again:
    sudo apt-get update && sudo apt-get install -y ${packages[*]}"
    fi
    as_root=(sudo -n)
  fi
  say "Installing ${packages[*]}"
  local log
  log=$(mktemp)
  if ! { ${as_root[@]+"${as_root[@]}"} apt-get update &&
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y --no-install-recommends "${packages[@]}"; } >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    rm -f "$log"
    fail "could not install ${packages[*]}: see above. Is this machine offline?"
  fi
  rm -f "$log"
}

# Finds a Swift 6.2 toolchain (on the path, or where swiftly puts it) and puts it on the path.
find_swift() {
  local place version
  if ! command -v swift >/dev/null; then
    for place in "${SWIFTLY_BIN_DIR:-$HOME/.local/share/swiftly/bin}" "$HOME/.swiftly/bin" /usr/local/swift/usr/bin; do
      if [ -x "$place/swift" ]; then
        PATH=$place:$PATH
        break
      fi
    done
  fi
  command -v swift >/dev/null ||
    fail 'there is no swift on the path. Install Swift 6.2 or newer (https://www.swift.org/install/linux) and run this again.'
  version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
  # 6.2 brings a C compiler that can embed files.
  local major=${version%%.*} minor=${version#*.}
  [ "$((${major:-0} * 100 + ${minor%%.*}))" -ge 602 ] 2>/dev/null ||
    fail "the swift on the path is version ${version:-unknown}; Swift 6.2 or newer is needed (https://www.swift.org/install/linux)."
}

# Everything before a build.
set_up() {
  install_missing
  find_swift
}

# Builds the server in release mode and sets `server_program`.
build_server() {
  set_up
  say 'Building the server (release)'
  swift build --package-path "$repository" -c release --product influenced ||
    fail 'the build failed: see above.'
  server_program=$(swift build --package-path "$repository" -c release --show-bin-path)/influenced
}
