# What the scripts of this folder share. It is sourced, in the root of the repository.
unset VIRTUAL_ENV PYTHONPATH PYTHONHOME GATEWISE_NATIVE

if [[ -z ${GATEWISE_DATA:-} && -d ../shared/data ]]; then
  GATEWISE_DATA=$(cd ../shared/data && pwd)
  export GATEWISE_DATA
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

stage() { printf '\n=== [%d s] %s\n' "$SECONDS" "$*"; }

# native_module yes|no: is the native module of the active environment available, as expected?
native_module() {
  python - "$1" <<'PYTHON'
import sys
from gatewise.kernels import native_status
print(native_status())
sys.exit(native_status().available is not (sys.argv[1] == "yes"))
PYTHON
}

# Runs a command where every compiler that could be asked for fails.
without_compiler() { CC=/bin/false CXX=/bin/false "$@"; }

# The Pythons here from 3.12 on, one of each version, the oldest first: their paths, a line each.
later_pythons() {
  local candidate version
  declare -A seen=()
  for candidate in python python3.{12..19} ~/.pyenv/versions/*/bin/python3; do
    version=$("$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12) or print(sys.version_info.minor))' \
      2>/dev/null) || continue
    [[ -n ${seen[$version]:-} ]] || printf '%s %s\n' "$version" "$(command -v "$candidate")"
    seen[$version]=1
  done | sort -n | cut -d' ' -f2
}
