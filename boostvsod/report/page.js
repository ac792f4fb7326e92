"use strict";
const COLOURS = ["#0b6bcb", "#d1495b", "#2e933c", "#8f5fbf", "#c77700", "#00818a"];
const page = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);

// All content goes through textContent or setAttribute, so names never become markup.
function make(tag, parent, text, attributes = {}) {
  const svg = ["svg", "polyline", "circle", "line"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
}

class Scrubber {
  constructor(clip, parent) {
    this.clip = clip;
    this.at = 0;
    this.timer = null;
    const section = make("section", parent, null, { class: "clip" });
    section.addEventListener("pointerdown", () => { Scrubber.current = this; });
    make("h2", section, clip.title);
    const panes = make("div", section, null, { class: "panes" });
    this.images = clip.panes.map((pane) => {
      const box = make("div", panes, null, { class: "pane" });
      const image = make("img", box, null, { alt: pane.label });
      make("span", box, pane.label);
      return image;
    });
    const row = make("div", section, null, { class: "scrub" });
    this.button = make("button", row, "play");
    this.button.addEventListener("click", () => this.toggle());
    this.range = make("input", row, null, { type: "range", min: 0, max: clip.frames.length - 1, value: 0 });
    this.range.addEventListener("input", () => this.show(Number(this.range.value)));
    this.about = make("div", section, null, { class: "about" });
    this.cursor = this.draw(section);
    this.show(0);
  }

  place(i) { return 10 + (980 * i) / Math.max(1, this.clip.frames.length - 1); }

  draw(section) {
    const svg = make("svg", section, null, { class: "curve", viewBox: "0 0 1000 130", preserveAspectRatio: "none" });
    const numbers = this.clip.curves.flatMap((curve) => curve.values.filter((value) => value !== null));
    const low = Math.min(0, ...numbers), high = Math.max(1e-9, ...numbers);
    const level = (value) => 112 - (100 * (value - low)) / (high - low);
    const legend = make("div", section, null, { class: "legend" });
    this.clip.curves.forEach((curve, k) => {
      const points = curve.values.map((v, i) => (v === null ? null : `${this.place(i).toFixed(1)},${level(v).toFixed(1)}`));
      make("polyline", svg, null, {
        points: points.filter((point) => point !== null).join(" "), fill: "none",
        stroke: COLOURS[k % COLOURS.length], "stroke-width": 2, "vector-effect": "non-scaling-stroke",
      });
      const entry = make("span", legend, null);
      make("i", entry, null, { style: `background:${COLOURS[k % COLOURS.length]}` });
      entry.append(curve.label);
    });
    const cursor = make("line", svg, null, { class: "cursor", y1: 4, y2: 126 });
    for (const i of this.clip.mined) {
      const mark = make("circle", svg, null, { class: "mark", cx: this.place(i), cy: 121, r: 6, "data-frame": i });
      mark.addEventListener("click", () => this.show(i));
    }
    if (this.clip.mined.length) make("span", legend, "\u25cf learnt from", { style: "color:var(--mark)" });
    return cursor;
  }

  show(i) {
    this.at = Math.max(0, Math.min(this.clip.frames.length - 1, i));
    this.images.forEach((image, k) => { image.src = this.clip.panes[k].images[this.at]; });
    this.range.value = this.at;
    const learnt = this.clip.mined.includes(this.at) ? "learnt from" : "";
    this.about.textContent = [this.clip.frames[this.at], learnt, this.clip.why[this.at]].filter(Boolean).join(" \u00b7 ");
    for (const end of ["x1", "x2"]) this.cursor.setAttribute(end, this.place(this.at));
  }

  toggle() {
    clearInterval(this.timer);
    const playing = this.timer === null;
    this.timer = playing ? setInterval(() => this.show((this.at + 1) % this.clip.frames.length), 80) : null;
    this.button.textContent = playing ? "stop" : "play";
  }
}

function table(data, parent) {
  const box = make("div", make("section", parent), null, { class: "wide" });
  const node = make("table", box);
  make("caption", node, data.caption);
  const head = make("tr", make("thead", node));
  const body = make("tbody", node);
  const fill = (rows) => {
    body.replaceChildren();
    for (const row of rows) {
      const line = make("tr", body);
      for (const cell of row) make("td", line, cell.text);
    }
  };
  let sorted = -1, up = false;
  data.columns.forEach((column, k) => {
    make("th", head, column).addEventListener("click", () => {
      up = sorted === k ? !up : false;
      sorted = k;
      const key = (row) => row[k].by ?? row[k].text;
      const order = (a, b) => (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
      fill([...data.rows].sort((a, b) => (up ? 1 : -1) * order(key(a), key(b))));
    });
  });
  fill(data.rows);
}

function bars(data, parent) {
  const section = make("section", parent);
  make("h2", section, data.title);
  const most = Math.max(1e-9, ...data.items.map(([, value]) => Math.abs(value)));
  for (const [label, value] of data.items) {
    const row = make("div", section, null, { class: "bar" });
    make("span", row, label);
    const track = make("div", row, null, { class: "track" });
    const width = (50 * Math.abs(value)) / most;
    const colour = value < 0 ? "var(--mark)" : "var(--gain)";
    const style = `left:${value < 0 ? 50 - width : 50}%;width:${width}%;background:${colour}`;
    make("div", track, null, { class: "fill", style });
    make("span", row, (value >= 0 ? "+" : "") + value.toFixed(3));
  }
}

document.title = page.title;
byId("title").textContent = page.title;
for (const note of page.notes) make("li", byId("notes"), note);
for (const [name, value] of page.facts) {
  make("dt", byId("facts"), name);
  make("dd", byId("facts"), value);
}
const scrubbers = page.clips.map((clip) => new Scrubber(clip, byId("clips")));
Scrubber.current = scrubbers[0];
for (const data of page.tables) table(data, byId("tables"));
for (const data of page.bars) bars(data, byId("bars"));
document.addEventListener("keydown", (event) => {
  const scrubber = Scrubber.current;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!scrubber || (step === undefined && event.key !== " ")) return;
  event.preventDefault();
  if (step === undefined) scrubber.toggle();
  else scrubber.show(scrubber.at + step);
});
