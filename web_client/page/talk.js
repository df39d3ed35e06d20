/**
 * "Talk": whose turn it is, what was said, a question to type, and what the server has not got for it.
 * Runs in the page's main thread. Never answers anything itself: the server's assistant does.
 */

import { sentence } from "../client/errors.js";
import { Transcripts, speaker } from "./transcript.js";
import * as view from "./view.js";

const { byId } = view;
const TURN = { listening: "Listening", hearing: "Hearing you", thinking: "Thinking…", speaking: "Speaking" };
const WITHOUT = {
  asr: "It cannot hear words: type to it. The microphone stays off.",
  llm: "It has no answers of its own: what you type is spoken as it is.",
  tts: "It has no voice: its answers are written here, not spoken.",
};
const MUTE_ECHO = { llm: "It has no answers of its own, and no voice to speak what you type." };
/** Warnings of the assistant's parts; what is missing the card says by itself. */
const OURS = /^(asr|llm|tts|realtime|assistant)_|^too_long$/;

/**
 * @typedef {import("../synchrorama.js").Assistant} Assistant
 * @typedef {{client: any, voice: string, running: boolean, micOff: boolean, signalling: any,
 *   chooseVoice: (voice: any) => Promise<void>, connect: () => Promise<boolean>}} Call
 */

/**
 * What does not work, in words, with what to set. @param {Assistant} assistant
 * @returns {{words: string, remedy: string}[]}
 */
export function lacks({ missing }) {
  const mute = missing.some(({ part }) => part === "tts");
  return missing.map(({ part, set }) => ({
    words: (mute && MUTE_ECHO[part]) || WITHOUT[part] || `It has no ${part}.`,
    remedy: `To change that, set ${set}.`,
  }));
}

export class TalkCard {
  /** Whether the microphone is used: not where nothing writes words down, nor where it was refused. */
  listens = true;
  /** Whether one of our warnings is shown. */ #warned = false;
  /** @type {Assistant} */ #assistant = { parts: { asr: true, llm: true, tts: true }, missing: [] };
  #said = new Transcripts();

  /** @param {Call} call */
  constructor(call) {
    this.call = call;
    byId("talk-form").onsubmit = (event) => (event.preventDefault(), void this.ask());
    byId("talk-stop").onclick = () => call.client?.interrupt();
    this.#hint();
    void this.#load();
  }

  /** Asks what was typed, connecting first when needed. */
  async ask() {
    const text = byId("talk-text").value.trim();
    if (!text) return byId("talk-text").focus();
    const { call } = this;
    if (call.client?.state !== "live" && !(await call.connect())) return;
    try {
      if (!call.client.ask(text)) return view.showNote("The question was not sent.", "Try again in a moment.");
      byId("talk-text").value = "";
    } catch (error) {
      view.showNote(error.message, error.remedy);
    }
  }

  /** Nobody listens: the microphone was refused, or is not wanted. */
  typeOnly() {
    this.listens = false;
    void this.call.chooseVoice("assistant"); // Shows that there is no microphone.
    this.#hint();
    byId("talk-text").focus();
  }

  /** Chosen anew: the microphone is tried again. */
  chosen() {
    this.listens = this.#assistant.parts.asr;
    this.#hint();
  }

  /** A call begins: what was said before is not part of it. */
  begin() {
    this.#said = new Transcripts();
    this.#draw();
  }

  /** @param {boolean} live Whether somebody listens. */
  live(live) {
    if (live) return;
    view.showTurn(null);
    byId("talk-stop").disabled = true;
  }

  /** @param {Record<string, any>} message An event of the call. @returns {boolean} Whether it was ours alone. */
  hear(message) {
    if (message.type === "assistant") this.#lacks(/** @type {Assistant} */ (message));
    if (message.type === "turn") this.#turn(message);
    if (message.type === "transcript") {
      this.#said.hear(/** @type {any} */ (message));
      this.#draw();
    }
    return message.type === "warning" && OURS.test(message.code) && this.#warn(message);
  }

  #turn({ state, hearing }) {
    const shown = hearing ? "hearing" : state;
    view.showTurn(shown, TURN[shown] ?? state);
    byId("talk-stop").disabled = state === "listening";
    if (state !== "speaking" || !this.#warned) return;
    this.#warned = false; // It works again.
    view.hideNote();
  }

  #warn({ code, message, hint, retry_s: retryS }) {
    if (code.endsWith("_missing")) return true;
    const wait = retryS ? ` It asks to wait ${Math.ceil(retryS)} s.` : "";
    view.showNote(sentence(message) ?? code, `${sentence(hint) ?? ""}${wait}`.trim());
    this.#warned = true;
    return true;
  }

  #draw() {
    const list = byId("talk-log");
    const { rows } = this.#said;
    while (list.children.length > rows.length) list.lastChild.remove();
    // Rows that have not changed stay: a screen reader reads new ones only.
    rows.forEach((row, at) => {
      const [now, old] = [drawn(row), list.children[at]];
      if (!old) list.append(now);
      else if (old.outerHTML !== now.outerHTML) old.replaceWith(now);
    });
    list.scrollTop = list.scrollHeight;
    if (this.#said.rows.length > 0) byId("talk-hint").hidden = true;
  }

  /** How to begin. */
  #hint() {
    const { llm } = this.#assistant.parts;
    byId("talk-text").placeholder = llm ? "Type a question" : "Type what it is to say";
    const begin = this.call.client?.state === "live" ? "Speak" : "Connect and speak";
    byId("talk-hint").textContent = this.listens ? `${begin}, or type.` : "";
    byId("talk-hint").hidden = !this.listens || this.#said.rows.length > 0;
  }

  /** @param {Assistant} assistant */
  #lacks(assistant) {
    const notes = lacks(assistant).map(({ words, remedy }) => {
      const note = document.createElement("p");
      const how = document.createElement("small");
      note.className = "hint";
      how.textContent = remedy;
      note.append(words, how);
      return note;
    });
    byId("talk-lacks").replaceChildren(...notes);
    this.#assistant = assistant;
    this.#hint();
  }

  async #load() {
    /** @type {Assistant|undefined} */ let assistant;
    try {
      ({ assistant } = await this.call.signalling.capabilities());
    } catch {
      return; // The faces could not be loaded either, and that was told.
    }
    if (!assistant) return;
    if (!assistant.parts.asr) this.listens = false;
    this.#lacks(assistant);
    if (this.call.voice === "assistant") await this.call.chooseVoice("assistant");
  }
}

/** @param {import("./transcript.js").Row} row */
function drawn(row) {
  const item = document.createElement("li");
  const who = document.createElement("b");
  item.className = row.by;
  who.textContent = `${speaker(row)}: `;
  item.append(who);
  for (const { text, rest, cut } of row.parts) {
    item.append(text);
    if (rest) item.append(" ", Object.assign(document.createElement("s"), { textContent: rest.trim() }));
    if (cut) item.append(Object.assign(document.createElement("small"), { textContent: "Interrupted" }));
    else item.append(" ");
    item.classList.toggle("cut", cut);
  }
  return item;
}
