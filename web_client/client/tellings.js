/**
 * What a face may be told, checked and put into the messages of docs/api.md ("Telling the face").
 * Pure; runs anywhere. Never sends: a wrong wish must fail where it is made, not on the wire.
 */

import { AvatarError } from "./errors.js";

export const EMOTIONS = ["neutral", "joy", "anger", "sadness", "fear", "disgust", "boredom", "surprise"];
export const ACTIONS = ["nod", "shake", "tilt", "look_left", "look_right", "look_up", "look_down", "raise_brows",
  "smile", "laugh", "wink", "shrug"];
export const DIALS = ["energy", "smile", "gaze", "tempo", "blink", "brows", "nod"];
export const MAX_TEMPERATURE = 1.5;
/** Characters of words that are sent; of more, the last. One character is at most 6 bytes of JSON. */
const MAX_TEXT = 4096;
const MAX_SCENE = 2000;
const MAX_ASKED = 4000;

/**
 * @typedef {{label?: string|null, valence?: number|null, arousal?: number|null, intensity?: number}} Feeling
 * valence and arousal: -1 to 1; intensity: 0 to 1, 1 when left out.
 * @typedef {Record<string, number>} Dials 0 to 1 each, 0.5 is usual.
 */

/** @param {string} name @param {unknown} value @param {number} low @param {number} high */
function number(name, value, low, high) {
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw new AvatarError("bad-wish", { message: `${name}: got ${value}, wanted ${low} to ${high}.` });
}

/** @param {string} name @param {unknown} value @param {string[]} known */
function oneOf(name, value, known) {
  if (typeof value === "string" && known.includes(value)) return value;
  throw new AvatarError("bad-wish", { message: `${name}: got ${value}, wanted one of ${known.join(", ")}.` });
}

/** @param {string} name @param {unknown} value @param {number} length */
function words(name, value, length) {
  if (typeof value === "string") return value.slice(-length);
  throw new AvatarError("bad-wish", { message: `${name}: wanted a text.` });
}

/** @param {string} text Words being spoken now. */
export const transcript = (text) => ({ type: "transcript", text: words("text", text, MAX_TEXT) });

/** @param {string} text What the visitor asks. A cut question would be another one: it is refused. */
export function ask(text) {
  const asked = words("text", text, Infinity).trim();
  if (asked.length > 0 && asked.length <= MAX_ASKED) return { type: "ask", text: asked };
  throw new AvatarError("bad-wish", { message: `text: got ${asked.length} letters, wanted 1 to ${MAX_ASKED}.` });
}

/** @param {string} text What happens around the person and how they are. */
export const scene = (text) => ({ type: "scene", text: words("scene", text, MAX_SCENE) });

/** @param {string} name */
export const action = (name) => ({ type: "action", name: oneOf("action", name, ACTIONS) });

/** @param {{speaking: boolean, energy?: number}} other What the other side does. */
export function listening({ speaking, energy = 0.5 }) {
  return { type: "listening", speaking: Boolean(speaking), energy: number("energy", energy, 0, 1) };
}

/** @param {Feeling|null} feeling null: what is heard counts again. @returns {Feeling|null} As the API takes it. */
export function emotion(feeling) {
  if (feeling === null) return null;
  const { label, valence, arousal, intensity = 1 } = Object(feeling);
  if (label == null && valence == null && arousal == null) {
    throw new AvatarError("bad-wish", { message: "A feeling needs a label, a valence or an arousal." });
  }
  return {
    ...(label == null ? {} : { label: oneOf("label", label, EMOTIONS) }),
    ...(valence == null ? {} : { valence: number("valence", valence, -1, 1) }),
    ...(arousal == null ? {} : { arousal: number("arousal", arousal, -1, 1) }),
    intensity: number("intensity", intensity, 0, 1),
  };
}

/** @param {Dials} dials @param {number} temperature 0 (calm, the likeliest) to 1.5. */
export function manner(dials, temperature) {
  const checked = Object.entries(dials).map(([name, value]) => {
    oneOf("dial", name, DIALS);
    return [name, number(name, value, 0, 1)];
  });
  return {
    dials: Object.fromEntries(checked),
    temperature: number("temperature", temperature, 0, MAX_TEMPERATURE),
  };
}
