/**
 * A voice given as data instead of a microphone: decoded, then sent over the push websocket.
 * Runs in the page's main thread; one socket per session, paced a little ahead of real time.
 * Never plays sound: what is heard comes back from the server, in step with the face.
 */

import { AvatarError, sentence } from "./errors.js";

export const VOICE_RATE_HZ = 16_000;
const LONGEST_S = 600;
/** 100 ms a message: 10 messages a second, far below any message limit. */
const MESSAGE_SAMPLES = VOICE_RATE_HZ / 10;
/** A hidden tab's timers fire once a second: stay further ahead than that. */
const LEAD_S = 2.5;
const TICK_MS = 200;
const OPEN_TIMEOUT_MS = 8_000;
/** After a segment's own length: how long "finished" may be late before we stop waiting. */
const FINISH_GRACE_MS = 10_000;

/**
 * @param {Blob|ArrayBuffer} data Any sound file the browser knows.
 * @returns {Promise<Int16Array>} mono, 16 kHz
 * @throws {AvatarError} bad-audio, audio-too-long
 */
export async function decodeVoice(data) {
  const bytes = data instanceof Blob ? await data.arrayBuffer() : data;
  let buffer;
  try {
    // An offline context resamples to its own rate while decoding.
    buffer = await new OfflineAudioContext(1, 1, VOICE_RATE_HZ).decodeAudioData(bytes);
  } catch (error) {
    throw new AvatarError("bad-audio", { cause: error });
  }
  if (buffer.duration > LONGEST_S) throw new AvatarError("audio-too-long");
  if (buffer.length === 0) throw new AvatarError("bad-audio");
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, i) => buffer.getChannelData(i));
  return toPcm16(mixDown(channels));
}

/** @param {Float32Array[]} channels Equally long. @returns {Float32Array} Their mean. */
export function mixDown(channels) {
  if (channels.length === 1) return channels[0];
  const mono = new Float32Array(channels[0].length);
  for (const channel of channels) {
    for (let i = 0; i < mono.length; i += 1) mono[i] += channel[i] / channels.length;
  }
  return mono;
}

/** @param {Float32Array} samples in [-1, 1]; what is not a number becomes silence. */
export function toPcm16(samples) {
  const pcm = new Int16Array(samples.length);
  for (let i = 0; i < samples.length; i += 1) {
    const value = Number.isFinite(samples[i]) ? samples[i] : 0;
    pcm[i] = Math.round(Math.min(1, Math.max(-1, value)) * 32767);
  }
  return pcm;
}

/**
 * @typedef {{segment: string, positionS: number, interrupted: boolean}} Spoken
 * @typedef {{segment: string, samples: Int16Array, sent: number, startedMs: number,
 *   resolve: (spoken: Spoken) => void, reject: (error: AvatarError) => void}} Speech
 */

/** The push websocket of one session. */
export class VoiceSocket {
  /** @type {WebSocket|null} */ #socket = null;
  /** @type {Speech|null} */ #speech = null;
  /** @type {Speech[]} */ #waiting = [];
  #timer = 0;
  #count = 0;
  #closed = false;

  /**
   * @param {URL} url
   * @param {(message: Record<string, any>) => void} onMessage Every message from the server.
   */
  constructor(url, onMessage) {
    this.url = url;
    this.onMessage = onMessage;
  }

  /**
   * Says `samples` after whatever is being said now.
   * @param {Int16Array} samples mono at 16 kHz
   * @returns {Promise<Spoken>} Once the server has played it to the end, or was interrupted.
   */
  async speak(samples) {
    await this.#open();
    this.#count += 1;
    const segment = `s${this.#count}`;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ segment, samples, sent: 0, startedMs: 0, resolve, reject });
      this.#next();
    });
  }

  /** Stops what is being said and drops what waits. */
  interrupt() {
    const dropped = this.#waiting.splice(0);
    for (const { segment, resolve } of dropped) {
      resolve({ segment, positionS: 0, interrupted: true });
    }
    if (this.#speech && this.#socket?.readyState === WebSocket.OPEN) {
      this.#speech.sent = this.#speech.samples.length;
      this.#socket.send(JSON.stringify({ type: "interrupt" }));
    }
  }

  /** Idempotent. Everything still unsaid is rejected with `error`. */
  close(error = new AvatarError("closed")) {
    this.#closed = true;
    this.#drop(error);
  }

  /** Lets go of the socket; the next speech opens another one. */
  #drop(error) {
    clearTimeout(this.#timer);
    const open = [...(this.#speech ? [this.#speech] : []), ...this.#waiting.splice(0)];
    this.#speech = null;
    for (const { reject } of open) reject(error);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onmessage = socket.onclose = socket.onerror = null;
      socket.close(1000);
    }
  }

  async #open() {
    if (this.#closed) throw new AvatarError("not-live");
    if (this.#socket?.readyState === WebSocket.OPEN) return;
    const socket = this.#socket ?? new WebSocket(this.url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    await new Promise((resolve, reject) => {
      const fail = () => {
        // The next speech must not wait for a socket that will never open.
        if (this.#socket === socket) this.#socket = null;
        socket.close();
        reject(new AvatarError("voice-refused"));
      };
      const timer = setTimeout(fail, OPEN_TIMEOUT_MS);
      socket.addEventListener("open", () => (clearTimeout(timer), resolve(undefined)), { once: true });
      socket.addEventListener("close", () => (clearTimeout(timer), fail()), { once: true });
    });
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ reason }) =>
      this.#drop(new AvatarError("voice-refused", { message: sentence(reason) }));
  }

  #next() {
    if (this.#speech || !this.#socket) return;
    const speech = this.#waiting.shift();
    if (!speech) return;
    this.#speech = speech;
    speech.startedMs = performance.now();
    this.#socket.send(
      JSON.stringify({ type: "start", sample_rate: VOICE_RATE_HZ, segment: speech.segment }),
    );
    this.#pump();
  }

  /** Sends what real time plus the lead allows, then sleeps. */
  #pump() {
    const speech = this.#speech;
    const socket = this.#socket;
    if (!speech || !socket) return;
    const elapsedS = (performance.now() - speech.startedMs) / 1000;
    const allowed = Math.min(speech.samples.length, (elapsedS + LEAD_S) * VOICE_RATE_HZ);
    const before = speech.sent;
    while (speech.sent < allowed) {
      const end = Math.min(speech.sent + MESSAGE_SAMPLES, speech.samples.length);
      socket.send(speech.samples.slice(speech.sent, end));
      speech.sent = end;
    }
    if (speech.sent < speech.samples.length) {
      this.#timer = setTimeout(() => this.#pump(), TICK_MS);
      return;
    }
    if (before < speech.samples.length) {
      socket.send(JSON.stringify({ type: "end", segment: speech.segment }));
    }
    const leftMs = (speech.samples.length / VOICE_RATE_HZ - elapsedS) * 1000 + FINISH_GRACE_MS;
    this.#timer = setTimeout(() => this.#settle({ interrupted: true }), Math.max(0, leftMs));
  }

  #hear(data) {
    if (typeof data !== "string") return;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // The protocol is JSON only; anything else is of a newer server.
    }
    this.onMessage(message);
    if (message.type === "finished" && message.segment === this.#speech?.segment) {
      this.#settle(message);
    } else if (message.type === "error") {
      const { message: said, hint } = message;
      this.#fail(
        new AvatarError("voice-refused", { message: sentence(said), remedy: sentence(hint) }),
      );
    }
  }

  #settle(message) {
    const speech = this.#speech;
    if (!speech) return;
    clearTimeout(this.#timer);
    this.#speech = null;
    speech.resolve({
      segment: speech.segment,
      positionS: message.position_s ?? 0,
      interrupted: message.interrupted ?? false,
    });
    this.#next();
  }

  #fail(error) {
    const speech = this.#speech;
    if (!speech) return;
    clearTimeout(this.#timer);
    this.#speech = null;
    speech.reject(error);
    this.#next();
  }
}
