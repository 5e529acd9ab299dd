#!/usr/bin/env bash
# Series with time stamps lose their minus signs and exponents.
#
# aeon 1.6.0: load_from_ts_file of a .ts file with "@timestamps true" picks the values out of "(0,-1.5),(1,2.5e-05)" by
# the pattern \d+\.\d+, to which a sign, an exponent and a number without a point are nothing.
# Expected: the values as they stand there, as sktime (1.2.0) reads them.
# Lost: every sign, and every power of ten; whole numbers go altogether. Nothing warns, and where each value has a
# point, the shape is right.
# Seen:
#   in the file          [[-1.5, 2.5e-05, 3.25], [1.5, -2.5e-05, -3.25]]
#   aeon                 [[1.5, 2.5, 3.25], [1.5, 2.5, 3.25]]
#   aeon, no stamps      [[-1.5, 2.5e-05, 3.25], [1.5, -2.5e-05, -3.25]]
#   sktime               [[-1.5, 2.5e-05, 3.25], [1.5, -2.5e-05, -3.25]]
#   aeon, 4 for 1.5      [[2.5, 3.25], [2.5, 3.25]]

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages aeon==1.6.0 sktime==1.2.0 numpy==2.3.5

cat >swings.ts <<'TS'
@problemName swings
@timestamps true
@missing false
@univariate true
@equalLength true
@seriesLength 3
@classLabel true up down
@data
(0,-1.5),(1,2.5e-05),(2,3.25):up
(0,1.5),(1,-2.5e-05),(2,-3.25):down
TS
# The same without the stamps: here aeon reads what stands there.
sed -e '/^(/s/([0-9],//g' -e '/:/s/)//g' -e 's/@timestamps true/@timestamps false/' swings.ts >plain.ts
# And with whole numbers among the values.
sed 's/1\.5)/4)/' swings.ts >whole.ts

python - <<'PYTHON'
import warnings

from aeon.datasets import load_from_ts_file
from finding import still
from sktime.datasets import load_from_tsfile

warnings.simplefilter("error")
truth = [[-1.5, 2.5e-05, 3.25], [1.5, -2.5e-05, -3.25]]
with_stamps = load_from_ts_file("swings.ts")[0][:, 0].tolist()
without = load_from_ts_file("plain.ts")[0][:, 0].tolist()
whole = load_from_ts_file("whole.ts")[0][:, 0].tolist()
sktime = [series.tolist() for series in load_from_tsfile("swings.ts")[0]["dim_0"]]
print(f"in the file          {truth}")
print(f"aeon                 {with_stamps}")
print(f"aeon, no stamps      {without}")
print(f"sktime               {sktime}")
print(f"aeon, 4 for 1.5      {whole}")

still(with_stamps == [[1.5, 2.5, 3.25]] * 2, "aeon drops signs and exponents, and makes both classes one series")
still(len(whole[0]) == 2, "aeon drops whole numbers")
still(without == truth and sktime == truth, "it reads them where there are no stamps, and sktime reads them")
PYTHON
