const page = JSON.parse(document.getElementById("data").textContent);

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
    this.plot = new ScorePlot(section, clip.frames.length, clip, (i) => this.show(i));
    this.show(0);
  }

  show(i) {
    this.at = Math.max(0, Math.min(this.clip.frames.length - 1, i));
    this.images.forEach((image, k) => {
      const picture = this.clip.panes[k].images[this.at];
      image.parentNode.style.visibility = picture ? "visible" : "hidden";
      if (picture) image.src = picture;
      else image.removeAttribute("src");
    });
    this.range.value = this.at;
    const learnt = this.clip.mined.includes(this.at) ? "learnt from" : "";
    this.about.textContent = [this.clip.frames[this.at], learnt, this.clip.why[this.at]].filter(Boolean).join(" \u00b7 ");
    this.plot.show(this.at);
  }

  toggle() {
    clearInterval(this.timer);
    const playing = this.timer === null;
    this.timer = playing ? setInterval(() => this.show((this.at + 1) % this.clip.frames.length), 80) : null;
    this.button.textContent = playing ? "stop" : "play";
  }
}

function table(data, parent) {
  const section = make("section", parent);
  const holder = data.folded ? make("details", section) : section;
  if (data.folded) make("summary", holder, data.caption);
  const node = make("table", make("div", holder, null, { class: "wide" }));
  if (!data.folded) make("caption", node, data.caption);
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
  section.classList.add("bars");
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
if (page.tables_first) byId("clips").before(byId("tables"), byId("bars"));
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
