#!/usr/bin/env bash
# Series without labels grow a channel, labels, or an error on their way through a .ts file.
#
# Files without labels are written with a ":" behind the last channel, in aeon 1.6.0 always and in sktime 1.2.0 where
# there are several channels. Neither reader knows: to sktime an empty channel follows; to aeon, an empty label where it
# wrote the file ("@targetLabel false" leaves its default, class labels, as it is), and no number where sktime wrote it.
# sktime's load_from_tsfile raises for any file without labels; the table below is of load_from_tsfile_to_dataframe.
# Expected: the channels that were written and no labels, as from sktime's files of one channel.
# Lost: a phantom channel of nothing that models are fitted to, labels "" that pass for one class, or the file.
# Seen:
#   file     last line         aeon: channels, labels   sktime: channels, lengths
#   aeon1    2.0,3.0:          (1, ['', ''])            (2, [2, 0])
#   sktime1  2.0,3.0           (1, [])                  (1, [2])
#   aeon2    4.0,5.0:6.0,7.0:  (2, ['', ''])            (3, [2, 2, 0])
#   sktime2  4.0,5.0:6.0,7.0:  ValueError: could not convert string to float: '' (3, [2, 2, 0])
#   sktime's load_from_tsfile:
#     aeon1.ts            AttributeError: 'str' object has no attribute 'astype'
#     sktime1/sktime1.ts  ValueError: not enough values to unpack (expected 2, got 1)
#     aeon2.ts            ValueError: too many values to unpack (expected 2)
#     sktime2/sktime2.ts  ValueError: too many values to unpack (expected 2)

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
from sktime.datasets import load_from_tsfile, load_from_tsfile_to_dataframe, write_panel_to_tsfile

warnings.simplefilter("error")


def aeon(path):
    try:
        X, y = load_from_ts_file(path)
    except ValueError as error:
        return f"{type(error).__name__}: {error}"
    return X.shape[1], y.tolist()


def sktime(path):
    data = load_from_tsfile_to_dataframe(path)
    return data.shape[1], [len(series) for series in data.iloc[0]]


def raised(path):
    try:
        load_from_tsfile(path)
    except (AttributeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


seen, errors = {}, {}
for channels in (1, 2):
    X = np.arange(4.0 * channels).reshape(2, channels, 2)
    save_to_ts_file(X, problem_name=f"aeon{channels}")
    write_panel_to_tsfile(X, ".", problem_name=f"sktime{channels}")
    for path in (f"aeon{channels}.ts", f"sktime{channels}/sktime{channels}.ts"):
        seen[Path(path).stem] = Path(path).read_text().splitlines()[-1], aeon(path), sktime(path)
        errors[path] = raised(path)
print("file     last line         aeon: channels, labels   sktime: channels, lengths")
for name, (line, by_aeon, by_sktime) in seen.items():
    print(f"{name:8} {line:17} {by_aeon!s:24} {by_sktime}")
print("sktime's load_from_tsfile:", *(f"  {path:19} {error}" for path, error in errors.items()), sep="\n")

still(seen["aeon1"][1:] == ((1, ["", ""]), (2, [2, 0])), "of aeon's file aeon makes labels, sktime a second channel")
still(seen["aeon2"][1:] == ((2, ["", ""]), (3, [2, 2, 0])), "and of one with two channels a third")
still("could not convert" in seen["sktime2"][1], "of sktime's file with two channels aeon makes an error")
still(seen["sktime2"][2] == (3, [2, 2, 0]), "and sktime itself a third channel")
still(seen["sktime1"][1:] == ((1, []), (1, [2])), "sktime's file of one channel, with no ':', is read by both as it is")
still(all(errors.values()), "load_from_tsfile reads none of the four")
PYTHON
