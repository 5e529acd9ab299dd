# shellcheck shell=bash
# What every finding sources and none repeats. Not a finding itself.
unset PYTHONPATH PYTHONHOME VIRTUAL_ENV # the caller's packages, gatewise above all, stay out

# packages NAME==VERSION ...: these in an environment of their own, in a temporary folder that becomes the current one
# and goes with the script. Beside them lies finding.py, which turns a library that has changed into one clear line.
packages() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # With 2 a script says that it could not look; 1 is for what has changed.
  cd "$work" || exit 2
  python3 -m venv environment || exit 2
  [[ -z ${NEWEST:-} ]] || set -- "${@%%==*}" # without their versions: has a newer release been mended?
  # shellcheck disable=SC1091
  . environment/bin/activate
  python -m pip install --quiet --quiet --disable-pip-version-check "$@" || {
    echo "COULD NOT RUN: pip cannot install $*" >&2
    exit 2
  }
  cat >finding.py <<'PYTHON'
import platform
import sys
from importlib.metadata import version


def still(holds, claim):
    """Go on where the claim holds; else end the script with it."""
    if not holds:
        sys.exit(f"NO LONGER: {claim}")
    print(f"holds: {claim}")


def changed(kind, error, traceback):
    """A call that used to answer now raises: a change like any other."""
    while traceback.tb_next and traceback.tb_next.tb_frame.f_code.co_filename == "<stdin>":
        traceback = traceback.tb_next
    where = f"line {traceback.tb_lineno} of the Python part"
    print(f"NO LONGER: {where} raises {kind.__name__}: {str(error)[:200]}", file=sys.stderr)


sys.excepthook = changed
if __name__ == "__main__":
    installed = [f"{name} {version(name)}" for name in sys.argv[1:]]
    print(", ".join([*installed, f"Python {platform.python_version()}"]))
PYTHON
  python finding.py "${@%%==*}"
}
