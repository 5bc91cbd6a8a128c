# shellcheck shell=bash disable=SC2034
# What deploy/run, deploy/test and deploy/bench share: installing what is missing, once, on Debian 12.
# (SC2034: the lists of packages are for those scripts.) Everything here may run again at no cost: a second run finds everything in place and asks no registry.

RAPPORT_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
RAPPORT_VENV=${RAPPORT_VENV:-$RAPPORT_ROOT/.venv}

# The account that PostgreSQL and the services run as when the caller is root.
RAPPORT_ACCOUNT=rapport

# To compile the suite: what Swift itself needs, then the libraries.
BUILD_PACKAGES=(
  binutils ca-certificates git libc6-dev libcurl4 libncurses6 libsqlite3-0 libstdc++-12-dev libxml2
  libnghttp2-dev libpq-dev libprotobuf-c-dev libroaring-dev pkg-config zlib1g-dev
)
# To run its scripts.
SCRIPT_PACKAGES=(python3 python3-venv tzdata util-linux)
# To run it on this machine.
RUN_PACKAGES=(postgresql-15 postgresql-client-15 "${SCRIPT_PACKAGES[@]}")
# To run it in containers.
CONTAINER_PACKAGES=(conmon podman runc uidmap)
# To remake and check the generated code, and to check the scripts.
TEST_PACKAGES=(libfaketime libprotobuf-dev openssl protobuf-c-compiler protobuf-compiler shellcheck)
# What deploy/bench compares with.
PEER_PACKAGES=(
  g++ libgrpc++-dev libprotobuf-dev nghttp2-client nghttp2-proxy protobuf-compiler protobuf-compiler-grpc
  libdb5.3 libicu72 libnsl2
)

# All words for people go to standard error: standard output is the caller's.
say() { printf '%s\n' "$*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "this needs root, and sudo is not installed: run it as root once, or install yourself: $*"
  fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() {
  local package
  for package in "$@"; do is_installed "$package" || printf '%s\n' "$package"; done
}

apt_get() {
  # Another package manager may hold the lock for a while, for one at the machine's start.
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq "$@" >&2
}

# install_packages NAME...: installs those which are missing.
install_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  if [ ${#missing[@]} = 0 ]; then return; fi
  say "Installing ${missing[*]} ..."
  if [[ " ${missing[*]} " == *" postgresql-15 "* ]]; then forbid_main_cluster; fi
  # Debian's lists may be missing (a new container) or too old to fetch from: refreshed only then.
  if apt_get install -y --no-install-recommends "${missing[@]}" 2>/dev/null; then return; fi
  say "Refreshing Debian's package lists ..."
  apt_get update
  apt_get install -y --no-install-recommends "${missing[@]}"
}

# Debian's package makes and starts a cluster of its own, on a port that may be someone's. Ours is private.
forbid_main_cluster() {
  local file=/etc/postgresql-common/createcluster.conf
  install_packages postgresql-common
  if grep -qs '^ *create_main_cluster *= *false' $file; then return; fi
  as_root sed -i '/^#\? *create_main_cluster *=/d' $file
  printf 'create_main_cluster = false\n' | as_root tee -a $file >/dev/null
}

# PostgreSQL refuses to run as root, and services should not.
create_account() {
  if [ "$(id -u)" != 0 ] || id "$RAPPORT_ACCOUNT" >/dev/null 2>&1; then return; fi
  say "Creating the system user $RAPPORT_ACCOUNT ..."
  useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$RAPPORT_ACCOUNT"
}

# The Python packages, in a folder of their own. A stamp tells whether it holds what requirements.txt says.
prepare_venv() {
  local stamp=$RAPPORT_VENV/requirements.txt
  if cmp -s "$RAPPORT_ROOT/deploy/requirements.txt" "$stamp"; then return; fi
  say "Installing the Python packages into $RAPPORT_VENV ..."
  # Debian's Python by its path: a newer one earlier in PATH may have no wheels of these versions.
  /usr/bin/python3 -m venv --clear "$RAPPORT_VENV"
  "$RAPPORT_VENV/bin/pip" install -qq --disable-pip-version-check \
    --requirement "$RAPPORT_ROOT/deploy/requirements.txt" >&2
  cp "$RAPPORT_ROOT/deploy/requirements.txt" "$stamp"
}

# The story's real data: purchases at CDNOW, a file that PyPI's Lifetimes carries. Nothing of it is installed.
fetch_story_data() {
  local file=$RAPPORT_VENV/share/CDNOW_master.txt folder
  if [ -s "$file" ]; then return; fi
  say "Fetching the story's data ..."
  folder=$(mktemp -d)
  "$RAPPORT_VENV/bin/pip" download --quiet --disable-pip-version-check --no-deps --dest "$folder" Lifetimes==0.11.3 >&2
  mkdir -p "$RAPPORT_VENV/share"
  "$RAPPORT_VENV/bin/python" - "$folder" "$file.part" <<'PYTHON'
import pathlib, sys, zipfile
wheel = next(pathlib.Path(sys.argv[1]).glob("*.whl"))
pathlib.Path(sys.argv[2]).write_bytes(zipfile.ZipFile(wheel).read("lifetimes/datasets/CDNOW_master.txt"))
PYTHON
  mv "$file.part" "$file"
  rm -r "$folder"
}

# Unpacks Postfix, for deploy/bench, and prints the folder. It is not installed: that would start a mail server.
fetch_postfix() {
  local folder=$RAPPORT_VENV/share/postfix part
  if [ ! -x "$folder/usr/sbin/smtp-sink" ]; then
    say "Fetching Postfix, for its programs that measure ..."
    part=$(mktemp -d)
    (cd "$part" && { apt-get -qq download postfix >&2 2>/dev/null || { apt_get update && apt-get -qq download postfix >&2; }; })
    dpkg-deb --extract "$part"/postfix_*.deb "$part/root"
    rm -rf "$folder"
    mkdir -p "$folder"
    cp -R "$part/root/." "$folder"
    rm -r "$part"
  fi
  printf '%s\n' "$folder"
}

require_swift() {
  if command -v swift >/dev/null; then return; fi
  fail "Swift is not installed (or not in PATH). Rapport needs Swift 6.3 or newer: get it from" \
    "https://www.swift.org/install/linux/ for Debian 12, then run this again."
}

check_swift_version() {
  local version
  version=$(swift --version 2>/dev/null | grep -o 'Swift version [0-9.]*' | head -1)
  version=${version#Swift version }
  if [ -z "$version" ]; then fail "swift does not run: $(swift --version 2>&1)"; fi
  if ! printf '6.3\n%s\n' "$version" | sort --check=quiet --version-sort; then
    fail "Swift $version is too old: Rapport needs 6.3 or newer, from https://www.swift.org/install/linux/"
  fi
}

# install_all PACKAGES...: everything that one of the scripts needs, with these packages of Debian's.
install_all() {
  require_swift
  install_packages "$@"
  check_swift_version
  create_account
  prepare_venv
  fetch_story_data
}

# The executables of the suite: the services', then the command line.
executables() {
  awk '!/^(#|$)/ { print "rapport-" $1 }' "$RAPPORT_ROOT/deploy/services.txt"
  printf 'rapport\n'
}

# release OPTION...: `swift build` as the doors that measure or run do it.
# Whether accesses to a variable overlap is looked at in debug builds alone, which all tests run: looking at each of ours
# costs a call through the gateway 8 %. Said here and not in Package.swift, it holds for the packages beneath, too.
release() {
  swift build --package-path "$RAPPORT_ROOT" -c release --static-swift-stdlib -Xswiftc -enforce-exclusivity=unchecked "$@"
}

# Builds the suite's executables in release mode, and prints the folder they are in.
build_release() {
  local executable
  say "Building Rapport in release mode (the first time takes some minutes) ..."
  for executable in $(executables); do
    # To standard error: standard output is the caller's.
    release --product "$executable" >&2 || return
  done
  release --show-bin-path
}
