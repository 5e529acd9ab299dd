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
