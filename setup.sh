#!/usr/bin/env bash
# Makes the virtual environment that everything here runs in. Quick when there is nothing left to do.
#
#   bash setup.sh            .venv with requirements.txt: swap, train, export
#   bash setup.sh dev        … and requirements-dev.txt: tests, linter, type checker
#   bash setup.sh gpu        … and requirements-gpu.txt; likewise any requirements-<name>.txt, several at once
#   bash setup.sh synthetic  … and requirements-synthetic.txt (without its dependencies): synthetic faces
#   bash setup.sh legacy     .venv-legacy with requirements-legacy.txt, which only tests/legacy uses
#
# PYTHON=/path/to/python3 chooses the interpreter. Needs no root, except perhaps for Debian's missing python3-venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

fail() { echo "error: $*" >&2; exit 2; }

# choose_python MINIMUM MAXIMUM: the first interpreter with a version from 3.MINIMUM to 3.MAXIMUM. Candidates are run,
# not only looked up: a version manager's shim may be on the PATH for a version that it does not have.
choose_python() {
  local minimum=$1 maximum=$2 candidate
  for candidate in ${PYTHON:-python3 python3.12 python3.11 python3.13 python3.10 python}; do
    if "$candidate" -c "import sys, ssl, venv; sys.exit(not (3, $minimum) <= sys.version_info[:2] <= (3, $maximum))" \
      2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  return 1
}

# pip for an environment whose Python came without it: the system's own pip, or Debian's pip package unpacked in a
# temporary folder, for which no root is needed.
lend_pip() {
  local python=$1 folder wheel
  if /usr/bin/python3 -m pip --python "$python" install --quiet pip 2>/dev/null; then return; fi
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  folder=$(mktemp -d)
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  local apt=(apt-get -qq -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=)
  (cd "$folder" && "${apt[@]}" update && "${apt[@]}" download python3-pip-whl && dpkg-deb -x ./*.deb .) >/dev/null 2>&1 || true
  wheel=$(find "$folder" -name 'pip-*.whl' | head -n 1)
  [ -z "$wheel" ] || "$python" "$wheel/pip" install --quiet pip || wheel=""
  rm -rf "$folder"
  [ -n "$wheel" ]
}

# make_environment FOLDER PYTHON: a virtual environment with a working pip.
make_environment() {
  local folder=$1 python=$2 version
  echo "making $folder with $python"
  rm -rf "$folder"
  mkdir "$folder" && : >"$folder/made-in" # ours from now on, and finished where the path stands in it
  if "$python" -c 'from ensurepip import bootstrap' 2>/dev/null; then
    "$python" -m venv "$folder"
    return
  fi
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  local package="python$version-venv"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $package, which Debian keeps apart from Python"
    (apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y "$package") >/dev/null 2>&1 || true
    if "$python" -c 'from ensurepip import bootstrap' 2>/dev/null; then
      "$python" -m venv "$folder"
      return
    fi
  fi
  "$python" -m venv --without-pip "$folder"
  lend_pip "$folder/bin/python" || {
    rm -rf "$folder"
    fail "this Python cannot make virtual environments; run 'sudo apt-get install -y $package' and start again."
  }
}

# install FOLDER MINIMUM MAXIMUM FILE…: the requirement files into the environment, unless they are there already.
install() {
  local folder=$1 minimum=$2 maximum=$3 file python stamp arguments=() without_dependencies=()
  shift 3
  for file in "$@"; do
    [ -f "$file" ] || fail "there is no $file; 'bash setup.sh' alone installs what swapping and training need."
    if [ "$file" = requirements-synthetic.txt ]; then  # the file says why
      without_dependencies=(--no-deps -r "$file")
    else
      arguments+=(-r "$file")
    fi
  done
  # The path belongs to it: a moved or copied environment does not work. So do all files: a pin may have changed.
  stamp="$PWD $(cat "$@" setup.sh | cksum)"
  local done_file="$folder/installed-$(echo "$@" | tr -c 'a-z\n' -)"
  if [ "$(cat "$done_file" 2>/dev/null)" = "$stamp" ] && "$folder/bin/python" -c '' 2>/dev/null; then
    echo "$folder is ready"
    return
  fi
  if [ -e "$folder" ] && [ ! -f "$folder/made-in" ] && [ -n "$(ls -A "$folder")" ]; then
    fail "$PWD/$folder was not made by setup.sh, which would replace it: rename or remove it first."
  fi
  if ! grep -qsxF "$PWD" "$folder/made-in" || ! "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
    python=$(choose_python "$minimum" "$maximum") ||
      fail "no Python 3.$minimum to 3.$maximum was found${PYTHON:+ at PYTHON=$PYTHON}; install one (Debian, Ubuntu: sudo apt-get install -y python3) or name one: PYTHON=/path/to/python3 bash setup.sh"
    make_environment "$folder" "$python"
    echo "$PWD" >"$folder/made-in"
  fi
  echo "installing $* into $folder (a download of up to 1 GB, some minutes)"
  local progress=--progress-bar=on
  [ -t 1 ] || progress=--quiet
  "$folder/bin/python" -m pip install "$progress" --disable-pip-version-check "${arguments[@]}"
  if [ ${#without_dependencies[@]} -gt 0 ]; then
    "$folder/bin/python" -m pip install "$progress" --disable-pip-version-check "${without_dependencies[@]}"
  fi
  if [ "$folder" = .venv ]; then mend_opencv; fi
  echo "$stamp" >"$done_file"
  echo "$folder is ready"
}

# opencv-python draws windows and therefore needs libGL, which servers and containers lack; the headless build of the
# same version is the same module without windows. insightface asks for opencv-python by name, so it goes over it.
mend_opencv() {
  if .venv/bin/python -c 'import cv2' 2>/dev/null; then return; fi
  local version
  version=$(sed -n 's/^opencv-python==\([0-9.]*\).*/\1/p' requirements.txt)
  echo "libGL is missing here: taking the headless build of OpenCV $version"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps \
    "opencv-python-headless==$version"
  .venv/bin/python -c 'import cv2' || fail "OpenCV cannot be imported, for the reason above."
}

if [ "${1:-}" = legacy ]; then
  [ $# = 1 ] || fail "legacy is an environment of its own: bash setup.sh legacy"
  install .venv-legacy 9 11 requirements-legacy.txt
else
  files=(requirements.txt)
  for part in "$@"; do files+=("requirements-$part.txt"); done
  install .venv 11 13 "${files[@]}"
fi
