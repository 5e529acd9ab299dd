"use strict";
// Figures by plotly. Each takes what it draws and an element to draw it in.

const drawn = named.map(plain); // what the pointer is told of each step
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const COLOR = { i: "#009e73", f: "#cc79a7", g: "#d55e00", o: "#56b4e9", c: "#e69f00", h: "#0072b2", grey: "#8a93a3" };
const DASH = { i: "solid", f: "dash", g: "dot", o: "dashdot", c: "solid", h: "dash" };
const DASHES = ["solid", "dash", "dot", "dashdot"];
const CHANNELS = 6; // of a series, drawn at most
const SYMBOL = { i: "circle", f: "diamond-open", o: "square-open" };
const WORDS = { i: "input gate i (learn)", f: "forget gate f (forget)", g: "candidate g (learn)",
  o: "output gate o (use)", c: "cell state c (remember)", h: "hidden state h (use)" };

function axis(extra = {}) {
  return { gridcolor: css("--line"), zerolinecolor: css("--line"), linecolor: css("--line"), automargin: true, ...extra };
}

// Made once: plotly takes other buttons, though they do the same, for a new figure, and forgets what was zoomed.
let CONFIG = null;

function draw(figure, traces, layout, height = 300) {
  CONFIG ??= { responsive: true, displaylogo: false, modeBarButtons: [pictureButtons()] };
  const small = figure.clientWidth < 520;
  const base = { height, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { color: css("--text"), size: small ? 11 : 12 }, margin: { l: 54, r: 14, t: 34, b: 44 },
    hoverlabel: { bgcolor: css("--raised"), font: { color: css("--text") } }, dragmode: small ? false : "zoom",
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom" }, uirevision: "kept" }; // what was zoomed stays
  return Plotly.react(figure, traces, { ...base, ...layout }, CONFIG);
}

// The steps of a range as an axis: with the labels of all where there is room, with some of them where they say
// when, and with numbers along a long text.
function stepAxis(range = [-0.5, steps - 0.5], extra = {}) {
  const first = Math.max(0, Math.ceil(range[0])), count = Math.min(steps - 1, Math.floor(range[1])) - first + 1;
  const room = { text: 60, words: 12, series: 6 }[facts.kind];
  const numbered = facts.kind === "text" && count > room;
  const every = Math.ceil(count / room);
  const at = labels.map((_, step) => step).filter((step) => count <= room ? true : step % every === 0);
  const marks = numbered ? {} : { tickvals: at, ticktext: at.map((step) => plain(labels[step])), tickangle: "auto" };
  return axis({ title: { text: numbered && isText ? `step, a ${AXES.step} each` : AXES.step }, range, showgrid: false, ...marks, ...extra });
}

// Where a long sequence is looked at closely: some steps on both sides.
function near(step, reach = 60) {
  if (steps <= 2 * reach + 1) return [-0.5, steps - 0.5];
  const first = Math.min(Math.max(0, step - reach), steps - 1 - 2 * reach);
  return [first - 0.5, first + 2 * reach + 0.5];
}

const cursor = (step) => ({ type: "line", x0: step, x1: step, yref: "paper", y0: 0, y1: 1,
  line: { color: css("--text"), width: 1, dash: "dot" } });

function drawMap(figure, letter, rows, order, unit, step) {
  const gate = "ifo".includes(letter);
  const largest = gate ? 1 : letter === "c" ? farOut(rows) : 1;
  const trace = { type: "heatmap", z: order.map((each) => rows[each]), y: order.map(String),
    customdata: order.map(() => drawn), hoverongaps: false,
    hovertemplate: `%{customdata}<br>unit %{y}<br>${letter} = %{z:.3f}<extra></extra>`,
    zmin: gate ? 0 : -largest, zmax: largest,
    colorscale: gate ? "Cividis" : [[0, css("--low")], [0.5, css("--page")], [1, css("--high")]],
    colorbar: { thickness: 8, outlinewidth: 0, len: 1, title: { text: letter } } };
  draw(figure, [trace], {
    title: { text: WORDS[letter], font: { size: 13 }, x: 0.02, y: 0.97, yanchor: "top" },
    xaxis: stepAxis(), yaxis: axis({ type: "category", showgrid: false, title: { text: "unit" }, nticks: 8 }),
    shapes: marks(order, unit, step) }, 270);
}

// Rows from the top down, as a text is written. Symbols may come again, so rows are told apart by their number.
function drawAttention(figure, alignment, step) {
  const rows = alignment.labels.map((_, row) => row);
  const trace = { type: "heatmap", z: alignment.weights, y: rows, zmin: 0, zmax: 1, colorscale: "Cividis",
    customdata: alignment.labels.map((label) => drawn.map((read) => `${plain(label)}<br>looks at ${read}`)),
    hovertemplate: "%{customdata}<br>α = %{z:.3f}<extra></extra>", colorbar: { thickness: 8, outlinewidth: 0, len: 1, title: { text: "attention α" } } };
  // Every word by name where there is room: what was read is half of what the figure says.
  const read = { title: { text: `${AXES.step} that was read` } };
  const all = steps <= 30 ? { ...read, tickvals: labels.map((_, place) => place), ticktext: labels.map(plain), tickangle: -60 } : read;
  draw(figure, [trace], { xaxis: stepAxis(undefined, all),
    yaxis: axis({ range: [rows.length - 0.5, -0.5], tickvals: rows, ticktext: alignment.labels.map(plain), showgrid: false, title: { text: `${AXES.step} that was written` } }),
    shapes: [cursor(step)] }, Math.min(900, 200 + 22 * rows.length));
}

// Where the chosen unit and step are in a map. On an axis of categories a number is the place of a row.
function marks(order, unit, step) {
  const row = order.indexOf(unit);
  return [cursor(step), { type: "line", xref: "paper", x0: 0, x1: 1, y0: row, y1: row,
    line: { color: css("--text"), width: 1, dash: "dot" } }];
}

// The 99th percentile of the magnitudes: one cell that has run away must not pale all others.
function farOut(rows) {
  const sizes = Float32Array.from(rows.flatMap((row) => Array.from(row, Math.abs))).sort();
  return sizes[Math.floor(0.99 * (sizes.length - 1))] || 1;
}

function drawTraces(figure, rows, step) {
  const line = (letter, yaxis) => ({ type: "scatter", mode: "lines", name: WORDS[letter], y: rows[letter], yaxis,
    text: drawn, line: { color: COLOR[letter], dash: DASH[letter], width: 1.6 },
    hovertemplate: `%{text}<br>${letter} = %{y:.3f}<extra></extra>` });
  const gated = "f" in rows, data = facts.values !== null;
  const panels = [...(data ? ["y3"] : []), "y", ...(gated ? ["y2"] : [])];
  const traces = [...["g", "c", "h"].filter((each) => each in rows).map((each) => line(each, "y")),
    ...(gated ? ["i", "f", "o"].map((each) => line(each, "y2")) : [])];
  if (data) facts.values.slice(0, CHANNELS).forEach((channel, number) => traces.push({ type: "scatter",
    mode: "lines+markers", name: facts.values.length > 1 ? `channel ${number + 1}` : "what is read", y: channel,
    yaxis: "y3", text: drawn, marker: { size: 3 }, line: { color: COLOR.grey, width: 1.6, dash: DASHES[number % 4] },
    hovertemplate: "%{text}<br>%{y:.4g}<extra></extra>" }));
  const title = { y: "state", y2: "gate, 0 to 1", y3: AXES.value }, layout = {};
  panels.forEach((name, place) => {
    const top = 1 - place / panels.length;
    layout[name.replace("y", "yaxis")] = axis({ domain: [top - 1 / panels.length + 0.04, top], title: { text: title[name] },
      ...(name === "y2" ? { range: [-0.05, 1.05] } : {}) });
  });
  draw(figure, traces, { ...layout, hovermode: "x", shapes: [cursor(step)],
    xaxis: stepAxis(near(step), { anchor: panels.at(-1) }), margin: { l: 54, r: 14, t: 60, b: 44 } }, 130 + 130 * panels.length);
}

function drawSaturation(figure, saturation, unit) {
  const gates = Object.keys(saturation);
  const traces = gates.map((gate) => ({ type: "scatter", mode: "markers", name: WORDS[gate],
    x: saturation[gate].shut, y: saturation[gate].open, customdata: saturation[gate].shut.map((_, each) => each),
    marker: { color: COLOR[gate], symbol: SYMBOL[gate], opacity: 0.75, line: { width: 1.2, color: COLOR[gate] },
      size: saturation[gate].shut.map((_, each) => (each === unit ? 16 : 7)) },
    hovertemplate: "unit %{customdata}<br>shut %{x:.0%}, open %{y:.0%} of the time<extra></extra>" }));
  const share = (text) => axis({ title: { text }, range: [-0.04, 1.04], tickformat: ".0%" });
  draw(figure, traces, { xaxis: share("share of steps shut, below 0.1"), yaxis: share("share of steps open, above 0.9"),
    margin: { l: 54, r: 14, t: 60, b: 44 } }, 360);
}

function drawHalfLives(figure, halfLives, unit) {
  // The longest first; a cell that is never forgotten stands at the top.
  const finite = halfLives.filter((each) => each !== null && each > 0);
  const top = 2 * Math.max(1, ...finite), bottom = Math.min(0.1, ...finite);
  const heights = halfLives.map((each) => (each === null ? top : Math.max(each, bottom)));
  const order = heights.map((_, each) => each).sort((one, other) => heights[other] - heights[one]);
  draw(figure, [{ type: "scatter", mode: "markers", y: order.map((each) => heights[each]), customdata: order,
    text: order.map((each) => (halfLives[each] === null ? "never" : `${halfLives[each]} steps`)),
    marker: { color: COLOR.f, line: { width: 0 }, symbol: "circle", size: order.map((each) => (each === unit ? 16 : 6)) },
    hovertemplate: "unit %{customdata}<br>half is left after: %{text}<extra></extra>" }],
  { xaxis: axis({ title: { text: "units, the longest first" }, showgrid: false }),
    yaxis: axis({ type: "log", dtick: Math.max(...heights) / Math.min(...heights) > 30 ? 1 : "D1", title: { text: "half-life, steps" } }) }, 360);
}

function drawLags(figure, curves, names, rnn) {
  const line = (name, values, color, dash) => ({ type: "scatter", mode: "lines", name, y: values, connectgaps: true,
    line: { color, dash, width: 1.8 }, hovertemplate: "lag %{x}: %{y:.3g}<extra>" + name + "</extra>" });
  const peak = (values) => Math.max(...values) || 1;
  const share = (values) => values.map((value) => (value > 0 ? value / peak(values) : null));
  const traces = curves.flatMap((curve, number) => [
    ...(curve.c ? [line(`c, ${names[number]}`, share(curve.c), COLOR.c, DASHES[number % 4])] : []),
    line(`h, ${names[number]}`, share(curve.h), COLOR.h, DASHES[number % 4])]);
  traces.push(line("h, a plain RNN as it begins", share(rnn.h), COLOR.grey, "solid"));
  const least = Math.max(1e-12, Math.min(...traces.flatMap((trace) => trace.y.filter((value) => value !== null))));
  const far = Math.max(...traces.map((trace) => trace.y.findLastIndex((value) => value !== null && value >= 1e-12)));
  draw(figure, traces, { xaxis: axis({ title: { text: "lag, steps before the answer" }, range: [-1, far + 1] }),
    yaxis: axis({ type: "log", dtick: 1, title: { text: "gradient, 1 at its peak" }, exponentformat: "power",
      range: [Math.log10(least) - 0.2, 0.2] }),
    shapes: [{ type: "line", xref: "paper", x0: 0, x1: 1, y0: 1 / Math.E, y1: 1 / Math.E,
      line: { color: css("--soft"), width: 1, dash: "dot" } }], margin: { l: 60, r: 14, t: 64, b: 44 } }, 420);
}

const METHODS = { integrated: "integrated gradients", gradient_input: "gradient × input", occluded: "occlusion" };

function drawShares(figure, shares) {
  const look = { integrated: [COLOR.c, "bar"], gradient_input: [COLOR.h, "circle-open"], occluded: [COLOR.g, "x-thin-open"] };
  const traces = Object.entries(METHODS).map(([name, words]) => {
    const [color, symbol] = look[name];
    const common = { name: words, y: shares[name], text: drawn, hovertemplate: "%{text}<br>%{y:.4g}<extra>" + words + "</extra>" };
    return symbol === "bar" ? { type: "bar", marker: { color }, textposition: "none", ...common }
      : { type: "scatter", mode: "markers", marker: { color, symbol, size: 7, line: { width: 1.6, color } }, ...common };
  });
  draw(figure, traces, { xaxis: stepAxis(around(shares.integrated)), yaxis: axis({ title: { text: `share in the ${AXES.answer}` } }),
    margin: { l: 54, r: 14, t: 60, b: 44 } }, 320);
}

function drawLedger(figure, at, entries, left, written, text) {
  const traces = [{ type: "bar", name: "what is there of it now", x: at, y: entries, marker: { color: COLOR.c },
    text: at.map((step) => drawn[step]), textposition: "none",
    hovertemplate: `%{text}<br>%{y:.4g}<extra>${text}</extra>` }];
  if (written) traces.push({ type: "scatter", mode: "markers", name: "what was written", x: at, y: written,
    marker: { color: COLOR.g, symbol: "circle-open", size: 6 }, hovertemplate: "wrote %{y:.3f}<extra></extra>" });
  if (left) traces.push({ type: "scatter", mode: "lines", name: "share left (right)", x: at, y: left, yaxis: "y2",
    line: { color: COLOR.f, dash: "dash", width: 1.6 }, hovertemplate: "%{y:.1%} left<extra></extra>" });
  draw(figure, traces, { hovermode: "x", xaxis: stepAxis(around(entries, at)),
    yaxis: axis({ title: { text: "part of the cell state c" } }),
    yaxis2: axis({ overlaying: "y", side: "right", range: [0, 1.05], tickvals: [0, 0.5, 1], tickformat: ".0%", title: { text: "share left" },
      showgrid: false }),
    margin: { l: 54, r: 60, t: 60, b: 44 } }, 340);
}

// The steps between the first and the last that matter: the rest can be zoomed out to by a double click.
function around(values, at = null) {
  const largest = Math.max(...Array.from(values, (value) => Math.abs(value ?? 0)));
  const places = Array.from(values, (value, place) => [Math.abs(value ?? 0), at ? at[place] : place])
    .filter(([size]) => size > 0.005 * largest).map(([, place]) => place);
  if (!places.length) return [-0.5, steps - 0.5];
  const [low, high] = [Math.min(...places), Math.max(...places)];
  const room = Math.max(2, Math.ceil((24 - (high - low)) / 2)); // beside them, for few to be seen among others
  return [Math.max(0, low - room) - 0.5, Math.min(steps - 1, high + room) + 0.5];
}
