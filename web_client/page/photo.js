/**
 * What the server saw, drawn over the photo: outline, frame, faces to choose from.
 * Runs in the page's main thread. Never sends anything.
 */

import { byId } from "./view.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {import("../client/signalling.js").PhotoInfo|null} seen null: nothing.
 * @param {((index: number) => void)|null} [choose] Makes each face a button.
 */
export function drawPhoto(seen, choose = null) {
  const { faces = [], outlines = [], crop = null } = seen ?? {};
  const marks = outlines.map((points) => shape("polygon", { points: points.map((point) => point.join(",")).join(" ") }));
  if (crop) marks.unshift(...frame(crop));
  // The outline says more than the box: that is only for what cannot be outlined.
  if (outlines.length === 0 && !choose) {
    marks.push(...faces.map(([x, y, width, height]) => shape("rect", { x, y, width, height })));
  }
  byId("photo-lines").replaceChildren(...marks);
  byId("photo-faces").replaceChildren(...(choose ? faces.map((box, index) => faceButton(box, index, choose)) : []));
}

/** The square that will be seen; the rest is dimmed. */
function frame([x, y, width, height]) {
  const inside = `M${x} ${y}h${width}v${height}h${-width}z`;
  return [
    shape("path", { class: "outside", d: `M0 0h1v1h-1z${inside}` }),
    shape("rect", { class: "frame", x, y, width, height }),
  ];
}

function shape(kind, attributes) {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

function faceButton([x, y, width, height], index, choose) {
  const button = document.createElement("button");
  const number = document.createElement("span");
  const right = Math.min(x + width, 1);
  const bottom = Math.min(y + height, 1);
  const left = Math.max(x, 0);
  const top = Math.max(y, 0);
  number.textContent = String(index + 1);
  button.type = "button";
  button.className = "photo-face";
  button.setAttribute("aria-label", `Face ${index + 1}`);
  const percent = (share) => `${(share * 100).toFixed(2)}%`;
  Object.assign(button.style, {
    left: percent(left),
    top: percent(top),
    width: percent(right - left),
    height: percent(bottom - top),
  });
  button.append(number);
  button.onclick = () => choose(index);
  return button;
}
