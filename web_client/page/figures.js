/**
 * The statistics overlay: rows of a name and a figure.
 * Runs in the page's main thread; `figureRows` is pure. Never measures, but compares over some seconds.
 */

const NONE = "–";

/** @param {number|null|undefined} value */
function number(value, digits = 0) {
  return typeof value === "number" && Number.isFinite(value) ? value.toFixed(digits) : NONE;
}

/** @param {number|null|undefined} value */
function ms(value, digits = 0) {
  const text = number(value, digits);
  return text === NONE ? NONE : `${text} ms`;
}

/** @param {number|null} offset */
function offset(offset) {
  if (typeof offset !== "number") return NONE;
  const text = ms(Math.abs(offset));
  if (Math.abs(offset) < 5) return `${text}`;
  return `${text}, ${offset > 0 ? "sound" : "picture"} first`;
}

/** What a rung of the server's quality ladder draws. */
const RUNGS = {
  mouth: "diffusion, mouth only",
  "motion frame": "motion frame",
  "12.5 fps": "every second picture",
};

/** @param {unknown} rung As the server names it; "1 step" and more are steps of diffusion. */
function quality(rung) {
  const name = String(rung);
  return RUNGS[name] ?? (/^\d+ steps?$/.test(name) ? `diffusion, ${name}` : name);
}

/** Figures of the server worth a row: key as it sends it -> name and unit. */
const SERVER_ROWS = [
  ["delay_ms", "Server delay", ms],
  ["rung", "Drawn by", quality],
  ["render_ms", "Drawing", (value) => ms(value, 1)],
  ["motion_ms", "Motion", (value) => ms(value, 1)],
  ["frames_repeated", "Held pictures", number],
  ["frames_late", "Late pictures", number],
  ["frames_dropped", "Dropped there", number],
];

/** Of twice a second: what is compared reaches four seconds back. */
const LOOKS = 8;
/** A larger part of pictures that were held or dropped is told. */
const SLOW_SHARE = 0.2;

/** How many of the last seconds' pictures were new: the server sends the one before again when it has none. */
export class Freshness {
  /** @type {{sent: number, repeated: number, decoded: number, dropped: number}[]} */ #looks = [];

  /** A new call counts from nothing. */
  clear() {
    this.#looks = [];
  }

  /**
   * @param {import("../client/stats.js").ClientStats} stats
   * @returns {{share: number, slow: boolean}} share: of the pictures that came, those that are new.
   *   slow: too few were, or were shown, over all of the time that is compared.
   */
  look({ server, framesDecoded, framesDropped }) {
    const sent = server?.frames_sent;
    const repeated = server?.frames_repeated;
    if (typeof sent !== "number" || typeof repeated !== "number") return { share: 1, slow: false };
    this.#looks.push({ sent, repeated, decoded: framesDecoded, dropped: framesDropped });
    if (this.#looks.length > LOOKS + 1) this.#looks.shift();
    const [first] = this.#looks;
    const held = part(repeated - first.repeated, sent - first.sent);
    const dropped = part(framesDropped - first.dropped, framesDecoded - first.decoded);
    const whole = this.#looks.length > LOOKS;
    return { share: 1 - held, slow: whole && 1 - (1 - held) * (1 - dropped) > SLOW_SHARE };
  }
}

/** @param {number} some @param {number} all */
function part(some, all) {
  return all > 0 ? Math.min(1, Math.max(0, some / all)) : 0;
}

/**
 * @param {import("../client/stats.js").ClientStats} stats
 * @param {number|null} firstPictureMs From the click to the first picture.
 * @param {number} [fresh] Share of the pictures that are new.
 * @returns {([string, string]|null)[]} null is a rule between groups.
 */
export function figureRows(stats, firstPictureMs, fresh = 1) {
  const size = stats.widthPx ? `${stats.widthPx}×${stats.heightPx} ${stats.codec ?? ""}` : NONE;
  const rows = [
    ["Pictures", stats.fps == null ? NONE : `${(stats.fps * fresh).toFixed(1)} fps`],
    ["Size", size.trim()],
    ["Bit rate", stats.videoKbps == null ? NONE : `${stats.videoKbps.toFixed(0)} kbit/s`],
    ["Round trip", ms(stats.roundTripMs, 1)],
    ["Buffer, picture", ms(stats.videoBufferMs)],
    ["Buffer, sound", ms(stats.audioBufferMs)],
    ["Sound to picture", stats.audioToPictureMs == null ? NONE : `≈ ${ms(stats.audioToPictureMs)}`],
    ["Lip sync", offset(stats.avOffsetMs)],
    ["Dropped", `${stats.framesDropped} of ${stats.framesDecoded}`],
    ["Freezes", stats.freezes ? `${stats.freezes} (${stats.freezeS.toFixed(1)} s)` : "0"],
    ["First picture", ms(firstPictureMs)],
  ];
  const told = (key) => typeof stats.server?.[key] === (key === "rung" ? "string" : "number");
  const server = SERVER_ROWS.filter(([key]) => stats.server?.[key] !== "" && told(key)).map(
    ([key, name, format]) => [name, format(stats.server[key])],
  );
  return /** @type {any} */ (server.length > 0 ? [...rows, null, ...server] : rows);
}

/**
 * @param {HTMLElement} list A dl.
 * @param {([string, string]|null)[]} rows
 */
export function showFigures(list, rows) {
  const cells = rows.flatMap((row) => {
    if (row === null) {
      const rule = document.createElement("div");
      rule.className = "rule";
      return [rule];
    }
    const [name, value] = row;
    const term = document.createElement("dt");
    const figure = document.createElement("dd");
    term.textContent = name;
    figure.textContent = value;
    return [term, figure];
  });
  list.replaceChildren(...cells);
}
