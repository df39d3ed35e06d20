/**
 * "Type, and it speaks": a text, a voice of the server's, and a stop.
 * Runs in the page's main thread. Never makes sound itself: the server speaks, the face with it.
 */

import * as view from "./view.js";

const { byId } = view;
const EXAMPLE = "Hello! [smiles] Type something, and I say it.";

/**
 * @typedef {{name: string, language: string, title: string}} Voice
 * @typedef {{provider: string|null, reason: string, voice: string|null, voices: Voice[]}} Speech
 * @typedef {{client: any, voice: string, chooseVoice: (voice: any) => Promise<void>,
 *   connect: () => Promise<boolean>, signalling: any, avatars: any[], avatar: string}} Call
 */

/**
 * Voices of the reader's languages first. @param {Voice[]} voices @param {readonly string[]} languages
 * @returns {[Voice[], Voice[]]} Theirs, and the others.
 */
export function sorted(voices, languages) {
  const spoken = new Set(languages.map((each) => each.toLowerCase().split("-")[0]));
  const theirs = ({ language }) => !language || spoken.has(language.toLowerCase().split("-")[0]);
  return [voices.filter(theirs), voices.filter((voice) => !theirs(voice))];
}

export class TypingCard {
  #said = 0;
  /** Whether the person chose the voice. */ #chosen = false;
  /** The segment last asked for, until it is over. */ #segment = "";

  /** @param {Call} call */
  constructor(call) {
    this.call = call;
    byId("type-text").value = EXAMPLE;
    byId("type-form").onsubmit = (event) => (event.preventDefault(), void this.speak());
    byId("type-voice").onchange = () => (this.#chosen = true);
    byId("type-stop").onclick = () => this.call.client?.silence();
    byId("type-text").onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      void this.speak();
    };
    void this.#load();
  }

  /** Speaks the text, connecting first when needed. */
  async speak() {
    const text = byId("type-text").value.trim();
    if (!text) return byId("type-text").focus();
    const { call } = this;
    this.#suit();
    await call.chooseVoice("push");
    if (call.client?.state !== "live" && !(await call.connect())) return;
    this.#said += 1;
    const segment = `typed-${Date.now()}-${this.#said}`;
    const told = call.client.speakText(text, { segment, voice: byId("type-voice").value || undefined });
    if (!told) return view.showNote("The text was not sent.", "Try again in a moment.");
    this.#segment = segment;
    byId("type-stop").disabled = false;
  }

  /** @param {Record<string, any>} message An event of the call. */
  hear(message) {
    if (message.type === "finished" && message.segment === this.#segment) this.#over();
    if (message.type !== "error" || !message.message) return;
    view.showNote(`${message.message}.`, message.hint ?? "");
    if (message.segment === this.#segment) this.#over();
  }

  /** A woman's face speaks with a woman's voice, where there is one of the same language. */
  #suit() {
    if (this.#chosen) return;
    const { avatars, avatar } = this.call;
    const sex = avatars.find(({ name }) => name === avatar)?.attributes?.sex;
    const select = byId("type-voice");
    const [language] = select.selectedOptions[0]?.text.split(", ") ?? [];
    const fit = [...select.options].find(({ text }) => text === `${language}, ${sex}`);
    if (fit) select.value = fit.value;
  }

  /** Nothing is being said any more. */
  #over() {
    this.#segment = "";
    byId("type-stop").disabled = true;
  }

  async #load() {
    /** @type {Speech} */ let speech;
    try {
      ({ speech } = await this.call.signalling.capabilities());
    } catch {
      return; // The faces could not be loaded either, and that was told.
    }
    if (!speech?.provider) return; // Stays hidden: a voice file still speaks.
    byId("type-form").hidden = false;
    const [theirs, others] = sorted(speech.voices, navigator.languages ?? []);
    const option = ({ name, title }) => new Option(title, name, false, name === speech.voice);
    const select = byId("type-voice");
    select.replaceChildren(...theirs.map(option));
    if (others.length === 0) return;
    const group = document.createElement("optgroup");
    group.label = "Other languages";
    group.append(...others.map(option));
    select.append(group);
  }
}
