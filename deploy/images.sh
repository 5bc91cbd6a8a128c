# shellcheck shell=bash
# The images of the suite: what deploy/image and deploy/run --containers share. Sourced after lib.sh.

RAPPORT_ENGINE=${RAPPORT_ENGINE:-podman}
export RAPPORT_IMAGE=${RAPPORT_IMAGE:-localhost/rapport} \
  RAPPORT_POSTGRESQL_IMAGE=${RAPPORT_POSTGRESQL_IMAGE:-localhost/rapport-postgresql}
RAPPORT_BASE=${RAPPORT_BASE:-localhost/rapport-base:bookworm}
IMAGE_CONTEXT=$RAPPORT_ROOT/.build/image

require_engine() {
  if [ "$RAPPORT_ENGINE" = podman ]; then
    install_packages "${CONTAINER_PACKAGES[@]}"
  elif ! command -v "$RAPPORT_ENGINE" >/dev/null; then
    fail "$RAPPORT_ENGINE is not installed: install it, or leave RAPPORT_ENGINE unset to have podman."
  fi
  if ! engine info >/dev/null 2>&1; then
    fail "$RAPPORT_ENGINE does not run here: $("$RAPPORT_ENGINE" info 2>&1 | tail -1)"
  fi
}

engine() { "$RAPPORT_ENGINE" "$@"; }

has_image() { engine image inspect "$1" >/dev/null 2>&1; }

# debian_sources: this machine's own sources of Debian 12, each as `deb URI SUITE main`.
debian_sources() {
  # shellcheck disable=SC2016  # apt fills these in.
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    grep -E ' bookworm(-updates|-security)? main$' | sort --unique
}

# Debian's smallest system, from where this machine has its packages: no registry of images is asked.
make_base_image() {
  local folder mirror sources
  if has_image "$RAPPORT_BASE"; then return; fi
  if [ "$RAPPORT_BASE" != localhost/rapport-base:bookworm ]; then return; fi  # The build pulls it.
  install_packages debian-archive-keyring debootstrap gpgv
  sources=$(debian_sources)
  mirror=$(awk '$3 == "bookworm" { print $2; exit }' <<<"$sources")
  if [ -z "$mirror" ]; then
    fail "no source of Debian 12 is in /etc/apt: name an image to stand on, such as --base docker.io/library/debian:12-slim"
  fi
  say "Making the base image of Debian's packages (once; it takes some minutes) ..."
  folder=$(mktemp -d)
  # As apt reaches it.
  http_proxy=$(apt-config dump --format '%v' Acquire::http::Proxy) || true
  as_root env ${http_proxy:+"http_proxy=$http_proxy"} \
    debootstrap --variant=minbase bookworm "$folder/root" "$mirror" >"$folder/log" 2>&1 ||
    fail "debootstrap failed: see $folder/log"
  as_root tee "$folder/root/etc/apt/sources.list" <<<"$sources" >/dev/null
  # Nor does what is installed later bring anything to read.
  printf 'path-exclude /usr/share/%s/*\n' doc locale man |
    as_root tee "$folder/root/etc/dpkg/dpkg.cfg.d/small" >/dev/null
  as_root tar -C "$folder/root" --exclude './var/cache/apt/*' --exclude './var/lib/apt/lists/*' \
    --exclude './usr/share/doc/*' --exclude './usr/share/man/*' --exclude './usr/share/locale/*' -c . |
    engine import - "$RAPPORT_BASE" >&2
  as_root rm -rf --one-file-system "$folder"
}

# build_image TARGET NAME
build_image() {
  local options=(--network host --file "$RAPPORT_ROOT/deploy/Dockerfile" --build-arg "BASE=$RAPPORT_BASE")
  # Podman's own default of open files and processes is more than some machines let anyone have.
  if [ "$RAPPORT_ENGINE" = podman ]; then options+=(--ulimit nofile=16384 --ulimit nproc=4096); fi
  say "Building the image $2 ..."
  engine build "${options[@]}" --target "$1" --tag "$2" "$IMAGE_CONTEXT" >"$IMAGE_CONTEXT.log" 2>&1 && return
  tail -n 20 "$IMAGE_CONTEXT.log" >&2
  fail "the image $2 could not be built: the whole output is in $IMAGE_CONTEXT.log"
}

# build_images FOLDER: from the executables of the folder. What was built before and is the same is not built again.
build_images() {
  mkdir -p "$IMAGE_CONTEXT"
  if [ ! "$IMAGE_CONTEXT/rapport-suite" -nt "$1/rapport-suite" ]; then
    strip -o "$IMAGE_CONTEXT/rapport-suite.part" "$1/rapport-suite"
    mv "$IMAGE_CONTEXT/rapport-suite.part" "$IMAGE_CONTEXT/rapport-suite"
  fi
  # As the command line, for this machine.
  mkdir -p "$IMAGE_CONTEXT/bin"
  ln -sf ../rapport-suite "$IMAGE_CONTEXT/bin/rapport"
  cp "$RAPPORT_ROOT/deploy/services.txt" "$RAPPORT_ROOT/deploy/containers/postgresql-entrypoint" "$IMAGE_CONTEXT"
  make_base_image
  build_image rapport "$RAPPORT_IMAGE"
  build_image postgresql "$RAPPORT_POSTGRESQL_IMAGE"
}

# suite_program: builds all programs in one file, or takes RAPPORT_BINARIES, and prints the folder it is in.
suite_program() {
  if [ -n "${RAPPORT_BINARIES-}" ]; then
    if [ ! -x "$RAPPORT_BINARIES/rapport-suite" ]; then fail "$RAPPORT_BINARIES has no rapport-suite"; fi
    printf '%s\n' "$RAPPORT_BINARIES"
    return
  fi
  say "Building Rapport in release mode (the first time takes some minutes) ..."
  release --product rapport-suite >&2 || return
  release --show-bin-path
}
