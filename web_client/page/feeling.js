/**
 * The Feeling card: what the face feels, and telling it what to feel, do and be like.
 * Runs in the page's main thread. Never listens to words before a person switched that on.
 */

import { Circumplex } from "./circumplex.js";
import { SceneRead } from "./scene.js";
import { byId, showMeter } from "./view.js";
import { WordListener } from "./words.js";

/** While a slider is dragged not every step has to be told. */
const SETTLE_MS = 90;
/** The plot's description is not read out faster than it can be heard. */
const SAY_MS = 2000;
const DIALS = ["energy", "smile", "gaze", "tempo", "blink", "brows", "nod"];
const SOURCES = { text: "the words", speech: "the voice", affect: "its melody" };

/** @typedef {import("../synchrorama.js").AvatarClient} AvatarClient */

export class FeelingCard {
  #client;
  #plot;
  #words;
  #timer = 0;
  #saidMs = -Infinity;
  #live = false;
  #mirror = true;
  #scene = "";
  /** Whose telling the server obeys now: it has one word for both, `override`. */
  #by = "your choice";
  #read = new SceneRead();

  /** @param {() => AvatarClient|null} client Whoever is called now. */
  constructor(client) {
    this.#client = client;
    this.#plot = new Circumplex(byId("circumplex"));
    this.#words = new WordListener(
      (text) => this.#client()?.say(text),
      (why) => ((byId("words").checked = false), this.#tell(why)),
    );
    byId("words-row").hidden = !WordListener.possible;
    byId("words").onchange = () => (this.#tell(""), this.#listenToWords());
    byId("feel").onchange = () => this.#feel();
    byId("strength").oninput = () => this.#soon(() => this.#feel());
    for (const id of ["temperature", ...DIALS]) byId(id).oninput = () => this.#soon(() => this.#move());
    byId("dials-usual").onclick = () => this.#usual();
    byId("scene-form").onsubmit = (event) => (event.preventDefault(), this.#setScene());
    for (const button of byId("acts").querySelectorAll("button")) {
      button.onclick = () => this.#client()?.act(button.value);
    }
    this.live(false);
  }

  /** A call is over: what it was told to feel is not what the next begins with. */
  ended() {
    clearTimeout(this.#timer);
    this.#by = "your choice";
    byId("feel").value = "";
    byId("strength-row").hidden = true;
  }

  /** What a call is to begin with. What is chosen between calls is for the next. */
  get wishes() {
    return { emotion: this.#feeling(), manner: this.#manner(), scene: this.#scene || null };
  }

  /** @param {boolean} live Whether there is somebody to tell. @param {"mirror"|"push"} [voice] */
  live(live, voice = "mirror") {
    this.#live = live;
    this.#mirror = voice === "mirror";
    byId("feeling-controls").disabled = !live;
    byId("feeling").classList.toggle("off", !live);
    if (!live) this.#nothing();
    this.#listenToWords();
  }

  /** @param {Record<string, any>} message The server's `emotion` event. */
  show(message) {
    const { label, intensity, valence, arousal, sources = [] } = message;
    this.#plot.show({ label, intensity, valence, arousal });
    byId("felt-label").textContent = label;
    byId("felt-share").textContent = label === "neutral" ? "" : `${Math.round(100 * intensity)} %`;
    showMeter(byId("felt-intensity"), intensity);
    const known = sources.map((name) => (name === "override" ? this.#by : SOURCES[name])).filter(Boolean);
    byId("felt-from").textContent = known.length > 0 ? `by ${known.join(" and ")}` : "nothing heard yet";
    if (performance.now() - this.#saidMs < SAY_MS) return;
    this.#saidMs = performance.now();
    const words = `${label}, valence ${valence.toFixed(1)}, arousal ${arousal.toFixed(1)}`;
    byId("circumplex").setAttribute("aria-label", `What the face feels: ${words}`);
  }

  /** What the scene text was taken for. @param {import("./scene.js").SceneEvent} scene The server's `scene` event. */
  showScene(scene) {
    this.#tell("");
    this.#read.show(scene);
    if (scene.source === "template") return;
    if (scene.mood) this.#by = "the scene";
    // What it set must be seen where it can be taken back.
    if (scene.mood?.label) {
      byId("feel").value = scene.mood.label;
      byId("strength").value = String(scene.mood.intensity);
      byId("strength-row").hidden = false;
    }
    if (Object.keys(scene.dials ?? {}).length === 0) return;
    for (const name of DIALS) byId(name).value = String(scene.dials?.[name] ?? 0.5);
  }

  /** @param {Record<string, any>} warning @returns {boolean} Whether it was about this card, and is told here. */
  warned(warning) {
    if (warning.code !== "unknown_message" || !this.#scene) return false;
    this.#tell("This server does not act on scenes yet. The text is kept for one that does.");
    return true;
  }

  // ---------------------------------------------------------------------------------------------

  #feel() {
    this.#by = "your choice";
    byId("strength-row").hidden = byId("feel").value === "";
    this.#client()?.feel(this.#feeling());
  }

  #feeling() {
    const label = byId("feel").value;
    return label === "" ? null : { label, intensity: Number(byId("strength").value) };
  }

  #move() {
    const { dials, temperature } = this.#manner();
    this.#client()?.setManner(dials, temperature);
  }

  #manner() {
    const dials = Object.fromEntries(DIALS.map((name) => [name, Number(byId(name).value)]));
    return { dials, temperature: Number(byId("temperature").value) };
  }

  #usual() {
    byId("temperature").value = "1";
    for (const name of DIALS) byId(name).value = "0.5";
    this.#move();
  }

  #setScene() {
    this.#scene = byId("scene-text").value.trim();
    this.#read.ask(this.#scene !== "");
    this.#tell("");
    this.#client()?.setScene(this.#scene || null);
  }

  #listenToWords() {
    const wanted = byId("words").checked && this.#live && this.#mirror;
    if (wanted) this.#words.start();
    else this.#words.stop();
  }

  #soon(act) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(act, SETTLE_MS);
  }

  /** @param {string} words Below the controls. */
  #tell(words) {
    byId("feeling-says").textContent = words;
  }

  #nothing() {
    this.#plot.show(null);
    byId("felt-label").textContent = "Shown while connected";
    byId("felt-share").textContent = byId("felt-from").textContent = "";
    showMeter(byId("felt-intensity"), 0);
    byId("circumplex").setAttribute("aria-label", "What the face feels: shown while connected");
  }
}
