"use strict";
// What the report and the studio share: elements, the plot of the scores, keys.
const COLOURS = ["#0b6bcb", "#c77700", "#2e933c", "#8f5fbf", "#00818a", "#7a5c3e"]; // none is that of the marks
const byId = (id) => document.getElementById(id);

// All content goes through textContent or setAttribute, so names never become markup.
function make(tag, parent, text, attributes = {}) {
  const svg = ["svg", "polyline", "ellipse", "line"].includes(tag);
  const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  if (text !== undefined && text !== null) node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent.append(node);
  return node;
}

// The scores of every frame as curves, marks on the frames that were learnt from, and a cursor.
// `data` has curves [{label, values}] and mined [number]; `pick` is called with the number of a clicked frame.
class ScorePlot {
  constructor(parent, count, data, pick) {
    this.count = count;
    const plot = make("div", parent, null, { class: "plot" });
    const svg = make("svg", plot, null, { class: "curve", viewBox: "0 0 1000 130", preserveAspectRatio: "none" });
    const legend = make("div", parent, null, { class: "legend" });
    const numbers = data.curves.flatMap((curve) => curve.values.filter((value) => value !== null));
    this.high = Math.max(1e-9, ...numbers);
    const lowest = Math.min(...numbers, this.high - 1e-9);
    this.low = lowest > this.high / 2 ? lowest : Math.min(0, lowest); // high scores differ little: their range is shown
    if (numbers.length) this.label(plot);
    data.curves.forEach((curve, k) => this.draw(svg, legend, curve, COLOURS[k % COLOURS.length]));
    this.cursor = make("line", svg, null, { class: "cursor", y1: 4, y2: 126 });
    const marks = data.mined.map((i) => {
      const mark = make("ellipse", svg, null, { class: "mark", cx: this.place(i), cy: 121, rx: 6, ry: 6, "data-frame": i });
      mark.addEventListener("click", () => pick(i));
      return mark;
    });
    const round = () => marks.forEach((mark) => mark.setAttribute("rx", 6000 / svg.clientWidth)); // the plot is stretched
    new ResizeObserver(() => svg.clientWidth && round()).observe(svg);
    if (data.mined.length) make("span", legend, "\u25cf learnt from", { style: "color:var(--mark)" });
  }

  // The ends of both axes, as text beside the plot, which is stretched.
  label(plot) {
    const short = (value) => Number(value.toPrecision(2)).toString();
    make("span", plot, short(this.high), { class: "axis", style: "left:2px;top:0" });
    make("span", plot, `score ${short(this.low)}`, { class: "axis", style: "left:2px;bottom:0" });
    make("span", plot, `frame 1 to ${this.count} \u2192`, { class: "axis", style: "right:2px;bottom:0" });
  }

  place(i) { return 10 + (980 * i) / Math.max(1, this.count - 1); }

  level(value) { return 112 - (100 * (value - this.low)) / (this.high - this.low); }

  draw(svg, legend, curve, colour) {
    const points = curve.values.map((v, i) => (v === null ? null : `${this.place(i).toFixed(1)},${this.level(v).toFixed(1)}`));
    make("polyline", svg, null, {
      points: points.filter((point) => point !== null).join(" "), fill: "none",
      stroke: colour, "stroke-width": 2, "vector-effect": "non-scaling-stroke",
    });
    const entry = make("span", legend, null);
    make("i", entry, null, { style: `background:${colour}` });
    entry.append(curve.label);
  }

  show(i) {
    for (const end of ["x1", "x2"]) this.cursor.setAttribute(end, this.place(i));
  }
}
