/**
 * The plot of what is felt: valence to the right, arousal upward (Russell 1980), with a trail.
 * Runs in the page's main thread; draws only when something changed. Never reads anything but what it is given.
 */

/** Where the server's table puts each emotion (engines/emotion/values.py), and its colour. */
export const PLACES = {
  neutral: [0, 0, "#7d8792"],
  joy: [0.8, 0.5, "#d99a1c"],
  anger: [-0.6, 0.8, "#d2493f"],
  sadness: [-0.65, -0.4, "#4c86c6"],
  fear: [-0.65, 0.6, "#8a68c4"],
  disgust: [-0.6, 0.35, "#71963f"],
  boredom: [-0.4, -0.6, "#8f7d68"],
  surprise: [0.15, 0.7, "#d76a9b"],
};
/** Points of the trail: five seconds of five a second. */
const TRAIL = 25;
/** Seconds in which most of the way to a new point is gone. */
const EASE_S = 0.12;
const MARGIN = 24;

/** @typedef {{valence: number, arousal: number, intensity: number, label: string}} Felt */

export class Circumplex {
  #canvas;
  #paint;
  /** @type {[number, number][]} */ #trail = [];
  /** @type {Felt|null} */ #felt = null;
  /** @type {[number, number]} */ #at = [0, 0];
  #frame = 0;
  #lastMs = 0;
  #calm = matchMedia("(prefers-reduced-motion: reduce)");

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
    this.#paint = canvas.getContext("2d");
    new ResizeObserver(() => this.#resize()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  /** @param {Felt|null} felt null: nothing is known any more. */
  show(felt) {
    if (!felt) this.#trail = [];
    else {
      if (!this.#felt) this.#at = [felt.valence, felt.arousal];
      this.#trail.push([felt.valence, felt.arousal]);
      this.#trail.splice(0, this.#trail.length - TRAIL);
    }
    this.#felt = felt;
    this.#lastMs = performance.now();
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#move());
  }

  /** One step toward the newest point; asks for the next only while there is a way to go. */
  #move() {
    const now = performance.now();
    const share = this.#calm.matches ? 1 : 1 - Math.exp((this.#lastMs - now) / 1000 / EASE_S);
    this.#lastMs = now;
    const felt = this.#felt;
    let left = 0;
    if (felt) {
      const way = [felt.valence - this.#at[0], felt.arousal - this.#at[1]];
      this.#at = [this.#at[0] + share * way[0], this.#at[1] + share * way[1]];
      left = (1 - share) * Math.hypot(...way);
    }
    this.#draw();
    if (left > 0.002) this.#frame = requestAnimationFrame(() => this.#move());
  }

  #resize() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = globalThis.devicePixelRatio || 1;
    this.#canvas.width = Math.round(width * scale);
    this.#canvas.height = Math.round(height * scale);
    this.#paint.setTransform(scale, 0, 0, scale, 0, 0);
    this.#draw();
  }

  #draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (width === 0) return;
    const style = getComputedStyle(this.#canvas);
    const [ink, soft, line] = ["--ink", "--soft", "--line"].map((name) => style.getPropertyValue(name));
    const radius = Math.min(width, height) / 2 - MARGIN;
    const place = ([valence, arousal]) => [width / 2 + valence * radius, height / 2 - arousal * radius];
    this.#paint.clearRect(0, 0, width, height);
    this.#paint.font = `11px ${style.fontFamily}`;
    this.#axes(width / 2, height / 2, radius, soft, line);
    this.#names(place, soft, ink);
    if (this.#felt) this.#point(place, ink);
  }

  #axes(x, y, radius, soft, line) {
    const paint = this.#paint;
    paint.strokeStyle = line;
    paint.lineWidth = 1;
    paint.beginPath();
    paint.arc(x, y, radius, 0, 2 * Math.PI);
    for (const [dx, dy] of [[1, 0], [0, 1]]) {
      paint.moveTo(x - dx * radius, y - dy * radius);
      paint.lineTo(x + dx * radius, y + dy * radius);
    }
    paint.stroke();
    paint.fillStyle = soft;
    paint.textAlign = "center";
    paint.textBaseline = "middle";
    paint.fillText("excited", x, y - radius - 12);
    paint.fillText("calm", x, y + radius + 12);
    paint.save();
    paint.translate(x - radius - 13, y);
    paint.rotate(-Math.PI / 2);
    paint.fillText("unpleasant", 0, 0);
    paint.restore();
    paint.save();
    paint.translate(x + radius + 13, y);
    paint.rotate(Math.PI / 2);
    paint.fillText("pleasant", 0, 0);
    paint.restore();
  }

  #names(place, soft, ink) {
    const paint = this.#paint;
    paint.textAlign = "left";
    for (const [name, [valence, arousal, colour]] of Object.entries(PLACES)) {
      if (name === "neutral") continue;
      const [x, y] = place([valence, arousal]);
      const now = name === this.#felt?.label;
      paint.globalAlpha = now ? 1 : 0.75;
      paint.fillStyle = colour;
      paint.beginPath();
      paint.arc(x, y, 3, 0, 2 * Math.PI);
      paint.fill();
      paint.fillStyle = now ? ink : soft;
      // To the right of its dot, where the circle's edge leaves room for it.
      const fits = valence < 0.5;
      paint.textAlign = fits ? "left" : "right";
      paint.fillText(name, x + (fits ? 7 : -7), y);
    }
    paint.globalAlpha = 1;
  }

  #point(place, ink) {
    const paint = this.#paint;
    const felt = this.#felt;
    const colour = (PLACES[felt.label] ?? PLACES.neutral)[2];
    const [x, y] = place(this.#at);
    const points = [...this.#trail.slice(0, -1).map(place), [x, y]];
    paint.lineCap = "round";
    paint.strokeStyle = colour;
    for (let i = 1; i < points.length; i += 1) {
      paint.globalAlpha = 0.75 * (i / points.length) ** 2;
      paint.lineWidth = 1 + 2 * (i / points.length);
      paint.beginPath();
      paint.moveTo(points[i - 1][0], points[i - 1][1]);
      paint.lineTo(points[i][0], points[i][1]);
      paint.stroke();
    }
    paint.fillStyle = colour;
    paint.globalAlpha = 0.22;
    paint.beginPath();
    paint.arc(x, y, 9 + 13 * felt.intensity, 0, 2 * Math.PI);
    paint.fill();
    paint.globalAlpha = 1;
    paint.beginPath();
    paint.arc(x, y, 6, 0, 2 * Math.PI);
    paint.fill();
    paint.lineWidth = 1.5;
    paint.strokeStyle = ink;
    paint.stroke();
  }
}
