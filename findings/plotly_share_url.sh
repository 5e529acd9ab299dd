#!/usr/bin/env bash
# A chart's "Share" button, set to upload to one's own server or to none, uploads to Plotly's.
#
# plotly 7.1.0: write_html takes "plotlyServerURL" out of the config, and out of the caller's dictionary, unless
# "showSendToCloud" is set there too. That did no harm while the button was off unless asked for, as in plotly 6.9.0; in
# the plotly.js that 7.1.0 writes into the file it is on unless forbidden, and its address is https://cloud.plotly.com.
# Expected: the address that was given, or no button, and in no case an address that nobody gave.
# Lost: whoever opens the file, presses "Share chart...", agrees and signs in sends the figure with its data to Plotly
# and not to the server that its author named. Nothing warns the author. {"showSendToCloud": False} removes the button.
# Seen:
#   given                                                                  written
#   {}                                                                     {}
#   {"plotlyServerURL": "https://charts.example"}                          {}
#   {"plotlyServerURL": ""}                                                {}
#   {"plotlyServerURL": "https://charts.example", "showSendToCloud": true} as given
#   {"showSendToCloud": false}                                             as given
#   the file's script: showSendToCloud !0, plotlyServerURL "https://cloud.plotly.com/newchart"
#   that of 6.9.0:     showSendToCloud !1, plotlyServerURL ""

set -euo pipefail
# shellcheck source=findings/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
packages plotly==7.1.0
python -m pip install --quiet --quiet --disable-pip-version-check --no-deps --target before plotly==6.9.0 || {
  echo "COULD NOT RUN: pip cannot install plotly==6.9.0" >&2
  exit 2
}

python - <<'PYTHON'
import json
import pathlib
import re
import warnings

import plotly.graph_objects as go
from finding import still

warnings.simplefilter("error")
figure = go.Figure(go.Scatter(y=[1, 3, 2]))


def written(config):
    """What write_html hands to Plotly.newPlot as its config."""
    figure.write_html("chart.html", config=config, include_plotlyjs=False)
    found = re.findall(r'\{[^{}]*"responsive": true\}', pathlib.Path("chart.html").read_text("utf-8"))
    return {name: value for name, value in json.loads(found[-1]).items() if name != "responsive"}


def defaults(script):
    """What plotly.js does where the config is silent, as it stands in the minified script (!0 is true, !1 false)."""
    names = ("showSendToCloud", "plotlyServerURL")
    return {name: re.search(name + r":\{valType:[^{}]*?dflt:([^{},]+)\}", script)[1] for name in names}


def line(name, found):
    print(f"{name:18} " + ", ".join(f"{key} {value}" for key, value in found.items()))


ours = "https://charts.example"
given = [
    {},
    {"plotlyServerURL": ours},
    {"plotlyServerURL": ""},
    {"plotlyServerURL": ours, "showSendToCloud": True},
    {"showSendToCloud": False},
]
print(f"{'given':70} written")
results = []
for config in given:
    results.append(written(dict(config)))
    shown = "as given" if config and results[-1] == config else json.dumps(results[-1])
    print(f"{json.dumps(config):70} {shown}")
mine = {"plotlyServerURL": ours}
written(mine)
figure.write_html("chart.html")
chart = pathlib.Path("chart.html").read_text("utf-8")
now = defaults(chart)
before = defaults(pathlib.Path("before/plotly/package_data/plotly.min.js").read_text("utf-8"))
line("the file's script:", now)
line("that of 6.9.0:", before)

still(results[:3] == [{}, {}, {}], "an address alone, one's own or an empty one, is not written")
still("plotlyServerURL" not in mine, "and is gone from the caller's dictionary")
still(now["showSendToCloud"] == "!0" and '"Share chart..."' in chart, "the file has the button, if not told otherwise")
still(now["plotlyServerURL"].startswith('"https://cloud.plotly.com'), "and the button has Plotly's address")
still(before == {"showSendToCloud": "!1", "plotlyServerURL": '""'}, "in 6.9.0 it had none, and was off")
still(results[3:] == given[3:], "an address is kept beside showSendToCloud, and False is kept")
PYTHON
