// ---- talking to the server ------------------------------------------------------------------------
const show = (id, on) => { byId(id).hidden = !on; };
let options = { films: [], targets: [], recipes: [] };
let state = { clip: null, job: null, result: null, corrections: {}, films: [], version: -1 };
let frames = []; // of every frame: name, scores, why
let saving = Promise.resolve(); // the masks on their way to the server

function fail(message) {
  byId("error").firstElementChild.textContent = message;
  show("error", Boolean(message));
}

async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, { method, body });
  } catch {
    throw new Error("The studio does not answer. Start it again, and use the new address.");
  }
  const type = answer.headers.get("content-type") || "";
  const content = type.includes("json") ? await answer.json() : { error: await answer.text() };
  if (!answer.ok) throw new Error(content.error || answer.statusText);
  return content;
}

// Run an action of the user; show what went wrong, if anything.
async function attempt(action) {
  try {
    fail("");
    await action();
  } catch (error) {
    fail(error.message);
  }
}

const post = (path, values = {}) => ask("POST", path, JSON.stringify(values)).then(take);

// ---- the state of the server ----------------------------------------------------------------------
async function take(next) {
  const before = state;
  state = next;
  if (next.error && next.error !== before.error) fail(next.error);
  if (next.version !== before.version) await renew(next.clip?.folder !== before.clip?.folder);
  render();
  if (before.job && !next.job && next.films.length > before.films.length) byId("made").scrollIntoView({ block: "nearest" });
  clearTimeout(take.timer);
  if (next.job) take.timer = setTimeout(() => attempt(async () => take(await ask("GET", "state"))), 400);
}

// A clip was opened, or it was run.
async function renew(isOther) {
  pictures.clear();
  welcoming = false;
  if (!state.clip) return;
  frames = await ask("GET", "frames");
  show("work", true); // the view has a width from here on
  if (isOther) {
    viewer.open(state.clip);
    tool.choose("look");
  }
  doubts = [];
  plot();
  fillChoices();
  await viewer.go(viewer.at);
  if (!state.result) return;
  doubts = await ask("GET", "doubts");
  plot();
  viewer.plot.show(viewer.at);
}

let doubts = []; // of every frame: the share of the object on which its maps disagree

function plot() {
  byId("plot").replaceChildren();
  const names = [...new Set(frames.flatMap((frame) => Object.keys(frame.scores)))];
  const curves = names.map((name) => ({ label: name, values: frames.map((frame) => frame.scores[name] ?? null) }));
  if (doubts.length) curves.push({ label: "disagreement", values: doubts });
  const mined = frames.flatMap((frame, i) => (frame.mined ? [i] : []));
  viewer.plot = null;
  if (!state.result) return;
  viewer.plot = new ScorePlot(byId("plot"), frames.length, { curves, mined }, (i) => viewer.go(i));
  byId("plot").firstElementChild.addEventListener("click", (event) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = ((event.clientX - box.left) / box.width) * 1000;
    if (!event.target.classList.contains("mark")) viewer.go(Math.round(((share - 10) / 980) * (frames.length - 1)));
  });
  byId("choices").replaceChildren();
  for (const choice of state.result.choices) {
    const which = choice.choice === "boosted" ? "the boosted maps" : "the target's own maps";
    make("div", byId("choices"), `Frames ${choice.start} to ${choice.stop - 1}: ${which} were chosen; ${choice.why}.`);
  }
  for (const note of state.result.notes) make("div", byId("choices"), `Note: ${note}`);
}

// ---- pictures -------------------------------------------------------------------------------------
const pictures = new Map(); // address -> promise of a picture; the oldest are dropped
const MOST_PICTURES = 200;

function load(address) {
  if (!pictures.has(address)) {
    const image = new Image();
    image.src = address;
    pictures.set(address, image.decode().then(() => image, () => null));
    if (pictures.size > MOST_PICTURES) pictures.delete(pictures.keys().next().value);
  }
  return pictures.get(address);
}

const LAYERS = [
  { name: "picture", label: "Frame", colour: "#888", opacity: 1, on: true },
  { name: "target", label: "Target", colour: "#2f86ff", opacity: 0.6, on: false },
  { name: "boosted", label: "Boosted", colour: "#ff3b4e", opacity: 0.6, on: true },
  { name: "doubt", label: "Disagreement", colour: "#ffd21f", opacity: 0.9, on: false },
  { name: "motion", label: "Motion", colour: "#19c5b2", opacity: 0.6, on: false },
  { name: "mask", label: "Your mask", colour: "#35d04f", opacity: 0.6, on: true },
];
const layerOf = (name) => LAYERS.find((layer) => layer.name === name);

function layerRows() {
  for (const layer of LAYERS) {
    const row = make("div", byId("layers"), null, { class: "layer" });
    const button = make("button", row, null, { "data-layer": layer.name });
    make("i", button, null, { style: `background:${layer.colour}` });
    button.append(layer.label);
    const range = make("input", row, null, { type: "range", min: 0, max: 100, value: 100 * layer.opacity, "aria-label": `${layer.label}: opacity` });
    layer.toggle = () => {
      layer.on = !layer.on;
      button.setAttribute("aria-pressed", layer.on);
      viewer.go(viewer.at);
    };
    button.setAttribute("aria-pressed", layer.on);
    button.addEventListener("click", layer.toggle);
    range.addEventListener("input", () => {
      layer.opacity = range.value / 100;
      viewer.draw();
    });
  }
}

// ---- the view -------------------------------------------------------------------------------------
const viewer = {
  at: 0, plot: null, timer: null, masks: new Map(), images: {}, zoom: { scale: 1, x: 0, y: 0 }, size: { width: 1, height: 1 },
  canvas: byId("canvas"),

  open(clip) {
    const shown = Math.min(1, 1600 / Math.max(clip.width, clip.height));
    this.canvas.width = Math.round(clip.width * shown);
    this.canvas.height = Math.round(clip.height * shown);
    this.size = { width: clip.width, height: clip.height };
    Object.assign(this, { at: 0, masks: new Map(), images: {} });
    history_ = new History();
    byId("at").max = clip.frames - 1;
    this.fit();
  },

  // The largest size that fits the window; small clips are enlarged.
  fit() {
    if (!state.clip) return;
    const narrow = innerWidth <= 820;
    const widest = byId("view").clientWidth, highest = innerHeight * (narrow ? 0.5 : 0.62);
    const width = Math.min(widest, (highest * this.size.width) / this.size.height);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${(width * this.size.height) / this.size.width}px`;
    this.setZoom(1, 0, 0);
  },

  setZoom(scale, x, y) {
    const { clientWidth, clientHeight } = this.canvas;
    const factor = Math.max(1, Math.min(16, scale));
    const left = Math.min(0, Math.max(clientWidth * (1 - factor), x)), top = Math.min(0, Math.max(clientHeight * (1 - factor), y));
    this.zoom = { scale: factor, x: left, y: top };
    byId("view").style.touchAction = tool.name === "look" && factor === 1 ? "pan-y" : "none"; // a finger scrolls the page
    this.canvas.style.transform = `translate(${left}px, ${top}px) scale(${factor})`;
  },

  // Enlarge around a point of the window.
  zoomAt(clientX, clientY, factor) {
    const box = this.canvas.getBoundingClientRect(), { scale, x, y } = this.zoom;
    const next = Math.max(1, Math.min(16, scale * factor)), grown = next / scale;
    this.setZoom(next, x - (clientX - box.left) * (grown - 1), y - (clientY - box.top) * (grown - 1));
  },

  // A point of the window in pixels of the frame.
  point(event) {
    const box = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.size.width,
      y: ((event.clientY - box.top) / box.height) * this.size.height,
    };
  },

  get perPixel() { return this.canvas.getBoundingClientRect().width / this.size.width; },

  address(i, layer) { return layer === "mask" ? `masks/${i}?v=${state.corrections[i]}` : `frames/${i}/${layer}?v=${state.version}`; },

  wanted() {
    const maps = state.result ? LAYERS.filter((layer) => layer.on && layer.name !== "mask" && layer.name !== "picture") : [];
    return ["picture", ...maps.map((layer) => layer.name)];
  },

  // Show a frame as soon as its pictures are there.
  async go(i) {
    if (!state.clip) return;
    const at = Math.max(0, Math.min(state.clip.frames - 1, i));
    this.at = at;
    byId("at").value = at;
    byId("number").textContent = `${at} / ${state.clip.frames - 1}`;
    const frame = frames[at] || {};
    byId("about").textContent = [frame.frame, frame.mined ? "learnt from" : "", frame.why].filter(Boolean).join(" · ");
    this.plot?.show(at);
    render();
    const names = this.wanted();
    const loaded = await Promise.all(names.map((name) => load(this.address(at, name))));
    if (!this.masks.has(at) && String(at) in state.corrections) await this.readMask(at);
    if (this.at !== at) return;
    this.images = Object.fromEntries(names.map((name, k) => [name, loaded[k]]));
    this.draw();
    for (const near of [at + 1, at - 1, at + 2]) {
      if (near >= 0 && near < state.clip.frames) for (const name of names) load(this.address(near, name));
    }
  },

  async readMask(i) {
    const picture = await load(this.address(i, "mask"));
    if (!picture || this.masks.has(i)) return;
    const mask = new Mask(this.size.width, this.size.height);
    mask.setPicture(picture);
    this.masks.set(i, mask);
  },

  draw() {
    cancelAnimationFrame(this.request);
    this.request = requestAnimationFrame(() => this.drawNow());
  },

  drawNow() {
    const { width, height } = this.canvas, context = this.canvas.getContext("2d");
    context.globalAlpha = 1;
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    const mask = this.masks.get(this.at);
    for (const layer of LAYERS) {
      const picture = layer.name === "mask" ? mask?.canvas : this.images[layer.name];
      if (!layer.on || !picture) continue;
      if (layer.name === "boosted" && mask && layerOf("mask").on) continue; // two tints of one object hide each other
      context.globalAlpha = layer.opacity;
      context.drawImage(layer.name === "picture" ? picture : this.tinted(picture, layer.colour), 0, 0, width, height);
    }
    tool.drawOver(context, width / this.size.width);
  },

  tinted(picture, colour) {
    const canvas = this.scratch ??= document.createElement("canvas");
    if (canvas.width !== this.canvas.width || canvas.height !== this.canvas.height) {
      canvas.width = this.canvas.width;
      canvas.height = this.canvas.height;
    }
    const context = canvas.getContext("2d");
    context.globalCompositeOperation = "copy";
    context.drawImage(picture, 0, 0, canvas.width, canvas.height);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = colour;
    context.fillRect(0, 0, canvas.width, canvas.height);
    return canvas;
  },

  toggle() {
    const playing = this.timer === null;
    clearTimeout(this.timer);
    this.timer = null;
    byId("play").textContent = playing ? "Stop" : "Play";
    if (playing) this.playOn();
  },

  playOn() {
    const due = performance.now() + 1000 / Math.min(30, state.clip.fps || 24);
    this.timer = setTimeout(async () => {
      await this.go((this.at + 1) % state.clip.frames);
      if (this.timer === null) return;
      const left = due - performance.now();
      this.timer = setTimeout(() => this.playOn(), Math.max(0, left));
    }, 0);
  },
};

// ---- tools ----------------------------------------------------------------------------------------
let history_ = new History();
const HINTS = {
  look: "Choose a tool to correct this frame. What you draw starts from the boosted map.",
  brush: "Paint over what belongs to the object.",
  eraser: "Wipe away what does not belong to the object.",
  polygon: "Click the corners of a region. Enter, a double click or the first corner closes it.",
  grow: "Click on a region: it grows along the edges of the boosted map. Drag to the right or left to change it.",
};

const tool = {
  name: "look", sign: "add", brush: 30, reach: 30, points: [], pointers: new Map(), stroke: null, last: null,

  get removes() { return this.name === "eraser" || (this.name !== "brush" && this.sign === "remove"); },

  choose(name) {
    Object.assign(this, { name, points: [], last: null });
    for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", button.dataset.tool === name);
    byId("hint").textContent = HINTS[name];
    byId("canvas").style.cursor = name === "look" ? "grab" : name === "brush" || name === "eraser" ? "none" : "crosshair";
    show("signs", name === "polygon" || name === "grow");
    show("size-row", name !== "look" && name !== "polygon");
    show("tip", false);
    byId("size-name").textContent = name === "grow" ? "Reach" : "Size";
    byId("size").value = this.size;
    viewer.setZoom(viewer.zoom.scale, viewer.zoom.x, viewer.zoom.y);
    viewer.draw();
  },

  setSign(sign) {
    this.sign = sign;
    this.last = null;
    for (const button of document.querySelectorAll("[data-sign]")) button.setAttribute("aria-pressed", button.dataset.sign === sign);
  },

  // The slider, 0 to 100: of the brush's width, or of the reach of a region.
  setSize(value) {
    const size = Math.max(0, Math.min(100, value));
    byId("size").value = size;
    if (this.name === "grow") {
      this.reach = size;
      this.regrow();
    } else {
      this.brush = size;
    }
  },

  get size() { return this.name === "grow" ? this.reach : this.brush; },

  // The brush's width in pixels of the frame: 1 to a third of its longer side.
  get width() { return 1 + (this.brush / 100) ** 2 * (Math.max(viewer.size.width, viewer.size.height) / 3); },

  // The mask that is drawn on, made from the boosted map if there is none yet. It is remembered for undo.
  async begin(i) {
    if (!viewer.masks.has(i)) {
      const mask = new Mask(viewer.size.width, viewer.size.height);
      const boosted = state.result ? await load(viewer.address(i, "boosted")) : null;
      if (boosted) mask.setPicture(boosted);
      if (!viewer.masks.has(i)) viewer.masks.set(i, mask);
      history_.add(i, null);
    } else {
      history_.add(i, viewer.masks.get(i).bytes());
    }
    if (!layerOf("mask").on) layerOf("mask").toggle();
    return viewer.masks.get(i);
  },

  async down(event) {
    viewer.canvas.setPointerCapture(event.pointerId);
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) this.dropStroke();
    if (this.pointers.size > 1 || this.name === "look" || event.button > 0 || !byId("correct").checkVisibility()) return;
    const point = viewer.point(event), i = viewer.at;
    if (this.name === "polygon") return void this.corner(point);
    this.stroke = { i, from: point, start: event.clientX, waiting: [], id: event.pointerId };
    const { stroke } = this;
    if (this.name === "grow") return void attempt(() => this.seed(stroke, point));
    stroke.mask = await this.begin(i);
    if (stroke.dropped) return void revert(i);
    for (const next of [point, ...stroke.waiting]) this.line(stroke, next);
    if (stroke.ended) keep(i);
  },

  line(stroke, to) {
    stroke.mask.stroke(stroke.from, to, this.width, this.removes);
    stroke.from = to;
    viewer.draw();
  },

  move(event) {
    this.moveTip(event);
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) return void this.pinch(event, before);
    if (this.name === "look") viewer.setZoom(viewer.zoom.scale, viewer.zoom.x + event.clientX - before.clientX, viewer.zoom.y + event.clientY - before.clientY);
    const { stroke } = this;
    if (!stroke || stroke.id !== event.pointerId) return;
    if (this.name === "grow") {
      const drag = Math.trunc((event.clientX - stroke.start) / 4);
      if (stroke.dragged !== drag && (drag || stroke.dragged !== undefined)) {
        stroke.dragged = drag;
        stroke.reach ??= this.reach;
        this.setSize(stroke.reach + drag);
      }
      return;
    }
    for (const part of event.getCoalescedEvents?.() ?? [event]) {
      if (stroke.mask) this.line(stroke, viewer.point(part));
      else stroke.waiting.push(viewer.point(part));
    }
  },

  up(event) {
    this.pointers.delete(event.pointerId);
    const { stroke } = this;
    if (!stroke || stroke.id !== event.pointerId) return;
    this.stroke = null;
    stroke.ended = true;
    if (stroke.mask) keep(stroke.i);
  },

  // A second finger came: what the first one began was meant as a zoom.
  dropStroke() {
    const { stroke } = this;
    if (!stroke) return;
    this.stroke = null;
    stroke.dropped = true;
    if (stroke.mask) revert(stroke.i);
  },

  pinch(event, before) {
    const other = [...this.pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    const gap = (one) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
    viewer.zoomAt((event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2, gap(event) / Math.max(1, gap(before)));
    viewer.setZoom(viewer.zoom.scale, viewer.zoom.x + (event.clientX - before.clientX) / 2, viewer.zoom.y + (event.clientY - before.clientY) / 2);
  },

  moveTip(event) {
    const brushes = (this.name === "brush" || this.name === "eraser") && event.pointerType !== "touch";
    show("tip", brushes);
    if (!brushes) return;
    const box = byId("view").getBoundingClientRect(), width = Math.max(4, this.width * viewer.perPixel);
    Object.assign(byId("tip").style, { left: `${event.clientX - box.left}px`, top: `${event.clientY - box.top}px`, width: `${width}px`, height: `${width}px` });
  },

  corner(point) {
    const [first] = this.points;
    if (first && this.points.length > 2 && Math.hypot(point.x - first.x, point.y - first.y) * viewer.perPixel < 12) return void this.close();
    this.points.push(point);
    viewer.draw();
  },

  async close() {
    const points = this.points, i = viewer.at;
    this.points = [];
    if (points.length > 2) {
      (await this.begin(i)).fill(points, this.removes);
      keep(i);
    }
    viewer.draw();
  },

  // A click of `grow`: the server says how far every pixel is; the slider says up to where the region goes.
  async seed(stroke, point) {
    const x = Math.min(viewer.size.width - 1, Math.max(0, Math.floor(point.x)));
    const y = Math.min(viewer.size.height - 1, Math.max(0, Math.floor(point.y)));
    const picture = await load(`frames/${stroke.i}/grown?x=${x}&y=${y}&v=${state.version}`);
    if (!picture || viewer.at !== stroke.i || stroke.dropped) return;
    const far = new Mask(viewer.size.width, viewer.size.height);
    far.context.drawImage(picture, 0, 0);
    const { data } = far.context.getImageData(0, 0, viewer.size.width, viewer.size.height);
    const distances = new Uint8Array(data.length / 4);
    for (let k = 0; k < distances.length; k += 1) distances[k] = data[4 * k + 3];
    const mask = await this.begin(stroke.i);
    if (stroke.dropped) return void revert(stroke.i);
    stroke.mask = mask;
    this.last = { i: stroke.i, mask, distances, before: mask.bytes() };
    this.regrow();
  },

  // Draw the last region again, with another reach.
  regrow() {
    const { last } = this;
    if (!last || last.i !== viewer.at || this.name !== "grow") return;
    last.mask.grow(last.before, last.distances, (this.reach / 100) * 254, this.removes);
    viewer.draw();
    if (!this.stroke) keep(last.i);
  },

  drawOver(context, scale) {
    if (!this.points.length) return;
    context.globalAlpha = 1;
    context.lineWidth = 2 / viewer.zoom.scale;
    context.strokeStyle = this.removes ? "#ff5a5a" : "#fff";
    context.fillStyle = "#fff";
    context.beginPath();
    for (const point of this.points) context.lineTo(point.x * scale, point.y * scale);
    context.stroke();
    const dot = 4 / viewer.zoom.scale;
    for (const point of this.points) context.fillRect(point.x * scale - dot / 2, point.y * scale - dot / 2, dot, dot);
  },
};

// Send the mask of a frame to the server, after those before it. Several changes in a row are sent once.
function keep(i) {
  clearTimeout(keep.timers[i]);
  keep.timers[i] = setTimeout(() => send(i), 250);
  render();
}
keep.timers = {};

function send(i) {
  clearTimeout(keep.timers[i]);
  delete keep.timers[i];
  saving = saving.then(() => attempt(async () => {
    const mask = viewer.masks.get(i);
    await take(mask ? await ask("PUT", `masks/${i}`, await mask.png()) : await ask("DELETE", `masks/${i}`));
  }));
  return saving;
}

async function sendAll() {
  for (const i of Object.keys(keep.timers)) send(Number(i));
  await saving;
}

function undo(redo) {
  const i = viewer.at, mask = viewer.masks.get(i);
  const wanted = history_.step(i, mask ? mask.bytes() : null, redo);
  if (wanted === undefined) return;
  setMask(i, wanted);
  keep(i);
}

// Take back what has not been sent yet.
function revert(i) {
  setMask(i, history_.of(i).past.pop());
}

function setMask(i, bytes) {
  tool.last = null;
  if (bytes === null) {
    viewer.masks.delete(i);
  } else {
    if (!viewer.masks.has(i)) viewer.masks.set(i, new Mask(viewer.size.width, viewer.size.height));
    viewer.masks.get(i).setBytes(bytes);
  }
  viewer.draw();
}

function forget() {
  const i = viewer.at, mask = viewer.masks.get(i);
  if (!mask) return;
  history_.add(i, mask.bytes());
  setMask(i, null);
  keep(i);
}

// ---- what the page shows --------------------------------------------------------------------------
const STAGES = {
  index: "reading the clip", target: "the target's maps", motion: "motion", learn: "learning", student: "predicting",
  fused: "joining maps", final: "final maps", maps: "writing maps", report: "writing the report",
};
const DOING = { open: "Opening", run: "Boosting", export: "Exporting" };

let welcoming = false; // whether another clip is being chosen

// Offer to choose a film or a run; with a clip open, it stays until another one is chosen.
async function welcome(on) {
  welcoming = on && Boolean(state.clip);
  if (on) {
    await sendAll();
    const runs = await ask("GET", "runs"), list = byId("runs").lastElementChild;
    list.replaceChildren();
    for (const name of runs) make("button", list, name).addEventListener("click", () => attempt(() => post("open", { run: name })));
    show("runs", runs.length);
  }
  render();
}

function render() {
  const { clip, job, result } = state, done = Boolean(result);
  byId("name").textContent = clip ? `${clip.name}, ${clip.frames} frames of ${clip.width} x ${clip.height}` : "";
  document.title = clip ? `${clip.name} - boostvsod studio` : "boostvsod studio";
  show("welcome", (!clip || welcoming) && !job);
  show("work", clip && (!welcoming || job));
  show("another", clip && !welcoming);
  show("stay", clip);
  byId("another").disabled = Boolean(job);
  for (const id of ["layers", "films", "correct"]) show(id, done);
  byId("right").classList.toggle("done", done);
  renderJob(job);
  byId("folder").textContent = clip ? `${clip.folder}/maps` : "";
  byId("run").textContent = done ? "Boost again" : "Boost this clip";
  byId("run").classList.toggle("main", !done);
  for (const id of ["run", "export", "learn"]) byId(id).disabled = Boolean(job);
  renderMasks();
  renderFilms();
}

function renderJob(job) {
  show("progress", job);
  if (!job) return;
  const [stage, steps, total] = job.stages.at(-1) ?? ["", 0, 0];
  byId("doing").textContent = job.film ? `${DOING.export} ${job.film}` : DOING[job.kind];
  const count = total ? `${steps} of ${total}` : steps || "";
  const parts = [STAGES[stage] ?? (job.film ? "drawing" : "starting"), count, timeLeft(stage, steps, total, job.seconds)];
  byId("stage").textContent = parts.filter(Boolean).join(", ");
  if (total) byId("share").value = steps / total;
  else byId("share").removeAttribute("value");
  byId("elapsed").textContent = `${Math.round(job.seconds)} s`;
}

// How long the stage will still take, from its pace since the page first saw it.
function timeLeft(stage, steps, total, seconds) {
  const { begun } = timeLeft;
  if (begun?.stage !== stage || begun.steps > steps) timeLeft.begun = { stage, steps, seconds };
  else if (total && steps > begun.steps && seconds - begun.seconds > 3) {
    const left = ((total - steps) * (seconds - begun.seconds)) / (steps - begun.steps);
    return left > 2 ? `about ${Math.round(left)} s left` : "";
  }
  return "";
}

function renderMasks() {
  const list = byId("masks");
  const numbers = [...new Set([...Object.keys(state.corrections).map(Number), ...viewer.masks.keys()])].sort((a, b) => a - b);
  list.replaceChildren();
  if (numbers.length) make("span", list, "Your masks:", { class: "soft" });
  for (const i of numbers) {
    const button = make("button", list, i, { "aria-pressed": i === viewer.at, "aria-label": `Frame ${i}, corrected` });
    button.addEventListener("click", () => viewer.go(i));
  }
  const { past, future } = history_.of(viewer.at);
  byId("undo").disabled = !past.length;
  byId("redo").disabled = !future.length;
  byId("forget").disabled = !viewer.masks.has(viewer.at);
  byId("learn").disabled ||= !numbers.length && !frames.some((frame) => frame.why === "corrected by hand");
  byId("learn").textContent = numbers.length === 1 ? "Learn again, from 1 mask" : numbers.length ? `Learn again, from ${numbers.length} masks` : "Learn again";
}

function renderFilms() {
  show("backdrop-row", byId("film").value.startsWith("replace"));
  byId("backdrop-name").textContent = state.backdrop || "";
  const key = JSON.stringify([state.films, state.version]);
  if (renderFilms.key === key) return;
  renderFilms.key = key;
  byId("made").replaceChildren();
  for (const name of [...state.films].reverse()) {
    const figure = make("figure", byId("made"), null);
    make("video", figure, null, { src: `films/${name}?v=${state.version}-${Date.now()}`, controls: "", loop: "", playsinline: "", preload: "metadata" });
    const caption = make("figcaption", figure, null);
    make("span", caption, name);
    make("a", caption, "Download", { href: `films/${name}?download`, download: "" });
  }
}

const FILMS = {
  overlay: "Overlay", "side-by-side": "Side by side", matte: "Matte", "cutout-video": "Cut-out",
  green: "Green screen", blur: "Blurred background", replace: "New background",
};

function filmChoices() {
  for (const film of options.films) {
    const [kind, suffix] = film.split(".");
    make("option", byId("film"), `${FILMS[kind] ?? kind}, ${suffix}`, { value: film });
  }
}

function choices(id, rows, chosen, before) {
  const select = byId(id);
  select.replaceChildren();
  if (before) make("option", select, `${before} (as in this run)`, { value: "" });
  for (const row of rows) {
    const option = make("option", select, row.ready ? row.name : `${row.name} (no weights)`, { value: row.name });
    option.disabled = !row.ready;
  }
  select.value = before ? "" : chosen;
}

function fillChoices() {
  choices("target", options.targets, options.target, state.result?.target);
  choices("recipe", options.recipes, options.recipe, state.result?.recipe);
  describe();
}

// What the chosen target and recipe are, and the efforts of the recipe.
function describe() {
  const efforts = options.recipes.find((row) => row.name === byId("recipe").value)?.efforts ?? [], before = byId("effort").value;
  byId("effort").replaceChildren();
  for (const effort of efforts) make("option", byId("effort"), effort, { value: effort });
  byId("effort").value = efforts.includes(before) ? before : efforts.length ? "balanced" : "";
  show("effort-row", efforts.length > 1);
  const summary = (rows, id) => rows.find((row) => row.name === byId(id).value)?.summary;
  const texts = [summary(options.targets, "target"), summary(options.recipes, "recipe")];
  byId("summary").textContent = texts.filter(Boolean).map((text) => `${text[0].toUpperCase()}${text.slice(1)}.`).join(" ");
}

// ---- files ----------------------------------------------------------------------------------------
function fits(file, suffixes) {
  if (file.size > options.most) throw new Error(`${file.name} has ${(file.size / 1e6).toFixed(0)} MB; at most ${options.most / 1e6} MB are taken. Start the studio with the path of the clip, or with --most-megabytes.`);
  if (!suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix))) throw new Error(`${file.name}: expected one of ${suffixes.join(", ")}`);
}

function upload(file, kind) {
  return attempt(async () => {
    fits(file, options[kind]);
    await sendAll();
    byId("doing").textContent = "Copying";
    byId("stage").textContent = file.name;
    byId("share").removeAttribute("value");
    byId("elapsed").textContent = "";
    show("progress", true);
    byId("cancel").disabled = true;
    try {
      await take(await ask("PUT", `${kind}/${encodeURIComponent(file.name)}`, file));
    } finally {
      byId("cancel").disabled = false;
      render();
    }
  });
}

function chooseFile(id, kind, button) {
  byId(button).addEventListener("click", () => byId(id).click());
  byId(id).addEventListener("change", () => {
    if (byId(id).files.length) upload(byId(id).files[0], kind);
    byId(id).value = "";
  });
}

function dropping() {
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) document.body.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    if (event.dataTransfer.files.length) upload(event.dataTransfer.files[0], "clips");
  });
}

// ---- keys -----------------------------------------------------------------------------------------
const KEYS = {
  b: () => tool.choose("brush"), e: () => tool.choose("eraser"), p: () => tool.choose("polygon"), g: () => tool.choose("grow"),
  v: () => tool.choose("look"), x: () => tool.setSign(tool.sign === "add" ? "remove" : "add"),
  "[": () => tool.setSize(tool.size - 4), "]": () => tool.setSize(tool.size + 4),
  z: () => undo(false), Z: () => undo(true), y: () => undo(true),
  Enter: () => tool.close(), Escape: () => { tool.points = []; viewer.draw(); },
  n: () => nextMark(), d: () => mostDoubtful(), 0: () => viewer.setZoom(1, 0, 0), " ": () => viewer.toggle(),
};

function nextMark() {
  const marks = frames.flatMap((frame, i) => (frame.mined || viewer.masks.has(i) || i in state.corrections ? [i] : []));
  viewer.go(marks.find((i) => i > viewer.at) ?? marks[0] ?? viewer.at);
}

// The frame without a mask of yours whose maps disagree most.
function mostDoubtful() {
  const open = doubts.map((doubt, i) => [doubt, i]).filter(([, i]) => !viewer.masks.has(i) && !(i in state.corrections));
  if (open.length) viewer.go(open.reduce((a, b) => (b[0] > a[0] ? b : a))[1]);
}

function onKey(event) {
  const at = event.target, typed = at.closest?.("select, textarea, video, input:not([type=range])");
  const pressed = at.closest?.("button, a, summary") && [" ", "Enter"].includes(event.key);
  if (!state.clip || typed || pressed || event.altKey) return;
  const command = event.ctrlKey || event.metaKey;
  if (command && !["z", "Z", "y"].includes(event.key)) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step && (at.type !== "range" || at.id === "at")) viewer.go(viewer.at + step * (event.shiftKey ? 10 : 1));
  else if (/^[1-6]$/.test(event.key)) LAYERS[event.key - 1].toggle();
  else if (KEYS[event.key] && !step) KEYS[event.key]();
  else return;
  event.preventDefault();
}

// ---- begin ----------------------------------------------------------------------------------------
function listen() {
  const on = (id, action, event = "click") => byId(id).addEventListener(event, action);
  on("back", () => viewer.go(viewer.at - 1));
  on("next", () => viewer.go(viewer.at + 1));
  on("play", () => viewer.toggle());
  on("at", () => viewer.go(Number(byId("at").value)), "input");
  on("size", () => tool.setSize(Number(byId("size").value)), "input");
  on("undo", () => undo(false));
  on("redo", () => undo(true));
  on("forget", forget);
  on("doubtful", mostDoubtful);
  on("target", describe, "change");
  on("recipe", describe, "change");
  on("film", render, "change");
  on("cancel", () => attempt(() => post("cancel")));
  on("run", () => attempt(run));
  on("learn", () => attempt(() => run({ target: "", recipe: "", effort: "" })));
  on("export", () => attempt(() => post("export", { film: byId("film").value })));
  byId("error").lastElementChild.addEventListener("click", () => fail(""));
  for (const button of document.querySelectorAll("[data-tool]")) button.addEventListener("click", () => tool.choose(button.dataset.tool));
  for (const button of document.querySelectorAll("[data-sign]")) button.addEventListener("click", () => tool.setSign(button.dataset.sign));
  for (const [name, act] of [["pointerdown", "down"], ["pointermove", "move"], ["pointerup", "up"], ["pointercancel", "up"]]) viewer.canvas.addEventListener(name, (event) => tool[act](event));
  viewer.canvas.addEventListener("pointerleave", () => show("tip", false));
  viewer.canvas.addEventListener("dblclick", () => (tool.name === "polygon" ? tool.close() : tool.name === "look" && viewer.setZoom(1, 0, 0)));
  byId("view").addEventListener("wheel", (event) => {
    event.preventDefault();
    viewer.zoomAt(event.clientX, event.clientY, Math.exp(-event.deltaY / 400));
  }, { passive: false });
  new ResizeObserver(() => viewer.fit()).observe(byId("work"));
  addEventListener("keydown", onKey);
  document.addEventListener("visibilitychange", sendAll); // the page may be closed next
}

async function run(wanted = { target: byId("target").value, recipe: byId("recipe").value, effort: byId("effort").value }) {
  await sendAll();
  await post("run", wanted);
}

async function begin() {
  chooseFile("file", "clips", "choose");
  byId("another").addEventListener("click", () => attempt(() => welcome(true)));
  byId("stay").addEventListener("click", () => attempt(() => welcome(false)));
  chooseFile("backdrop-file", "backdrops", "backdrop");
  layerRows();
  listen();
  dropping();
  tool.choose("look");
  tool.setSign("add");
  options = await ask("GET", "options");
  byId("most").textContent = `${options.most / 1e6} MB`;
  filmChoices();
  fillChoices();
  await take(await ask("GET", "state"));
  if (!state.clip) await welcome(true);
}

attempt(begin);
