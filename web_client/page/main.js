/**
 * The demo page: wires the controls to one AvatarClient at a time.
 * Runs in the page's main thread. Never talks to the server but through the client.
 */

import { AvatarClient, LevelMeter, decodeVoice, listMicrophones } from "../synchrorama.js";
import { takeDrops } from "./dropping.js";
import { Freshness, figureRows, showFigures } from "./figures.js";
import { FeelingCard } from "./feeling.js";
import { endOnStage, playOnStage } from "./look.js";
import { PortraitForm, isPicture } from "./portrait.js";
import { StageCard } from "./stage.js";
import { TalkCard } from "./talk.js";
import { TypingCard } from "./typing.js";
import * as view from "./view.js";

const { byId } = view;
const SERVER = new URL("..", import.meta.url);
const DEMO_VOICE = new URL("../voice/welcome.wav", import.meta.url);

class Page {
  /** @type {AvatarClient|null} */ client = null;
  /** @type {import("../client/signalling.js").AvatarInfo[]} */ avatars = [];
  /** @type {"mirror"|"push"|"assistant"} */ voice = "mirror";
  avatar = "";
  microphone = "";
  micOff = false;
  voiceOff = false;
  /** @type {number|null} */ firstPictureMs = null;
  /** @type {LevelMeter|null} */ #meter = null;
  #freshness = new Freshness();
  #clickedMs = 0;
  #countdown = 0;
  #progress = 0;
  #lengthMs = 1;
  #turn = 0;

  constructor() {
    this.video = /** @type {HTMLVideoElement} */ (byId("video"));
    view.showState("idle");
    view.showNoFigures();
    const { signalling } = new AvatarClient({ server: SERVER });
    this.signalling = signalling;
    this.portrait = new PortraitForm(signalling, {
      made: async (name) => {
        await this.loadAvatars(name);
        byId("stage").scrollIntoView({ block: "nearest" });
        this.#look();
      },
      removed: async () => (this.running && (await this.hangUp()), this.loadAvatars()),
      leave: () => (this.running ? this.hangUp() : Promise.resolve()),
    });
    this.stage = new StageCard(signalling, {
      changed: (stage) => this.client?.setStage(stage).catch((error) => this.#onRefused(error)),
      resized: () => this.#again(),
    });
    this.feeling = new FeelingCard(() => this.client);
    this.typing = new TypingCard(this);
    this.talk = new TalkCard(this);
    this.#controls();
    takeDrops((file) => this.#take(file));
    navigator.mediaDevices?.addEventListener?.("devicechange", () => this.#listMicrophones());
    this.#listMicrophones();
    this.loadAvatars();
  }

  /** @param {string} [wish] The avatar to choose. */
  async loadAvatars(wish) {
    try {
      this.avatars = await this.signalling.avatars();
    } catch (error) {
      view.showNoFaces("No answer yet.");
      const retry = () => (view.hideNote(), this.loadAvatars());
      return view.showNote(error.message, error.remedy, { label: "Try again", run: retry });
    }
    if (this.avatars.length === 0) return view.showNoFaces("The server has no faces yet.");
    const wanted = wish ?? new URLSearchParams(location.search).get("avatar");
    const chosen = this.avatars.find(({ name }) => name === wanted) ??
      this.avatars.find((avatar) => avatar.default) ?? this.avatars[0];
    const changed = this.avatar !== "" && this.avatar !== chosen.name;
    this.avatar = chosen.name;
    this.#showChosen(chosen);
    view.showFaces(this.avatars, this.avatar, (name) => this.chooseAvatar(name));
    if (changed) await this.#again();
  }

  async chooseAvatar(name) {
    this.avatar = name;
    const chosen = this.avatars.find((avatar) => avatar.name === name);
    this.#showChosen(chosen);
    this.#look();
    await this.#again();
  }

  /** @param {"mirror"|"push"|"assistant"} voice */
  async chooseVoice(voice) {
    const changed = voice !== this.voice;
    this.voice = voice;
    if (changed) this.talk.chosen();
    view.showVoice(voice, this.#listens);
    this.#applyMutes();
    if (!changed) return;
    if (voice === "assistant") byId("stage").scrollIntoView({ block: "nearest" });
    await this.#again();
  }

  /** Whether the microphone is used. */
  get #listens() {
    return this.voice === "mirror" || (this.voice === "assistant" && this.talk.listens);
  }

  get running() {
    return this.client !== null && !["idle", "closed"].includes(this.client.state);
  }

  /** @returns {Promise<boolean>} Whether it is live now; a failure has been shown already. */
  async connect() {
    view.hideNote();
    this.#clickedMs = performance.now();
    this.firstPictureMs = null;
    if (this.voice === "assistant") this.talk.begin();
    const client = new AvatarClient({
      server: SERVER,
      avatar: this.avatar || undefined,
      voice: this.voice,
      microphone: this.#listens ? this.microphone || null : false,
      size: this.stage.size,
      stage: this.stage.value,
      ...this.feeling.wishes,
    });
    this.client = client;
    client.setMuted(this.micOff);
    this.#listen(client);
    try {
      await client.connect();
      return true;
    } catch {
      return false; // Told by the "error" event, or hung up by the person.
    }
  }

  /** @param {boolean} [forGood] Not only to connect anew with another choice. */
  async hangUp(forGood = true) {
    const client = this.client;
    this.client = null;
    if (forGood) this.feeling.ended();
    this.#endCountdown();
    view.hideNote();
    view.showState("closed");
    this.#noFigures();
    this.feeling.live(false);
    this.talk.live(false);
    this.video.srcObject = null;
    this.#watchMicrophone(null);
    await client?.close();
  }

  /** Says a sound file's bytes, connecting first when needed. @param {Blob} data */
  async say(data, name) {
    this.#turn += 1;
    const turn = this.#turn;
    byId("file-name").textContent = name;
    try {
      const samples = await decodeVoice(data);
      if (this.voice !== "push" && this.running) await this.hangUp(false);
      await this.chooseVoice("push");
      if (this.client?.state !== "live" && !(await this.connect())) return;
      if (turn !== this.#turn) return; // Another file was chosen meanwhile.
      const client = this.client;
      client.interrupt();
      this.#lengthMs = samples.length / 16;
      byId("stop").disabled = false;
      await client.speak(samples);
    } catch (error) {
      if (error.code !== "closed") view.showNote(error.message, error.remedy);
    } finally {
      if (turn === this.#turn) {
        byId("stop").disabled = true;
        this.#showProgress(null);
      }
    }
  }

  async sayDemo() {
    const response = await fetch(DEMO_VOICE);
    await this.say(await response.blob(), "Demo voice");
  }

  // ---------------------------------------------------------------------------------------------

  #showChosen(chosen) {
    endOnStage();
    view.showPortrait(chosen);
    view.showAbout(chosen.attributes, null);
    this.portrait.show(this.signalling.uploads, chosen);
    if (!chosen.user) return;
    this.signalling.consent(chosen.name).then(
      (consent) => chosen.name === this.avatar && view.showAbout(chosen.attributes, consent),
      () => {}, // Only a remark below the faces: the call works without it.
    );
  }

  /** The chosen face moves a little, unless a call shows it anyway. */
  #look() {
    const chosen = this.avatars.find(({ name }) => name === this.avatar);
    if (chosen && !this.running) playOnStage(chosen.preview);
  }

  /** Hangs up and connects with the new choice, when a call was running. */
  async #again() {
    if (!this.running) return;
    await this.hangUp(false);
    await this.connect();
  }

  #listen(client) {
    const on = (type, act) =>
      client.addEventListener(type, ({ detail }) => {
        if (client === this.client) act(detail);
      });
    on("state", (detail) => this.#onState(detail));
    on("stream", ({ stream }) => this.#show(stream));
    on("microphone", ({ stream }) => this.#watchMicrophone(stream));
    on("error", (error) => this.#onError(error));
    on("stats", (stats) => this.#onStats(stats));
    on("emotion", (message) => this.feeling.show(message));
    on("event", (message) => this.#onEvent(message));
  }

  #onState({ state, error, delayMs }) {
    this.#endCountdown();
    view.showState(state);
    this.feeling.live(state === "live", this.voice);
    this.talk.live(state === "live");
    if (state === "closed") this.feeling.ended();
    if (state !== "idle" && state !== "closed") endOnStage();
    if (state === "live") view.hideNote();
    if (state === "waiting") this.#countDown(error, delayMs);
    if (state !== "live") this.#noFigures();
  }

  #onStats(stats) {
    const { share, slow } = this.#freshness.look(stats);
    showFigures(byId("figures"), figureRows(stats, this.firstPictureMs, share));
    byId("too-slow").hidden = !slow;
  }

  #onError(error) {
    const useFile = { label: "Use a voice file", run: () => (view.hideNote(), this.chooseVoice("push")) };
    const aboutMicrophone = /microphone|secure/.test(error.code);
    const again = { label: "Connect again", run: () => void this.connect() };
    const typing = { label: "Type instead", run: () => (view.hideNote(), this.talk.typeOnly()) };
    const instead = this.voice === "assistant" ? typing : useFile;
    const act = aboutMicrophone ? instead : this.running ? null : again;
    view.showNote(error.message, error.remedy, act);
  }

  #noFigures() {
    this.#freshness.clear();
    view.showNoFigures();
    byId("too-slow").hidden = true;
  }

  /** A wish was not granted; the call goes on. */
  #onRefused(error) {
    if (error.code !== "closed") view.showNote(error.message, error.remedy);
  }

  #onEvent(message) {
    this.typing.hear(message);
    if (this.talk.hear(message)) return;
    if (message.type === "disclosure") this.stage.marked(message.mark);
    if (message.type === "state") view.showSpeaking(Boolean(message.speaking));
    if (message.type === "started" && !byId("stop").disabled) this.#showProgress(performance.now());
    if (message.type === "scene") this.feeling.showScene(message);
    if (message.type === "warning" && this.feeling.warned(message)) return;
    if (message.type === "warning" && message.message) view.showNote(message.message, message.hint ?? "");
  }

  /** The wait before the next try, second by second. */
  #countDown(error, delayMs) {
    const dueMs = performance.now() + delayMs;
    const tick = () => {
      const leftS = Math.max(0, Math.ceil((dueMs - performance.now()) / 1000));
      const when = leftS > 0 ? `Trying again in ${leftS} s.` : "Trying again now.";
      view.showNote(error.message, `${error.remedy} ${when}`.trim());
    };
    tick();
    this.#countdown = setInterval(tick, 250);
  }

  #endCountdown() {
    clearInterval(this.#countdown);
    this.#countdown = 0;
  }

  /** The picture fades in over the portrait once there is one. */
  #show(stream) {
    const { video } = this;
    video.srcObject = stream;
    this.#applyMutes();
    const shown = () => {
      if (video.srcObject !== stream) return;
      this.firstPictureMs ??= performance.now() - this.#clickedMs;
      byId("stage").classList.add("playing");
    };
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(shown);
    else video.addEventListener("playing", shown, { once: true });
    video.play().catch((error) => {
      if (error.name !== "NotAllowedError") return; // AbortError: replaced by a newer stream.
      video.muted = true;
      const hear = () => (view.hideNote(), this.#applyMutes());
      view.showNote("The browser keeps the sound off.", "It wants a click first.", { label: "Turn it on", run: hear });
      void video.play();
    });
  }

  #applyMutes() {
    const listens = this.#listens;
    this.client?.setMuted(this.micOff);
    this.video.muted = this.voice === "mirror" ? !byId("hear").checked : !listens && this.voiceOff;
    view.showMute(listens, listens ? this.micOff : this.voiceOff);
  }

  toggleMute() {
    if (this.#listens) this.micOff = !this.micOff;
    else this.voiceOff = !this.voiceOff;
    this.#applyMutes();
  }

  toggleStats() {
    const hidden = (byId("stats").hidden = !byId("stats").hidden);
    byId("overlay").setAttribute("aria-pressed", String(!hidden));
  }

  /** @param {MediaStream|null} stream */
  #watchMicrophone(stream) {
    void this.#meter?.close();
    this.#meter = stream ? new LevelMeter(stream) : null;
    const meter = this.#meter;
    if (!meter) return view.showMeter(byId("meter"), 0);
    const draw = () => {
      if (meter !== this.#meter) return;
      view.showMeter(byId("meter"), meter.level());
      requestAnimationFrame(draw);
    };
    draw();
    void this.#listMicrophones(); // Names are told only now.
  }

  async #listMicrophones() {
    view.showMicrophones(await listMicrophones(), this.microphone);
  }

  /** @param {number|null} startedMs null: nothing is being said. */
  #showProgress(startedMs) {
    cancelAnimationFrame(this.#progress);
    const bar = byId("progress");
    if (startedMs === null) return view.showMeter(bar, 0);
    const draw = () => {
      view.showMeter(bar, Math.min(1, (performance.now() - startedMs) / this.#lengthMs));
      this.#progress = requestAnimationFrame(draw);
    };
    draw();
  }

  #controls() {
    byId("connect").onclick = () => (this.running ? this.hangUp() : this.connect());
    byId("try").onclick = () => this.sayDemo();
    byId("demo").onclick = () => this.sayDemo();
    byId("stop").onclick = () => this.client?.interrupt();
    byId("mute").onclick = () => this.toggleMute();
    byId("overlay").onclick = () => this.toggleStats();
    byId("note-close").onclick = view.hideNote;
    byId("hear").onchange = () => this.#applyMutes();
    byId("file").onchange = ({ target }) => this.#take(target.files[0]);
    byId("microphone").onchange = ({ target }) => {
      this.microphone = target.value;
      this.client?.setMicrophone(target.value || null).catch((error) => this.#onError(error));
    };
    for (const radio of document.getElementsByName("voice")) {
      radio.addEventListener("change", ({ target }) => this.chooseVoice(/** @type {any} */ (target).value));
    }
    document.addEventListener("keydown", ({ key, target, ctrlKey, metaKey, altKey }) => {
      if (ctrlKey || metaKey || altKey || /** @type {any} */ (target).closest("select, input, textarea")) return;
      if (key === "m" || key === "M") this.toggleMute();
      if (key === "s" || key === "S") this.toggleStats();
    });
  }

  /** @param {File|undefined} file */
  #take(file) {
    if (isPicture(file)) this.portrait.take(file);
    else if (file) void this.say(file, file.name);
    byId("file").value = "";
  }
}

/** The page itself, for its tests and the browser's console. */
export const page = new Page();
