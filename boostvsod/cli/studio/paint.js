// The mask of one frame: white where the object is, at the size of the frame.
class Mask {
  constructor(width, height) {
    this.canvas = document.createElement("canvas");
    this.canvas.width = width;
    this.canvas.height = height;
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.context.lineCap = this.context.lineJoin = "round";
    this.context.fillStyle = this.context.strokeStyle = "#fff";
  }

  // 255 where a pixel belongs to the object, else 0: one byte a pixel.
  bytes() {
    const { data } = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height);
    const bytes = new Uint8Array(data.length / 4);
    for (let i = 0; i < bytes.length; i += 1) bytes[i] = data[4 * i + 3] >= 128 ? 255 : 0;
    return bytes;
  }

  setBytes(bytes) {
    const image = this.context.createImageData(this.canvas.width, this.canvas.height);
    image.data.fill(255);
    for (let i = 0; i < bytes.length; i += 1) image.data[4 * i + 3] = bytes[i];
    this.context.putImageData(image, 0, 0);
  }

  // The object is where the alpha of a picture reaches one half.
  setPicture(picture) {
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.drawImage(picture, 0, 0, this.canvas.width, this.canvas.height);
    this.setBytes(this.bytes());
  }

  paint(remove, draw) {
    this.context.globalCompositeOperation = remove ? "destination-out" : "source-over";
    draw(this.context);
    this.context.globalCompositeOperation = "source-over";
  }

  stroke(from, to, width, remove) {
    this.paint(remove, (context) => {
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x + 0.001, to.y); // a line without length would draw nothing
      context.stroke();
    });
  }

  fill(points, remove) {
    this.paint(remove, (context) => {
      context.beginPath();
      for (const point of points) context.lineTo(point.x, point.y);
      context.closePath();
      context.fill();
    });
  }

  // Add or remove the pixels whose distance, 0 to 255, is below a limit; `before` is the mask without them.
  grow(before, distances, limit, remove) {
    const bytes = before.slice();
    for (let i = 0; i < bytes.length; i += 1) if (distances[i] <= limit) bytes[i] = remove ? 0 : 255;
    this.setBytes(bytes);
  }

  // As a PNG, white on black.
  async png() {
    const flat = document.createElement("canvas");
    flat.width = this.canvas.width;
    flat.height = this.canvas.height;
    const context = flat.getContext("2d");
    context.fillRect(0, 0, flat.width, flat.height);
    context.drawImage(this.canvas, 0, 0);
    return new Promise((resolve) => { flat.toBlob(resolve, "image/png"); });
  }
}

// What can be undone, by frame: masks as bytes; null stands for no mask.
class History {
  constructor() { this.byFrame = new Map(); }

  of(frame) {
    if (!this.byFrame.has(frame)) this.byFrame.set(frame, { past: [], future: [] });
    return this.byFrame.get(frame);
  }

  add(frame, before) {
    const { past } = this.of(frame);
    past.push(before);
    if (past.length > History.MOST) past.shift();
    this.of(frame).future = [];
  }

  // Swap the present mask with the last one of a list; undefined if there is none.
  step(frame, present, redo) {
    const { past, future } = this.of(frame);
    const [from, to] = redo ? [future, past] : [past, future];
    if (!from.length) return undefined;
    to.push(present);
    return from.pop();
  }
}
History.MOST = 30;
