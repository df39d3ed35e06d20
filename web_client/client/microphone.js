/**
 * The microphone: opening it, listing it, measuring its level.
 * Runs in the page's main thread; whoever opens a stream stops it.
 * Never sends sound anywhere.
 */

import { AvatarError, microphoneError } from "./errors.js";

/**
 * @param {string|null} [deviceId] null or undefined: the browser's default.
 * @returns {Promise<MediaStream>}
 * @throws {AvatarError}
 */
export async function openMicrophone(deviceId = null) {
  if (!globalThis.isSecureContext) throw new AvatarError("insecure-context");
  if (!navigator.mediaDevices?.getUserMedia) throw new AvatarError("unsupported-browser");
  const audio = {
    channelCount: 1,
    // The delayed voice may come back through the loudspeaker: the browser takes it out.
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(deviceId ? { deviceId: { exact: deviceId } } : {}),
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw microphoneError(error);
  }
}

/** Whether the microphone opens without asking the person first. @returns {Promise<boolean>} */
export async function microphoneGranted() {
  try {
    const status = await navigator.permissions.query({ name: /** @type {any} */ ("microphone") });
    return status.state === "granted";
  } catch {
    return false; // Firefox before 131 does not know the name; asking first is the safe way.
  }
}

/**
 * Labels are empty until the person allowed a microphone once.
 * @returns {Promise<{id: string, label: string}[]>}
 */
export async function listMicrophones() {
  if (!navigator.mediaDevices?.enumerateDevices) return [];
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices
    .filter((device) => device.kind === "audioinput" && device.deviceId && device.label)
    .map((device) => ({ id: device.deviceId, label: device.label }));
}

/** Loudness of a stream, read once per animation frame by whoever draws it. */
export class LevelMeter {
  /** @param {MediaStream} stream Must have a live audio track. */
  constructor(stream) {
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.source = this.context.createMediaStreamSource(stream);
    this.analyser = this.context.createAnalyser();
    this.analyser.fftSize = 1024;
    this.source.connect(this.analyser);
    this.samples = new Float32Array(this.analyser.fftSize);
  }

  /** @returns {number} 0 (silence, -60 dB and below) to 1 (full scale). */
  level() {
    this.analyser.getFloatTimeDomainData(this.samples);
    return levelOf(this.samples);
  }

  /** Lets go of the audio context; the stream itself is left to its owner. */
  async close() {
    this.source.disconnect();
    if (this.context.state !== "closed") await this.context.close();
  }
}

/** @param {Float32Array} samples @returns {number} Loudness in dB mapped from [-60, 0] to [0, 1]. */
export function levelOf(samples) {
  let sum = 0;
  for (const value of samples) sum += value * value;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  const db = 20 * Math.log10(Math.max(rms, 1e-6));
  return Math.min(1, Math.max(0, (db + 60) / 60));
}
