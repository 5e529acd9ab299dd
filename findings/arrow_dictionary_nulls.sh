#!/usr/bin/env bash
# A missing value of a categorical column turns into a value of a real category.
#
# pyarrow 26.0.1: ChunkedArray.to_numpy() of a dictionary-encoded column (each column of a Table is a ChunkedArray)
# gives the last category for a missing value. So do all who ask through it: numpy.asarray, pandas.Series and
# pandas.DataFrame of such a column (3.1.1), narwhals' Series.to_numpy (2.29.0). Such columns come of pandas
# categoricals in Parquet, of polars' Categorical and Enum, and of read_table(..., read_dictionary=[...]).
# Expected: None or NaN, as to_pylist(), to_pandas(), Array.to_numpy() and polars (2.1.0) give it.
# Lost: whoever gave no answer is counted, drawn and learnt as one who gave the last one. Nothing warns.
# Seen:
#   ChunkedArray.to_numpy()                ['no', 'yes', 'yes']
#   numpy.asarray(column)                  ['no', 'yes', 'yes']
#   pandas.DataFrame({...: column})        ['no', 'yes', 'yes']
#   narwhals Series.to_numpy()             ['no', 'yes', 'yes']
#   ChunkedArray.to_pylist()               ['no', None, 'yes']
#   ChunkedArray.to_pandas()               ['no', nan, 'yes']
#   Array.to_numpy(zero_copy_only=False)   ['no', None, 'yes']
#   narwhals Series.to_list()              ['no', None, 'yes']
#   polars.from_arrow(column).to_numpy()   ['no', None, 'yes']
#   pandas.read_parquet()                  ['no', nan, 'yes']
#   the first, of a polars Enum            ['no', 'refused', 'yes']
#   the first, of numbers                  [31, 64, 64]

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages pyarrow==26.0.1 pandas==3.1.1 polars==2.1.0 narwhals==2.29.0 numpy==2.4.6

python - <<'PYTHON'
import warnings

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from finding import still

warnings.simplefilter("error")  # what follows comes without a warning
answers = ["no", None, "yes"]
pd.DataFrame({"answer": pd.Categorical(answers)}).to_parquet("answers.parquet")
table = pq.read_table("answers.parquet")
column = table["answer"]

wrong = {
    "ChunkedArray.to_numpy()": column.to_numpy(),
    "numpy.asarray(column)": np.asarray(column),
    "pandas.DataFrame({...: column})": pd.DataFrame({"answer": column})["answer"],
    "narwhals Series.to_numpy()": nw.from_native(table)["answer"].to_numpy(),
}
right = {
    "ChunkedArray.to_pylist()": column.to_pylist(),
    "ChunkedArray.to_pandas()": column.to_pandas(),
    "Array.to_numpy(zero_copy_only=False)": column.chunk(0).to_numpy(zero_copy_only=False),
    "narwhals Series.to_list()": nw.from_native(table)["answer"].to_list(),
    "polars.from_arrow(column).to_numpy()": pl.from_arrow(column).to_numpy(),
    "pandas.read_parquet()": pd.read_parquet("answers.parquet")["answer"],
}
for how, values in (wrong | right).items():
    print(f"{how:38} {list(values)}")

enum = pl.Series("answer", answers, dtype=pl.Enum(["no", "unsure", "yes", "refused"]))
from_enum = enum.to_frame().to_arrow()["answer"].to_numpy()
ages = pa.chunked_array([[31, None, 64]]).dictionary_encode().to_numpy()
print(f"{'the first, of a polars Enum':38} {list(from_enum)}")
print(f"{'the first, of numbers':38} {ages.tolist()}")

invented = [list(values)[1] in ("no", "yes") for values in wrong.values()]
kept = [pd.isna(list(values)[1]) for values in right.values()]
still(all(invented), "to_numpy() and what asks through it invent an answer")
still(all(kept), "the other ways keep the missing value")
still(from_enum[1] == "refused" and ages[1] == 64, "it is the last of the categories, also where nobody has it")
PYTHON
