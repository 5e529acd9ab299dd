#!/usr/bin/env bash
# Series stored by their ids come back under other ids, and two of them as one.
#
# pyarrow 26.0.1, also under pandas 3.1.1, and polars 2.1.0: in a Parquet folder partitioned by a column of text ("one
# folder for each unique_id") the values become folder names, and readers make numbers of those that look like numbers.
# Expected: text, as from a single file. The pandas metadata in each file of the folder even say that it was text.
# Lost: leading zeros, so that a join with any other table finds nothing, and "7" and "007" are one series; the column
# is of text again, and right, as soon as one id has a letter. pandas, which makes categories of it, refuses to read its
# own folder if two ids became one.
# Seen:
#   pandas, 007 and 042       [7, 42]; with the original it joins to 0 rows
#   written in the file       unique_id: numpy_type str
#   pandas, 007 and A42       ['007', 'A42']
#   pyarrow, 007 and 7        [7, 7]
#   polars, 007 and 7         [7, 7]
#   pandas, 007 and 7         ValueError: Categorical categories must be unique
#   pandas, of a single file  ['007', '7']

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 numpy==2.4.6

python - <<'PYTHON'
import warnings
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow.parquet as pq
from finding import still

warnings.simplefilter("error")


def written(ids):
    frame = pd.DataFrame({"unique_id": ids, "y": [1.0, 2.0]})
    path = "_".join(ids)
    frame.to_parquet(path, partition_cols=["unique_id"])
    frame.to_parquet(path + ".parquet")
    return frame, path


frame, path = written(["007", "042"])
back = pd.read_parquet(path)
lettered = pd.read_parquet(written(["007", "A42"])[1])
joined = frame.merge(back, on="unique_id")
(first, *_) = sorted(Path(path).rglob("*.parquet"))
(note,) = (each for each in pq.read_schema(first).pandas_metadata["columns"] if each["name"] == "unique_id")
print(f"pandas, 007 and 042       {back['unique_id'].tolist()}; with the original it joins to {len(joined)} rows")
print(f"written in the file       {note['name']}: numpy_type {note['numpy_type']}")
print(f"pandas, 007 and A42       {lettered['unique_id'].tolist()}")
still(back["unique_id"].tolist() == [7, 42] and joined.empty, "pandas does not read back the ids that it wrote")
still(note["numpy_type"] == "str", "though the file says that they are text")
still(lettered["unique_id"].tolist() == ["007", "A42"], "it does if one of them has a letter")

frame, path = written(["007", "7"])
by_pyarrow = pq.read_table(path)["unique_id"].to_pylist()
by_polars = pl.read_parquet(path)["unique_id"].to_list()
single = pd.read_parquet(path + ".parquet")["unique_id"].tolist()
try:
    by_pandas = pd.read_parquet(path)["unique_id"].tolist()
except ValueError as error:
    by_pandas = f"ValueError: {error}"
print(f"pyarrow, 007 and 7        {by_pyarrow}")
print(f"polars, 007 and 7         {by_polars}")
print(f"pandas, 007 and 7         {by_pandas}")
print(f"pandas, of a single file  {single}")
still(by_pyarrow == by_polars == [7, 7], "pyarrow and polars make one series of two")
still("must be unique" in by_pandas, "pandas cannot read what it wrote")
still(single == ["007", "7"], "a single file keeps the ids")
PYTHON
