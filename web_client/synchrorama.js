/**
 * SynchroRaMa Live in a page of yours: connects, keeps the connection, tells what happens.
 *
 *     import { AvatarClient } from "https://your.server/synchrorama.js";
 *     const avatar = new AvatarClient({ voice: "mirror" });
 *     avatar.addEventListener("stream", () => (video.srcObject = avatar.stream));
 *     avatar.addEventListener("error", ({ detail }) => show(detail.message, detail.remedy));
 *     await avatar.connect();
 *
 * Runs in the page's main thread. Never touches the DOM. Documented in docs/client.md.
 */

import { backoffMs } from "./client/backoff.js";
import { AvatarError } from "./client/errors.js";
import { Link } from "./client/link.js";
import { microphoneGranted, openMicrophone } from "./client/microphone.js";
import { Signalling } from "./client/signalling.js";
import { readStats } from "./client/stats.js";
import * as telling from "./client/tellings.js";
import { VoiceSocket, decodeVoice } from "./client/voice.js";

export { AvatarError } from "./client/errors.js";
export { LevelMeter, listMicrophones } from "./client/microphone.js";
export { ACTIONS, DIALS, EMOTIONS } from "./client/tellings.js";
export { decodeVoice } from "./client/voice.js";

const STATS_MS = 500;
/** Messages that are events of their own too, by their type. */
const OWN_EVENTS = new Set(["emotion", "assistant", "turn", "transcript"]);
/** The server's codes of an ending after which a new session is worth asking for. */
const PASSING = new Set(["lost", "fault", "shutdown"]);

/**
 * @typedef {"idle"|"connecting"|"live"|"waiting"|"closed"} ClientState
 * idle: never connected. waiting: will try again by itself. closed: `connect()` starts anew.
 *
 * @typedef {object} AvatarOptions
 * @property {string|URL} [server] Base address; default: where this module was loaded from.
 * @property {string} [avatar] A name of `avatars()`; default: the server's first.
 * @property {"mirror"|"push"|"assistant"} [voice] mirror: the microphone drives the face. push:
 *   `speak()` does. assistant: the server's assistant hears, answers and speaks; see `ask()`.
 * @property {string|MediaStream|false|null} [microphone] Device id, a stream of your own (you stop it),
 *   or null for the browser's default; in assistant mode false for none: the visitor types. Not used
 *   in push mode.
 * @property {number} [size] Picture size in pixels (square).
 * @property {import("./client/link.js").Stage} [stage] What is around the person; see `setStage()`.
 * @property {number} [seed] Makes blinks and sway repeatable.
 * @property {"auto"|"diffusion"|"motion-frame"} [renderer] What draws the face at best.
 * @property {import("./client/tellings.js").Feeling|null} [emotion] What it feels; see `feel()`.
 * @property {{dials?: import("./client/tellings.js").Dials, temperature?: number}|null} [manner] How
 *   it moves; see `setManner()`.
 * @property {string|null} [scene] What happens around it; see `setScene()`.
 * @property {"VP8"|"H264"} [codec] Tried first; default VP8 (three times cheaper for the server).
 * @property {RTCIceServer[]} [iceServers] Default: those the server names (none on a local net).
 * @property {number} [retries] Attempts in a row before giving up; 0 never retries. Default 10.
 *
 * @typedef {{t: number, names: string[], values: number[]}} Motion What the face shows at media time t
 *   (seconds): 52 ARKit blendshapes (0 to 1), then the head's pose; see docs/client.md.
 *
 * @typedef {"asr"|"llm"|"tts"} AssistantPart asr: hears words. llm: answers. tts: speaks.
 * @typedef {{parts: Record<AssistantPart, boolean>, missing: {part: AssistantPart, set: string}[]}} Assistant
 *   What the assistant has, and what to set on the server for the rest.
 * @typedef {{state: "listening"|"thinking"|"speaking", hearing: boolean}} Turn hearing: the visitor speaks.
 * @typedef {{by: "visitor"|"assistant", text: string, segment?: string, interrupted?: boolean}} Transcript
 *   A text with the `segment` of an earlier one replaces it; interrupted: only so much was heard.
 *
 * @typedef {object} AvatarEvents Name of an event -> its `detail`.
 * @property {{state: ClientState, error: AvatarError|null, delayMs?: number, attempt?: number}} state
 * @property {{stream: MediaStream}} stream
 * @property {{stream: MediaStream|null}} microphone
 * @property {import("./client/stats.js").ClientStats} stats
 * @property {Record<string, any>} emotion
 * @property {Assistant} assistant
 * @property {Turn} turn
 * @property {Transcript} transcript
 * @property {Record<string, any>} event
 * @property {AvatarError} error
 */

export class AvatarClient extends EventTarget {
  /** @type {Link|null} */ #link = null;
  /** @type {VoiceSocket|null} */ #voice = null;
  /** @type {MediaStream|null} */ #microphone = null;
  /** @type {Promise<void>|null} */ #connecting = null;
  #ownsMicrophone = false;
  #muted = false;
  #run = 0;
  #statsTimer = 0;
  /** @type {{wake: () => void, timer: number}|null} */ #sleep = null;
  /** @type {Record<string, any>|null} */ #serverStats = null;
  /** @type {Record<string, any>|null} */ #capabilities = null;
  #picked = null;
  /** @type {import("./client/stats.js").ClientStats|null} */ #stats = null;
  #lookedMs = -Infinity;
  /** @type {Set<(motion: Motion) => void>} */ #motionWatchers = new Set();
  /** @type {string[]} */ #motionNames = [];
  #onPageHide = () => this.#leave();

  /** @param {AvatarOptions} [options] */
  constructor(options = {}) {
    super();
    const server = options.server ?? new URL(".", import.meta.url);
    /** @type {AvatarOptions} */
    const usual = { voice: "mirror", microphone: null, codec: "VP8", retries: 10, stage: {} };
    /** As given, with what is usual in place of what was left out. @type {AvatarOptions} */
    this.options = { ...usual, ...options };
    // Wrong wishes fail here and not on each connection.
    this.feel(options.emotion ?? null);
    const manner = options.manner ?? null;
    this.options.manner = manner && telling.manner(manner.dials ?? {}, manner.temperature ?? 1);
    this.setScene(options.scene ?? null);
    this.signalling = new Signalling(server);
    /** @type {ClientState} */
    this.state = "idle";
    /** Why it waits or was closed. @type {AvatarError|null} */
    this.error = null;
  }

  /**
   * As of every EventTarget; written down for the types of `detail`.
   * @template {keyof AvatarEvents} K
   * @param {K} type
   * @param {((event: CustomEvent<AvatarEvents[K]>) => void)|EventListenerObject|null} listener
   * @param {boolean|AddEventListenerOptions} [options]
   * @returns {void}
   */
  addEventListener(type, listener, options) {
    super.addEventListener(type, /** @type {EventListener|null} */ (listener), options);
  }

  /** The face and its voice; a new stream with every connection. @returns {MediaStream|null} */
  get stream() {
    return this.#link?.stream ?? null;
  }

  /** @returns {string|null} */
  get sessionId() {
    return this.#link?.session?.id ?? null;
  }

  /** The open microphone, to draw its level. @returns {MediaStream|null} */
  get microphone() {
    return this.#microphone;
  }

  get muted() {
    return this.#muted;
  }

  /** @returns {Promise<import("./client/signalling.js").AvatarInfo[]>} */
  avatars() {
    return this.signalling.avatars();
  }

  /**
   * Connects, and from then on reconnects by itself.
   * @returns {Promise<void>} When live. Rejects with an AvatarError when it gave up, also when
   *   `close()` came first (code "closed").
   */
  connect() {
    if (this.state === "live") return Promise.resolve();
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null;
    });
    return this.#connecting;
  }

  /** Stops sending the microphone's sound (silence is sent instead). @param {boolean} muted */
  setMuted(muted) {
    this.#muted = muted;
    for (const track of this.#microphone?.getAudioTracks() ?? []) track.enabled = !muted;
  }

  /**
   * Changes the microphone, live or not; whether there is one at all is chosen before connecting.
   * @param {string|MediaStream|false|null} microphone As in the options.
   */
  async setMicrophone(microphone) {
    this.options.microphone = microphone;
    if (!this.#microphone || !this.#listens) return;
    this.#dropMicrophone();
    const track = await this.#openMicrophone(this.#run);
    await this.#link?.sender?.replaceTrack(track);
  }

  /**
   * Changes what is around the person, live or not; kept over reconnections.
   * @param {import("./client/link.js").Stage} change What is left out stays as it is.
   * @returns {Promise<void>} Once it is shown; when not connected at once, for the next call.
   */
  async setStage(change) {
    this.options.stage = { ...this.options.stage, ...change };
    await this.#link?.setStage(this.options.stage);
  }

  /**
   * Words that are being spoken now: the face shows what they feel like. Not spoken by the avatar.
   * @param {string} text
   * @returns {boolean} Whether it was told; false when not live.
   */
  say(text) {
    return this.#tellFace(telling.transcript(text));
  }

  /**
   * Shows this feeling, whatever is heard; null: what is heard counts again. Kept over reconnections.
   * @param {import("./client/tellings.js").Feeling|null} feeling
   */
  feel(feeling) {
    this.options.emotion = telling.emotion(feeling);
    this.#link?.tell({ type: "emotion", ...this.options.emotion });
  }

  /**
   * Does something once: nod, laugh, look_left... (`ACTIONS`).
   * @param {string} name
   * @returns {boolean} Whether it was told; false when not live.
   */
  act(name) {
    return this.#tellFace(telling.action(name));
  }

  /**
   * How it moves; a dial left out is the usual 0.5. Kept over reconnections.
   * @param {import("./client/tellings.js").Dials} dials
   * @param {number} [temperature] 0 (calm, the likeliest) to 1.5; variety of the motion.
   */
  setManner(dials, temperature = 1) {
    this.options.manner = telling.manner(dials, temperature);
    this.#link?.tell({ type: "manner", ...this.options.manner });
  }

  /**
   * What happens around it and how it is, in words. Kept over reconnections.
   * @param {string|null} text
   */
  setScene(text) {
    this.options.scene = text === null ? null : telling.scene(text).text;
    this.#link?.tell(telling.scene(text ?? ""));
  }

  /**
   * What the other side of the talk does: who is spoken to looks on and nods.
   * @param {{speaking: boolean, energy?: number}} other energy: loudness, 0 to 1.
   * @returns {boolean} Whether it was told; false when not live.
   */
  listen(other) {
    return this.#tellFace(telling.listening(other));
  }

  /**
   * Calls back with every motion the face shows, 25 a second, also after reconnections.
   * @param {(motion: Motion) => void} callback
   * @returns {() => void} Ends it.
   */
  onMotion(callback) {
    this.#motionWatchers.add(callback);
    if (this.#motionWatchers.size === 1) this.#link?.tell({ type: "subscribe", motion: true });
    return () => {
      if (!this.#motionWatchers.delete(callback) || this.#motionWatchers.size > 0) return;
      this.#link?.tell({ type: "subscribe", motion: false });
    };
  }

  /**
   * Push mode: says a voice with the face, after what it is saying now.
   * @param {Blob|ArrayBuffer|Int16Array} voice A sound file's bytes, or mono PCM at 16 kHz.
   * @returns {Promise<import("./client/voice.js").Spoken>} When it has been played, or interrupted.
   */
  async speak(voice) {
    const samples = voice instanceof Int16Array ? voice : await decodeVoice(voice);
    if (this.state !== "live" || this.options.voice !== "push") throw new AvatarError("not-live");
    const url = this.signalling.audioUrl(this.#link.session.id);
    this.#voice ??= new VoiceSocket(url, (message) => this.#tell("event", message));
    return this.#voice.speak(samples);
  }

  /**
   * Push mode: the server speaks a text with its own voice, after what is being said now. `[nods]` and
   * the like are done, not said. Events `started` and `finished` name the segment; docs/speak.md.
   * @param {string} text
   * @param {{segment?: string, voice?: string, language?: string, emotion?: object, words?: boolean,
   *   more?: boolean}} [options]
   * @returns {boolean} Whether it was sent; false when not live.
   */
  speakText(text, options = {}) {
    return this.#tellFace({ type: "speak", text, ...options });
  }

  /**
   * Assistant mode: what the visitor typed; it counts as a turn and interrupts an answer.
   * @param {string} text 4,000 letters at most.
   * @returns {boolean} Whether it was told; false when not live.
   */
  ask(text) {
    return this.#tellFace(telling.ask(text));
  }

  /** Stops the voice given to `speak` at once; in assistant mode the answer. */
  interrupt() {
    if (this.options.voice === "assistant") this.silence();
    this.#voice?.interrupt();
  }

  /** Stops whatever is being said at once. @returns {boolean} Whether it was told. */
  silence() {
    return this.#tellFace({ type: "interrupt" });
  }

  /** @returns {Promise<import("./client/stats.js").ClientStats|null>} null when not live. */
  async getStats() {
    const pc = this.#link?.pc;
    if (!pc || this.state !== "live") return null;
    // Rates are over the time since the last look: two askers must not cut it into slivers.
    if (performance.now() - this.#lookedMs < STATS_MS / 2) return this.#stats;
    this.#lookedMs = performance.now();
    const report = await pc.getStats();
    const { stats, picked } = readStats(report, this.#picked, {
      voice: this.options.voice,
      server: this.#serverStats,
      capabilities: this.#capabilities,
    });
    this.#picked = picked;
    this.#stats = stats;
    return stats;
  }

  /** Hangs up and lets go of everything; idempotent. `connect()` may be called again. */
  async close() {
    if (this.state === "closed" && !this.#link) return;
    this.#run += 1;
    const link = this.#drop();
    this.#dropMicrophone();
    this.#become("closed", new AvatarError("closed"));
    this.#wakeUp();
    await link?.close();
  }

  // ---------------------------------------------------------------------------------------------

  async #connect() {
    if (!globalThis.RTCPeerConnection) throw this.#fail(new AvatarError("unsupported-browser"));
    this.#run += 1;
    const run = this.#run;
    globalThis.addEventListener?.("pagehide", this.#onPageHide);
    for (let attempt = 1; ; attempt += 1) {
      this.#become("connecting");
      try {
        await this.#attempt(run);
        return;
      } catch (error) {
        if (run !== this.#run) throw new AvatarError("closed");
        await this.#afterFailure(asAvatarError(error), attempt);
        if (run !== this.#run) throw new AvatarError("closed");
      }
    }
  }

  /** One try; on success the state is live. */
  async #attempt(run) {
    const link = new Link({
      signalling: this.signalling,
      wishes: {
        avatar: this.options.avatar,
        voice: this.options.voice,
        size: this.options.size,
        seed: this.options.seed,
        renderer: this.options.renderer,
        emotion: this.options.emotion,
        manner: this.options.manner,
      },
      listens: this.#listens,
      stage: this.options.stage,
      codec: this.options.codec,
      iceServers: this.options.iceServers ?? null,
      onMessage: (message) => this.#hear(link, message),
      onLost: (error) => void this.#lost(link, error),
    });
    this.#link = link;
    if (this.options.scene) link.tell(telling.scene(this.options.scene));
    if (this.#motionWatchers.size > 0) link.tell({ type: "subscribe", motion: true });
    try {
      await this.#openWithMicrophone(link, run);
    } catch (error) {
      if (this.#link === link) this.#link = null;
      await link.close();
      throw error;
    }
    if (run !== this.#run) throw new AvatarError("closed");
    this.#tell("stream", { stream: link.stream });
    this.#become("live");
    this.#startStats();
  }

  /** Whether the microphone's sound is sent. */
  get #listens() {
    const { voice, microphone } = this.options;
    return voice === "mirror" || (voice === "assistant" && microphone !== false);
  }

  /** Asking a person takes long: only then is the microphone opened before the session. */
  async #openWithMicrophone(link, run) {
    if (!this.#listens) return link.open(null);
    const instant = this.options.microphone instanceof MediaStream || (await microphoneGranted());
    if (!instant || this.#microphone) return link.open(await this.#openMicrophone(run));
    const opening = link.open(null);
    const attached = this.#openMicrophone(run).then(async (track) => {
      await opening;
      await link.sender?.replaceTrack(track);
    });
    await Promise.all([opening, attached]);
  }

  /** @returns {Promise<MediaStreamTrack>} */
  async #openMicrophone(run) {
    if (!this.#microphone) {
      const given = this.options.microphone;
      const stream = given instanceof MediaStream ? given : await openMicrophone(given || null);
      if (run !== this.#run) {
        if (stream !== given) for (const track of stream.getTracks()) track.stop();
        throw new AvatarError("closed");
      }
      this.#ownsMicrophone = stream !== given;
      this.#microphone = stream;
      this.#tell("microphone", { stream });
    }
    const [track] = this.#microphone.getAudioTracks();
    if (!track) throw new AvatarError("no-microphone");
    track.enabled = !this.#muted;
    track.onended = () => this.#tell("error", new AvatarError("microphone-lost"));
    return track;
  }

  #dropMicrophone() {
    for (const track of this.#microphone?.getAudioTracks() ?? []) {
      track.onended = null;
      if (this.#ownsMicrophone) track.stop();
    }
    if (this.#microphone) this.#tell("microphone", { stream: null });
    this.#microphone = null;
  }

  /** Forgets the current link and all that hangs on it. @returns {Link|null} */
  #drop() {
    globalThis.removeEventListener?.("pagehide", this.#onPageHide);
    clearTimeout(this.#statsTimer);
    this.#voice?.close();
    this.#voice = null;
    this.#serverStats = null;
    this.#picked = this.#stats = null;
    this.#lookedMs = -Infinity;
    const link = this.#link;
    this.#link = null;
    return link;
  }

  /** Waits when trying again can help; throws when it cannot. */
  async #afterFailure(error, attempt) {
    if (!error.recoverable || attempt > this.options.retries) {
      this.#run += 1;
      this.#drop();
      this.#dropMicrophone();
      throw this.#fail(error);
    }
    const delayMs = backoffMs(attempt, error.retryAfterS);
    this.#become("waiting", error, { delayMs, attempt });
    await new Promise((wake) => {
      this.#sleep = { wake: () => wake(undefined), timer: setTimeout(wake, delayMs) };
    });
    this.#sleep = null;
  }

  #wakeUp() {
    if (!this.#sleep) return;
    clearTimeout(this.#sleep.timer);
    this.#sleep.wake();
  }

  #fail(error) {
    this.#become("closed", error);
    this.#tell("error", error);
    return error;
  }

  /** The link of a live session broke or was ended by the server. */
  async #lost(link, error) {
    if (link !== this.#link || this.state !== "live") return;
    this.#drop();
    const again = error.recoverable && this.options.retries > 0;
    if (!again) {
      this.#dropMicrophone();
      this.#fail(error);
    } else {
      this.#become("waiting", error, { delayMs: 0, attempt: 0 });
      this.connect().catch(() => {}); // Its failure is told by the "error" event.
    }
    await link.close();
  }

  /** @param {Record<string, any>} message */
  #hear(link, message) {
    if (link !== this.#link) return;
    if (message.type === "motion") return this.#showMotion(message);
    if (message.type === "motion_names") this.#motionNames = message.names;
    if (message.type === "stats") this.#serverStats = message;
    if (OWN_EVENTS.has(message.type)) this.#tell(message.type, message);
    this.#tell("event", message);
    if (message.type !== "closed") return;
    const reason = String(message.reason ?? "no reason given");
    const code = PASSING.has(message.code) ? "connection-lost" : "session-closed";
    const said = `The server ended the session: ${reason}.`;
    void this.#lost(link, new AvatarError(code, { reason, message: said }));
  }

  /** A watcher that fails must not keep the others from it. @param {Record<string, any>} message */
  #showMotion({ t, values }) {
    for (const watcher of this.#motionWatchers) {
      try {
        watcher({ t, names: this.#motionNames, values });
      } catch (error) {
        globalThis.reportError?.(error);
      }
    }
  }

  /** @param {Record<string, unknown>} message What only counts now. @returns {boolean} */
  #tellFace(message) {
    return this.state === "live" && (this.#link?.tell(message) ?? false);
  }

  #startStats() {
    const tick = async () => {
      const stats = await this.getStats();
      if (this.state !== "live") return;
      if (stats) this.#tell("stats", stats);
      this.#statsTimer = setTimeout(tick, STATS_MS);
    };
    clearTimeout(this.#statsTimer);
    this.#statsTimer = setTimeout(tick, STATS_MS);
    this.signalling
      .capabilities()
      .then((capabilities) => (this.#capabilities = capabilities))
      .catch(() => {}); // Only sharpens the delay estimate.
  }

  /** The page is being left: the server should know at once. */
  #leave() {
    this.#run += 1;
    const link = this.#drop();
    link?.closeNow();
    this.#dropMicrophone();
    this.#become("closed", new AvatarError("closed"));
    this.#wakeUp();
  }

  #become(state, error = null, extra = {}) {
    this.state = state;
    this.error = error;
    this.#tell("state", { state, error, ...extra });
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** @param {unknown} error @returns {AvatarError} */
function asAvatarError(error) {
  if (error instanceof AvatarError) return error;
  return new AvatarError("server-refused", {
    message: "The connection could not be set up.",
    remedy: error instanceof Error ? error.message : String(error),
    cause: error,
  });
}
