"use strict";
// What the page shows: facts as JSON, and arrays as deflated bytes in base64, a blob for each moment of training.

const facts = JSON.parse(document.getElementById("facts").textContent);

const KINDS = { "|u1": Uint8Array, "|i1": Int8Array, "<u2": Uint16Array, "<i2": Int16Array };

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

// The arrays of a moment: {values(ref)} gives rows of numbers, one a unit. Inflated when first asked for.
const opened = new Map();

async function open(moment) {
  if (!opened.has(moment)) {
    const blob = document.querySelectorAll("script.arrays")[moment];
    const buffer = await inflate(blob.textContent);
    const made = new Map();
    opened.set(moment, (ref) => {
      if (!made.has(ref.name)) made.set(ref.name, unpack(buffer, facts.moments[moment].packed[ref.name], ref.scale));
      return made.get(ref.name);
    });
  }
  return opened.get(moment);
}

function unpack(buffer, { kind, shape: [units, steps], offset }, scale) {
  const Kind = KINDS[kind];
  const whole = new Kind(buffer.slice(offset, offset + units * steps * Kind.BYTES_PER_ELEMENT));
  return scale.map((factor, unit) =>
    Float32Array.from(whole.subarray(unit * steps, (unit + 1) * steps), (number) => number * factor));
}

const visible = (label) => label.replaceAll("\n", "⏎").replaceAll("\t", "⇥").replace(/^ $/, "␣");
const labels = facts.labels.map(visible);
const named = labels.map((label, step) => `step ${step}: ${label}`);
const steps = labels.length;
const isText = facts.kind !== "series";
