// The measuring page: connects with the product's own client and records what a person would get.
// Driven by server/bench/browser.py through `window.bench`. Never judges; every time is wall ms.

import { AvatarClient } from "/__bench__/client/synchrorama.js";
import { Detector } from "./onset.js";
import { blockSide, readStrip } from "./strip.js";

const wall = (performanceMs) => performance.timeOrigin + performanceMs;
const video = document.getElementById("face");
const canvas = document.createElement("canvas");
const pen = canvas.getContext("2d", { willReadFrequently: true });

// Around the mouth of a portrait that fills the picture as the gallery asks, in shares of its size.
const MOUTH = { x: 0.36, y: 0.56, width: 0.28, height: 0.18 };
const small = new OffscreenCanvas(28, 18).getContext("2d", { willReadFrequently: true });
let mouthBefore = null;

// The returned voice counts as silent below this, and the jaw as closed below this share of before.
const AUDIBLE = 0.02;
const CLOSED = 0.25;
let loudUntilMs = 0;

let peer = null;
let client = null;
const readers = [];
let record = empty();
let firstPicture = null;

function empty() {
  return { shown: [], heard: [], echo: [], reports: [], frames: [], events: [], unreadable: 0 };
}

// The client keeps its peer connection to itself; its statistics are wanted whole.
const Native = globalThis.RTCPeerConnection;
globalThis.RTCPeerConnection = class extends Native {
  constructor(...args) {
    super(...args);
    peer = this;
  }
};

/** Mean change (green, 0..255) around the mouth since the picture before. */
function mouthMoved() {
  const { videoWidth: width, videoHeight: height } = video;
  const box = [MOUTH.x * width, MOUTH.y * height, MOUTH.width * width, MOUTH.height * height];
  small.drawImage(video, ...box, 0, 0, 28, 18);
  const { data } = small.getImageData(0, 0, 28, 18);
  let sum = 0;
  for (let i = 1; i < data.length; i += 4) sum += Math.abs(data[i] - (mouthBefore?.[i] ?? data[i]));
  mouthBefore = data;
  return sum / (28 * 18);
}

function onFrame(_, meta) {
  const callbackMs = wall(performance.now());
  video.requestVideoFrameCallback(onFrame);
  if (firstPicture) {
    firstPicture(callbackMs);
    firstPicture = null;
  }
  const { videoWidth: width, videoHeight: height } = video;
  const side = blockSide(width);
  if (canvas.width !== width || canvas.height !== 2 * side) {
    canvas.width = width;
    canvas.height = 2 * side;
  }
  pen.drawImage(video, 0, height - 2 * side, width, 2 * side, 0, 0, width, 2 * side);
  const seen = readStrip(pen.getImageData(0, 0, width, 2 * side).data, width);
  if (!seen) {
    record.unreadable += 1;
    return;
  }
  record.shown.push({
    callback_ms: callbackMs,
    expected_ms: wall(meta.expectedDisplayTime),
    presentation_ms: wall(meta.presentationTime),
    receive_ms: meta.receiveTime === undefined ? null : wall(meta.receiveTime),
    presented: meta.presentedFrames,
    frame: seen.frame,
    sent_ms: seen.sent_ms,
    moved: mouthMoved(),
  });
}

/**
 * Notes every onset of a track. `leads`: a microphone's buffer was recorded before its timestamp
 * (the moment it was handed over); the returned voice is played from its timestamp on.
 * Not an AudioWorklet: a web audio source would add its own queue (25 ms) to both.
 */
async function listen(track, which, leads) {
  const processor = new MediaStreamTrackProcessor({ track, maxBufferSize: 100 });
  const reader = processor.readable.getReader();
  readers.push(reader);
  let detector = null;
  for (;;) {
    const { value: data, done } = await reader.read();
    if (done) return;
    detector ??= new Detector(data.sampleRate);
    const samples = new Float32Array(data.numberOfFrames);
    data.copyTo(samples, { planeIndex: 0, format: "f32-planar" });
    const perSample = 1000 / data.sampleRate;
    const before = detector.index;
    const beginMs = wall(data.timestamp / 1000) - (leads ? data.numberOfFrames * perSample : 0);
    data.close();
    const loud = leads ? -1 : samples.findLastIndex((sample) => Math.abs(sample) > AUDIBLE);
    if (loud >= 0) loudUntilMs = beginMs + loud * perSample;
    for (const onset of detector.step(samples)) {
      record[which].push(beginMs + (onset - before) * perSample);
    }
  }
}

function onEvent({ detail }) {
  if (detail.type === "probe") {
    const arrived_ms = wall(performance.now());
    record.reports.push({ arrived_ms, onset_pts: detail.onset_pts, heard_ms: detail.heard_ms });
  } else if (detail.type === "probe_frame") {
    record.frames.push({ frame: detail.frame, drawn_ms: detail.drawn_ms });
  } else {
    record.events.push({ at_ms: wall(performance.now()), ...detail });
  }
}

/** Connects; resolves with {click_ms, live_ms, first_ms, session} once a picture was shown. */
async function connect({ server, wishes, timeout_ms, buffer_ms }) {
  const errors = [];
  client = new AvatarClient({ server, voice: "mirror", retries: 0, ...wishes });
  // The probe is no option of the product's client: it is added to what the client asks for.
  const create = client.signalling.createSession.bind(client.signalling);
  client.signalling.createSession = (asked, signal) => create({ ...asked, probe: true }, signal);
  client.addEventListener("event", onEvent);
  client.addEventListener("error", ({ detail }) => errors.push(detail.message));
  client.addEventListener("stream", () => {
    video.srcObject = client.stream;
  });
  const first = new Promise((resolve, reject) => {
    firstPicture = resolve;
    setTimeout(() => reject(new Error(`no picture within ${timeout_ms} ms`)), timeout_ms);
  });
  first.catch(() => {});
  video.requestVideoFrameCallback(onFrame);
  const click_ms = wall(performance.now());
  await client.connect();
  const live_ms = wall(performance.now());
  // Asked for to measure the bench itself: the browser's adaptive buffers would differ by run.
  if (buffer_ms) for (const receiver of peer.getReceivers()) receiver.jitterBufferTarget = buffer_ms;
  const first_ms = await first;
  const [microphone] = client.microphone?.getAudioTracks() ?? [];
  const [returned] = client.stream.getAudioTracks();
  // They end with their tracks; a failure is an unhandled rejection, which the bench reports.
  if (microphone) listen(microphone, "heard", true);
  listen(returned, "echo", false);
  return { click_ms, live_ms, first_ms, session: client.sessionId, errors };
}

/** Int16 at 16 kHz: a vowel that does not pause. */
function vowel(seconds) {
  return Int16Array.from({ length: seconds * 16000 }, (_, i) => {
    let sum = 0;
    for (const [harmonic, gain] of [[1, 0.4], [5, 1], [8, 0.6], [17, 0.3]])
      sum += gain * Math.cos((2 * Math.PI * 140 * harmonic * i) / 16000);
    return Math.round((sum / 2.3) * 16000);
  });
}

const later = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(condition, timeout_ms) {
  const end = performance.now() + timeout_ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${timeout_ms} ms for speech to come back`);
    await later(10);
  }
}

/** Push mode: speaks and is interrupted `count` times; [{silence_ms, closed_ms}]. */
async function interruptions(count) {
  const jaws = [];
  const stop = client.onMotion((motion) =>
    jaws.push({ at_ms: wall(performance.now()), jaw: motion.values[motion.names.indexOf("jawOpen")] }),
  );
  const found = [];
  for (let i = 0; i < count; i += 1) {
    const begun_ms = wall(performance.now());
    const spoken = client.speak(vowel(6));
    // Speech that is refused is told at once.
    await Promise.race([until(() => loudUntilMs > begun_ms, 10_000), spoken]);
    await later(900 + 37 * i); // another phase of the 40 ms grid each time
    const at_ms = wall(performance.now());
    client.interrupt();
    await spoken;
    await later(900);
    const open = Math.max(...jaws.filter((j) => j.at_ms > at_ms - 600 && j.at_ms <= at_ms).map((j) => j.jaw));
    const closed = jaws.find((j) => j.at_ms > at_ms && j.jaw < CLOSED * open);
    found.push({
      silence_ms: Math.max(0, loudUntilMs - at_ms),
      closed_ms: open > 0 && closed ? closed.at_ms - at_ms : null,
    });
  }
  stop();
  return found;
}

/** Everything recorded since the last call, and what the jitter buffers have held until now. */
async function take() {
  const now = await stats();
  // In the order that server/bench/series.py names.
  const held = (row) =>
    ["Delay", "EmittedCount", "TargetDelay", "MinimumDelay"].map((name) => row?.[`jitterBuffer${name}`] ?? 0);
  const taken = record;
  record = empty();
  taken.buffers = [
    {
      at_ms: wall(performance.now()),
      audio: held(now.audio_in),
      video: held(now.video_in),
      device: [now.device?.totalPlayoutDelay ?? 0, now.device?.totalSamplesCount ?? 0],
      // By the sender's clock; 0 until its first report.
      playing: [now.audio_in, now.video_in].map((row) => row?.estimatedPlayoutTimestamp ?? 0),
    },
  ];
  return taken;
}

/** The rows of getStats that matter, as {name: {...}}. */
async function stats() {
  const out = {};
  if (!peer) return out;
  (await peer.getStats()).forEach((row) => {
    if (row.type === "inbound-rtp") out[`${row.kind}_in`] = { ...row };
    if (row.type === "outbound-rtp") out[`${row.kind}_out`] = { ...row };
    if (row.type === "media-playout") out.device = { ...row };
    if (row.type === "candidate-pair" && row.nominated) out.pair = { ...row };
    if (row.type === "codec" && row.mimeType.startsWith("video")) out.codec = { ...row };
  });
  return out;
}

async function close() {
  for (const reader of readers.splice(0)) await reader.cancel();
  await client?.close();
}

const state = () => client?.state ?? "idle";

globalThis.bench = { connect, interruptions, take, stats, close, state };
