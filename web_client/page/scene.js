/**
 * What a scene text was taken for, under its field: the description, dials and actions, and who read it.
 * Runs in the page's main thread. Never tells the face anything.
 */

import { byId } from "./view.js";

const DIALS = {
  energy: "Energy",
  smile: "Smile",
  gaze: "Eye contact",
  tempo: "Tempo",
  blink: "Blinking",
  brows: "Brows",
  nod: "Nodding",
};
const ACTIONS = { shake: "Shake head", tilt: "Tilt head" };
const SOURCES = { text: "Read from the words.", llm: "Read by the language model.", template: "Described by the template" };

/**
 * @typedef {{description?: string, source: string, dials?: Record<string, number>, actions?: string[],
 *   mood?: {label?: string, intensity: number}|null, notice?: string}} SceneEvent
 */

export class SceneRead {
  #wanted = false;
  /** Of the words themselves; a reading that comes later may add to it. @type {string[]} */ #actions = [];

  /** @param {boolean} wanted Whether there is a scene text. */
  ask(wanted) {
    this.#wanted = wanted;
    if (!wanted) byId("scene-read").hidden = true;
  }

  /** @param {SceneEvent} scene The server's `scene` event. */
  show({ description = "", source, dials = {}, actions = [], mood = null, notice = "" }) {
    if (!this.#wanted) return;
    // The words themselves stand in the field above.
    byId("scene-description").textContent = source === "text" ? "" : description;
    this.#actions = source === "template" ? this.#actions : actions;
    const told = Object.entries(dials).filter(([name]) => name in DIALS);
    byId("scene-signs").replaceChildren(...told.map(dial), ...this.#actions.map(action));
    const nothing = told.length + this.#actions.length === 0 && !mood && source === "text";
    const from = nothing ? "Nothing in these words changes how the face moves." : SOURCES[source] ?? "";
    byId("scene-source").textContent = source === "template" ? `${from}${notice && `: ${notice}`}.` : from;
    byId("scene-read").hidden = false;
  }
}

/** @param {[string, number]} dial A name and a bar that grows from the middle, which is usual. */
function dial([name, value]) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  const bar = document.createElement("i");
  text.textContent = DIALS[name];
  bar.style.setProperty("--from", String(Math.min(value, 0.5)));
  bar.style.setProperty("--to", String(Math.max(value, 0.5)));
  item.className = "dial";
  item.title = `${DIALS[name]}: ${Math.round(100 * value)} of 100, 50 is usual`;
  item.append(text, bar);
  return item;
}

/** @param {string} name */
function action(name) {
  const item = document.createElement("li");
  const words = ACTIONS[name] ?? name.replaceAll("_", " ");
  item.className = "act";
  item.textContent = words.charAt(0).toUpperCase() + words.slice(1);
  return item;
}
