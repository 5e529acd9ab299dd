"use strict";
// What is chosen, and what is drawn anew when that changes.

const element = (id) => document.getElementById(id);
const last = facts.moments.length - 1;
const chosen = { moment: last, layer: 0, order: "activity", unit: 0, step: steps - 1, question: 0, method: "integrated",
  ledger: steps - 1 };
const spans = { text: [], "shares-text": [] };
let values; // of the chosen moment: rows of numbers for each array
const moment = () => facts.moments[chosen.moment];
const layer = () => moment().layers[chosen.layer];
const rowsOf = (letter) => values(layer().arrays[letter]);
const held = () => values(layer().held); // tanh(c), or h of a plain RNN, in 127ths, as the unit search has it
const FULL = 127;

function make(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

function fill(select, options, value) {
  select.replaceChildren(...options.map(([key, words]) => make("option", { value: key, textContent: words })));
  select.value = String(value);
}

function writeText(id) {
  if (!isText) return;
  const between = facts.kind === "words" ? " " : "";
  spans[id] = facts.labels.map((label, step) => {
    const span = make("span", { textContent: label === "\n" ? "⏎\n" : label, title: `step ${step}` });
    span.dataset.step = step;
    return span;
  });
  element(id).replaceChildren(...spans[id].flatMap((span) => [span, between]));
  element(id).addEventListener("click", (event) => {
    const step = event.target.dataset?.step;
    if (step !== undefined && getSelection().isCollapsed) choose({ step: Number(step) });
  });
}

function color(id, shares) {
  const strength = parseFloat(css("--strength"));
  spans[id].forEach((span, step) => {
    const share = shares[step] ?? 0;
    span.style.setProperty("--tone", share > 0 ? "var(--high)" : "var(--low)");
    span.style.setProperty("--much", `${(Math.abs(share) * strength).toFixed(1)}%`);
  });
}

// Outlined, and brought into view within its own box: the page stays where it is.
function markNow(id, step) {
  const box = element(id), span = spans[id][step];
  if (!span) return;
  box.querySelector(".now")?.classList.remove("now");
  span.classList.add("now");
  const top = span.offsetTop - box.offsetTop;
  if (top < box.scrollTop || top > box.scrollTop + box.clientHeight - 30) box.scrollTop = top - box.clientHeight / 2;
}

function showReading() {
  element("colors").hidden = !isText;
  const rows = {};
  for (const letter of Object.keys(layer().arrays)) rows[letter] = rowsOf(letter)[chosen.unit];
  const what = "c" in rows ? "tanh of the cell state" : "the hidden state";
  element("colored-by").textContent = `${what} of unit ${chosen.unit}, ${layer().name}`;
  color("text", held()[chosen.unit].map((number) => number / FULL));
  drawTraces(element("traces"), rows, chosen.step);
}

function showAttention() {
  element("attention-section").hidden = !moment().alignment;
  if (!moment().alignment) return;
  drawAttention(element("attention"), moment().alignment, chosen.step);
  onClick(element("attention"), (point) => choose({ step: point.x }));
}

function showStep() {
  const rows = Object.keys(layer().arrays).map((letter) => `${letter} ${rowsOf(letter)[chosen.unit][chosen.step].toFixed(3)}`);
  element("readout").textContent =
    `${named[chosen.step]} · unit ${chosen.unit}, ${layer().name} · ${rows.join("  ")}`;
  markNow("text", chosen.step);
}

// Only the maps that can be seen are drawn; the others when they come into view.
const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
  if (entry.isIntersecting && entry.target.dataset.stale) showMap(entry.target);
  entry.target.dataset.near = entry.isIntersecting ? "yes" : "";
}), { rootMargin: "300px" });

function showMap(figure) {
  figure.dataset.stale = "";
  const letter = figure.dataset.letter;
  drawMap(figure, letter, rowsOf(letter), layer().orders[chosen.order], chosen.unit, chosen.step);
  onClick(figure, (point) => choose({ unit: Number(point.y), step: point.x }));
}

function markMaps() {
  for (const figure of element("maps").children) {
    if (figure.layout && !figure.dataset.stale) {
      Plotly.relayout(figure, { shapes: marks(layer().orders[chosen.order], chosen.unit, chosen.step) });
    }
  }
}

function showMaps() {
  const letters = Object.keys(layer().arrays), grid = element("maps");
  if (letters.join() !== [...grid.children].map((figure) => figure.dataset.letter).join()) {
    grid.replaceChildren(...letters.map((letter) => {
      const figure = make("figure", { className: "map", ariaLabel: `${WORDS[letter]}, all units over the steps` });
      figure.dataset.letter = letter;
      seen.observe(figure);
      return figure;
    }));
  }
  for (const figure of grid.children) {
    figure.dataset.stale = "yes";
    if (figure.dataset.near) showMap(figure);
  }
}

function onClick(figure, action) {
  if (figure.dataset.listens) return;
  figure.dataset.listens = "yes";
  figure.on("plotly_click", (event) => action(event.points[0]));
}

function showSaturation() {
  element("saturated").hidden = layer().half_life === null;
  if (layer().half_life === null) return;
  const point = (each) => choose({ unit: each.customdata });
  drawSaturation(element("saturation"), layer().saturation, chosen.unit);
  onClick(element("saturation"), point);
  drawHalfLives(element("half-life"), layer().half_life, chosen.unit);
  onClick(element("half-life"), point);
}

function showLags() {
  const names = moment().layers.map((each) => each.name);
  const { lag, rnn, step } = moment().questions[chosen.question];
  const far = (curve, by) => {
    const horizon = curve[`horizon_${by}`];
    if (curve.h.length === 1) return "none, for nothing was read before";
    return `${horizon === null ? "beyond the beginning" : `${horizon} steps`} by ${by}`;
  };
  const said = lag.map((curve, number) => `${names[number]}, ${far(curve, curve.c ? "c" : "h")}`);
  element("horizons").textContent = `How much the states before the answer of step ${step} matter to it. Memory ` +
    `horizon, the lag at which 1/e of the peak is left (dotted): ${said.join("; ")}; a plain RNN, ${far(rnn, "h")}.`;
  drawLags(element("lag"), lag, names, rnn);
}

function showQuestion() {
  const question = moment().questions[chosen.question];
  const error = question.completeness_error;
  const missed = (100 * error).toLocaleString("en", { maximumSignificantDigits: 2 });
  element("answer").textContent = `${question.text}: ${question.answer}; with blanks in place of the ` +
    `${question.measured} steps up to it, ${question.blank_answer}. The integrated gradients' sum misses the difference ` +
    `by ${missed} % (completeness error)${error > 0.1 ? ": too much to be trusted; go by occlusion" : ""}.`;
  const shares = question.shares[chosen.method];
  const largest = Math.max(...shares.map((share) => Math.abs(share ?? 0))) || 1;
  color("shares-text", shares.map((share) => (share ?? 0) / largest));
  markNow("shares-text", question.step);
  drawShares(element("shares"), question.shares);
}

function showLedger() {
  const ofLayer = moment().ledgers.filter((each) => each.layer === chosen.layer);
  const ledger = ofLayer.find((each) => each.step === chosen.ledger) ?? ofLayer.at(-1);
  element("ledger-section").hidden = !ledger;
  if (!ledger) return;
  const largest = Math.max(...ledger.cell.map(Math.abs));
  const residual = `The sums miss the cell states by at most ${ledger.residual.toExponential(1)}, over all units; the ` +
    `largest cell state is ${largest.toPrecision(3)}.`;
  const of = element("ledger-of").value;
  if (of !== "unit") {
    element("ledger-sum").textContent = (of === "total" ? "What each step put into the cell states as they are now, " +
      "all units added up. " : "The same by the Euclidean norm over the units, where they do not cancel. ") + residual;
    drawLedger(element("ledger"), ledger.steps, ledger[of], null, null, "all units");
    return;
  }
  const unit = chosen.unit;
  element("ledger-sum").textContent = `Unit ${unit}: c = ${ledger.initial[unit]} from the beginning + ` +
    `${ledger.sum[unit]} written since = ${ledger.cell[unit]}. ${residual}`;
  const [entries, left, written] = ["entries", "left", "written"].map((name) => values(ledger[name])[unit]);
  drawLedger(element("ledger"), ledger.steps, entries, left, written, `unit ${unit}`);
}

// The rule of gatewise.magnify.unit_search, for the sequence at hand.
function showSearch() {
  const from = element("from").valueAsNumber, to = element("to").valueAsNumber, above = element("threshold").valueAsNumber;
  const out = element("found");
  if (!(from >= 0 && from <= to && to < steps && above > 0 && above < 1)) {
    out.textContent = `Give a range inside the ${steps} steps, 0 to ${steps - 1}, and a threshold between 0 and 1.`;
    return;
  }
  const rows = held(), level = Math.round(above * FULL);
  const on = (unit, step) => rows[unit][step] > level;
  const beside = [from - 1, to + 1].filter((step) => step >= 0 && step < steps);
  const range = Array.from({ length: to - from + 1 }, (_, place) => from + place);
  const units = rows.map((_, unit) => unit)
    .filter((unit) => range.every((step) => on(unit, step)) && beside.every((step) => !on(unit, step)));
  const words = (start, stop) => labels.slice(start, stop).join(facts.kind === "text" ? "" : " ");
  const marked = make("p", {}, `Steps ${from} to ${to}, “${words(from, to + 1)}”: `);
  if (!units.length) {
    marked.append("no unit is on there throughout and off on both sides. Try another range, or a lower threshold.");
    out.replaceChildren(marked);
    return;
  }
  marked.append(...units.flatMap((unit) => [unitButton(unit), " "]));
  const places = [];
  for (let step = 0, start = null; step <= steps; step++) {
    const together = step < steps && units.every((unit) => on(unit, step));
    if (together && start === null) start = step;
    if (!together && start !== null) {
      if (step <= from || start > to) places.push([start, step]);
      start = null;
    }
  }
  const off = (step) => (step < 0 || step >= steps ? 1 : units.filter((unit) => !on(unit, step)).length / units.length);
  const alike = ([start, stop]) => ((off(start - 1) + off(stop)) / 2) *
    Math.min(stop - start, range.length) / Math.max(stop - start, range.length);
  places.sort((one, other) => alike(other) - alike(one));
  const list = make("ol", { className: "places" }, ...places.slice(0, 12).map(([start, stop]) => make("li", {},
    make("button", { type: "button", onclick: () => choose({ step: start }) },
      `${words(Math.max(0, start - 12), start)}[${words(start, stop)}]${words(stop, stop + 12)}`),
    ` steps ${start} to ${stop - 1}, likeness ${alike([start, stop]).toFixed(2)}`)));
  out.replaceChildren(marked, places.length ? make("p", {}, "Elsewhere they are on together at:")
    : make("p", {}, "Nowhere else in this sequence are they on together."), list);
}

function unitButton(unit, inLayer = chosen.layer) {
  return make("button", { type: "button", onclick: () => choose({ layer: inLayer, unit }) }, `unit ${unit}`);
}

function table(head, rows) {
  return make("table", {}, make("thead", {}, make("tr", {}, ...head.map((words) => make("th", { scope: "col" }, words)))),
    make("tbody", {}, ...rows.map((cells) => make("tr", {}, ...cells.map((cell) => make("td", {}, cell))))));
}

function showMeanings() {
  const { meanings, costs } = facts;
  element("meanings").hidden = !meanings && !costs;
  if (meanings) {
    element("features").append(make("p", { className: "hint" }, meanings.said), ...(meanings.found.length ? [table(
      ["feature", "unit", "correlation where sought", "held out"],
      meanings.found.map((each) => [each.feature, unitButton(each.unit, meanings.layer), each.sought.toFixed(2), each.held_out.toFixed(2)]),
    )] : []));
  }
  if (costs) {
    element("costs").append(make("p", { className: "hint" }, costs.said), table(["unit", "nats a token"],
      costs.ranked.map((each) => [unitButton(each.unit, costs.layer), each.cost.toFixed(4)])));
  }
}

// What a change of one choice makes stale.
const SHOWS = {
  moment: [showReading, showAttention, showStep, showMaps, showSaturation, showLags, showQuestion, showLedger, showSearch],
  layer: [showReading, showStep, showMaps, showSaturation, showLedger, showSearch],
  order: [showMaps],
  unit: [showReading, showStep, markMaps, showSaturation, showLedger],
  step: [showReading, showAttention, showStep, markMaps],
  question: [showQuestion, showLags],
  ledger: [showLedger],
  method: [showQuestion],
};

let wanted = last; // the moment that was asked for last

async function choose(choice) {
  if ("step" in choice) { // an answer that was asked about comes with its step
    const asked = moment().questions.findIndex(({ step }) => step === choice.step);
    if (asked >= 0) choice = { question: asked, ...choice };
  }
  if ("moment" in choice) {
    wanted = choice.moment;
    const there = await open(wanted);
    if (wanted !== choice.moment) return; // the slider has gone on, and what it asked for last draws everything
    values = there;
  }
  const changed = Object.keys(choice).filter((name) => choice[name] !== chosen[name]);
  Object.assign(chosen, choice);
  chosen.unit = Math.min(chosen.unit, layer().orders.number.length - 1);
  showControls(changed);
  for (const show of new Set(changed.flatMap((name) => SHOWS[name]))) show();
}

function showControls(changed) {
  element("layer").value = String(chosen.layer);
  if (["moment", "layer", "order"].some((name) => changed.includes(name))) {
    fill(element("unit"), layer().orders[chosen.order].map((unit) => [unit, `unit ${unit}`]), chosen.unit);
    const ledgers = moment().ledgers.filter((each) => each.layer === chosen.layer);
    fill(element("ledger-step"), ledgers.map(({ step }) => [step, named[step]]), chosen.ledger);
  }
  element("unit").value = String(chosen.unit);
  element("step").value = String(chosen.step);
  element("moment").value = String(chosen.moment);
  element("moment-name").textContent = moment().name;
  element("question").value = String(chosen.question);
}

function listen() {
  const numbers = { layer: "layer", unit: "unit", step: "step", moment: "moment", question: "question",
    "ledger-step": "ledger" };
  for (const [id, name] of Object.entries(numbers)) {
    element(id).addEventListener(id === "step" || id === "moment" ? "input" : "change",
      (event) => choose({ [name]: Number(event.target.value) }));
  }
  element("order").addEventListener("change", (event) => choose({ order: event.target.value }));
  element("method").addEventListener("change", (event) => choose({ method: event.target.value }));
  element("ledger-of").addEventListener("change", showLedger);
  for (const id of ["from", "to", "threshold"]) element(id).addEventListener("input", showSearch);
  element("controls").addEventListener("submit", (event) => event.preventDefault());
  element("text").addEventListener("mouseup", markSelected);
  element("theme").addEventListener("click", () => setTheme(!document.documentElement.classList.contains("dark")));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => setTheme(event.matches));
}

function markSelected() {
  const selection = getSelection();
  if (selection.isCollapsed) return;
  const inside = spans.text.filter((span) => selection.containsNode(span, true));
  if (!inside.length) return;
  element("from").value = inside[0].dataset.step;
  element("to").value = inside.at(-1).dataset.step;
  showSearch();
}

function setTheme(dark) {
  document.documentElement.classList.toggle("dark", dark);
  if (values) for (const show of SHOWS.moment) show();
}

async function start() {
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
  const program = new TextDecoder().decode(await inflate(element("plotly").textContent));
  document.head.append(make("script", { textContent: program }));
  values = await open(last);
  chosen.layer = facts.start.layer;
  chosen.unit = facts.start.unit ?? layer().orders.activity[0];
  chosen.question = moment().questions.length - 1;
  chosen.ledger = moment().ledgers.at(-1)?.step;
  fill(element("layer"), moment().layers.map((each, number) => [number, each.name]), chosen.layer);
  fill(element("order"), Object.keys(layer().orders).map((by) => [by, by]), chosen.order);
  fill(element("method"), Object.entries(METHODS), chosen.method);
  element("step").max = element("from").max = element("to").max = String(steps - 1);
  element("from").value = String(facts.start.from ?? chosen.step);
  element("to").value = String(facts.start.to ?? chosen.step);
  element("moment").max = String(last);
  element("moment-control").hidden = last === 0;
  writeText("text");
  writeText("shares-text");
  fill(element("question"), moment().questions.map(({ step }, number) => [number, named[step]]), chosen.question);
  showControls(["layer"]);
  showMeanings();
  for (const show of SHOWS.moment) show();
  listen();
  document.documentElement.dataset.ready = "yes";
}

start().catch((error) => {
  element("failure").hidden = false;
  element("failure").textContent = `This page could not be drawn: ${error.message}. It needs a browser of 2023 or later.`;
  throw error;
});
