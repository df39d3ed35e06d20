/**
 * The statistics overlay: rows of a name and a figure.
 * Runs in the page's main thread; `figureRows` is pure. Never measures.
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

/** Figures of the server worth a row: key as it sends it -> name and unit. */
const SERVER_ROWS = [
  ["delay_ms", "Server delay", ms],
  ["render_ms", "Drawing", (value) => ms(value, 1)],
  ["motion_ms", "Motion", (value) => ms(value, 1)],
  ["frames_repeated", "Held pictures", number],
  ["frames_late", "Late pictures", number],
  ["frames_dropped", "Dropped there", number],
];

/**
 * @param {import("../client/stats.js").ClientStats} stats
 * @param {number|null} firstPictureMs From the click to the first picture.
 * @returns {([string, string]|null)[]} null is a rule between groups.
 */
export function figureRows(stats, firstPictureMs) {
  const size = stats.widthPx ? `${stats.widthPx}×${stats.heightPx} ${stats.codec ?? ""}` : NONE;
  const rows = [
    ["Pictures", stats.fps == null ? NONE : `${stats.fps.toFixed(1)} fps`],
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
  const server = SERVER_ROWS.filter(([key]) => typeof stats.server?.[key] === "number").map(
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
