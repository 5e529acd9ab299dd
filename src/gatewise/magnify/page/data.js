"use strict";
// What the page shows: facts as JSON, and arrays as deflated bytes in base64, a blob for each moment of training.

const facts = JSON.parse(document.getElementById("facts").textContent);

const KINDS = { "|u1": Uint8Array, "|i1": Int8Array, "<u2": Uint16Array, "<i2": Int16Array };

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

// The arrays of a moment: a function that gives rows of numbers by name, a row a unit. Inflated when first asked for.
const opened = new Map();

function open(moment) {
  if (!opened.has(moment)) opened.set(moment, unpackAll(facts.moments[moment], moment));
  return opened.get(moment);
}

async function unpackAll({ packed, scales }, moment) {
  const buffer = await inflate(document.querySelectorAll("script.arrays")[moment].textContent);
  const made = new Map();
  return (name) => {
    if (!made.has(name)) made.set(name, unpack(buffer, packed[name], scales[name]));
    return made.get(name);
  };
}

function unpack(buffer, { kind, shape: [units, steps], offset }, scale) {
  const Kind = KINDS[kind];
  const whole = new Kind(buffer.slice(offset, offset + units * steps * Kind.BYTES_PER_ELEMENT));
  return scale.map((factor, unit) =>
    Float32Array.from(whole.subarray(unit * steps, (unit + 1) * steps), (number) => number * factor));
}

const visible = (label) => label.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replace(/^ $/, "␣");
const labels = facts.labels.map(visible);
// The same for figures, where plotly would take a < for the beginning of markup.
const plain = (words) => words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const named = labels.map((label, step) => `step ${step}: ${label}`);
const steps = labels.length;
// What axes say; pages from snapshots of earlier versions know it not.
const AXES = Object.fromEntries(Object.entries({ step: "step", value: "value", answer: "answer", ...facts.axes })
  .map(([name, words]) => [name, plain(words)]));
const isText = facts.kind !== "series";
