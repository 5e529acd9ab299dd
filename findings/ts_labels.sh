#!/usr/bin/env bash
# Classes melt into one, and names of classes change, when a .ts file is written and read again.
#
# aeon 1.6.0 and sktime 1.2.0 read a line of data in lower case, its class label with it, though their writers keep
# case. Both also replace "?", and aeon "nan", the marks of a missing value, wherever they stand, in the label too.
# Expected: the labels that were written, as the header of the file lists them.
# Lost: "A" and "a" become one class; models learn and report names of classes that nobody has: "fiNaNce".
# Seen:
#   written              ['A', 'a', 'Finance', 'why?']
#   in aeon's file       ['A', 'a', 'Finance', 'why?']
#   aeon reads           ['a', 'a', 'fiNaNce', 'whyNaN']
#   sktime reads         ['a', 'a', 'finance', 'whyNaN']
#   aeon's class_values  ['a', 'finance', 'a', 'why?']

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages aeon==1.6.0 sktime==1.2.0 numpy==2.3.5

python - <<'PYTHON'
import warnings
from pathlib import Path

import numpy as np
from aeon.datasets import load_from_ts_file, save_to_ts_file
from finding import still
from sktime.datasets import load_from_tsfile, write_panel_to_tsfile

warnings.simplefilter("error")
X = np.arange(12.0).reshape(4, 1, 3)
written = np.array(["A", "a", "Finance", "why?"])
save_to_ts_file(X, written, label_type="classification", problem_name="aeon")
write_panel_to_tsfile(X, ".", target=written, problem_name="sktime")
in_file = [line.rpartition(":")[2] for line in Path("aeon.ts").read_text().splitlines()[-4:]]

aeon, meta = load_from_ts_file("aeon.ts", return_meta_data=True)[1:]
sktime = load_from_tsfile("sktime/sktime.ts")[1]
print(f"written              {written.tolist()}")
print(f"in aeon's file       {in_file}")
print(f"aeon reads           {aeon.tolist()}")
print(f"sktime reads         {sktime.tolist()}")
print(f"aeon's class_values  {meta['class_values']}")

still(in_file == written.tolist(), "the file holds the labels as they were written")
still(aeon.tolist() == ["a", "a", "fiNaNce", "whyNaN"], "aeon reads others, and three classes for four")
still(sktime.tolist() == ["a", "a", "finance", "whyNaN"], "sktime reads others, and three classes for four")
still("fiNaNce" not in meta["class_values"], "aeon's labels are not among the classes that it names")
PYTHON
