/**
 * What the browser knows about the call, as one flat object twice a second.
 * Runs in the page's main thread; `readStats` is pure.
 * Never judges: it only measures (W3C webrtc-stats names are cited where they are not plain).
 */

/**
 * @typedef {object} ClientStats
 * @property {number|null} fps Pictures a second.
 * @property {number|null} widthPx
 * @property {number|null} heightPx
 * @property {string|null} codec
 * @property {number|null} videoKbps
 * @property {number|null} roundTripMs
 * @property {number|null} videoBufferMs Jitter buffer of the pictures, over the last interval.
 * @property {number|null} audioBufferMs Jitter buffer of the sound, over the last interval.
 * @property {number|null} decodeMs A picture's decoding.
 * @property {number|null} audioToPictureMs Estimate: from the sound at the microphone (or, when
 *   pushed, at the server) to the mouth it moves, on the screen.
 * @property {number|null} avOffsetMs Sound minus picture: + is sound first.
 * @property {number} framesDecoded
 * @property {number} framesDropped
 * @property {number} freezes
 * @property {number} freezeS
 * @property {number} packetsLost
 * @property {Record<string, any>|null} server The server's last figures, as it sent them.
 */

/** Opus packet and the browser's own capture, ms (AudioContext baseLatency 10 + one packet 20). */
const CAPTURE_MS = 30;
/** Chromium paces pictures to the display: half a refresh and one compositor turn. */
const DISPLAY_MS = 25;

/** @param {RTCStatsReport} report */
function pick(report) {
  const found = { video: null, audio: null, pair: null, codec: null };
  const byId = new Map();
  report.forEach((row) => {
    byId.set(row.id, row);
    if (row.type === "inbound-rtp") found[row.kind] = row;
  });
  report.forEach((row) => {
    if (row.type === "transport" && row.selectedCandidatePairId) {
      found.pair = byId.get(row.selectedCandidatePairId) ?? null;
    }
    if (row.type === "candidate-pair" && row.nominated && !found.pair) found.pair = row;
  });
  found.codec = byId.get(found.video?.codecId) ?? null;
  return found;
}

/** Change of `total` per change of `count`, times `scale`; null when nothing was counted. */
function rate(now, before, total, count, scale) {
  if (!now || now[total] == null || now[count] == null) return null;
  const things = now[count] - (before?.[count] ?? 0);
  return things > 0 ? (scale * (now[total] - (before?.[total] ?? 0))) / things : null;
}

/** @returns {number|null} */
function perSecond(now, before, total) {
  if (!now || !before || now[total] == null) return null;
  const seconds = (now.timestamp - before.timestamp) / 1000;
  return seconds > 0 ? (now[total] - (before[total] ?? 0)) / seconds : null;
}

/** Sound minus picture on the sender's clock (`estimatedPlayoutTimestamp`, NTP ms). */
function avOffset(audio, video) {
  if (audio?.estimatedPlayoutTimestamp == null || video?.estimatedPlayoutTimestamp == null) return null;
  const offset = audio.estimatedPlayoutTimestamp - video.estimatedPlayoutTimestamp;
  return Math.abs(offset) < 10_000 ? offset : null;
}

/** @returns {number|null} The server's share of the way from sound to picture. */
export function serverDelayMs(server, capabilities) {
  // Measured; else what it aims at now; else what it started with.
  const known = [server?.audio_to_frame_ms, server?.delay_ms, capabilities?.playout_delay_ms];
  return known.find((value) => typeof value === "number") ?? null;
}

/**
 * @param {RTCStatsReport} report
 * @param {ReturnType<typeof pick>|null} before What the last call picked.
 * @param {{voice: string, server: Record<string, any>|null,
 *   capabilities: Record<string, any>|null}} known
 * @returns {{stats: ClientStats, picked: ReturnType<typeof pick>}}
 */
export function readStats(report, before, known) {
  const picked = pick(report);
  const { video, audio, pair, codec } = picked;
  const roundTripMs = pair?.currentRoundTripTime == null ? null : pair.currentRoundTripTime * 1000;
  const bits = perSecond(video, before?.video, "bytesReceived");
  const videoBufferMs = rate(video, before?.video, "jitterBufferDelay", "jitterBufferEmittedCount", 1000);
  const decodeMs = rate(video, before?.video, "totalDecodeTime", "framesDecoded", 1000);
  const serverMs = serverDelayMs(known.server, known.capabilities);
  const known3 = serverMs != null && videoBufferMs != null;
  const wayMs = (roundTripMs ?? 0) + (known.voice === "mirror" ? CAPTURE_MS : 0) + DISPLAY_MS;
  const stats = {
    fps: perSecond(video, before?.video, "framesDecoded"),
    widthPx: video?.frameWidth ?? null,
    heightPx: video?.frameHeight ?? null,
    codec: codec?.mimeType?.split("/")[1] ?? null,
    videoKbps: bits == null ? null : (bits * 8) / 1000,
    roundTripMs,
    videoBufferMs,
    audioBufferMs: rate(audio, before?.audio, "jitterBufferDelay", "jitterBufferEmittedCount", 1000),
    decodeMs,
    audioToPictureMs: known3 ? serverMs + videoBufferMs + (decodeMs ?? 0) + wayMs : null,
    avOffsetMs: avOffset(audio, video),
    framesDecoded: video?.framesDecoded ?? 0,
    framesDropped: video?.framesDropped ?? 0,
    freezes: video?.freezeCount ?? 0,
    freezeS: video?.totalFreezesDuration ?? 0,
    packetsLost: (video?.packetsLost ?? 0) + (audio?.packetsLost ?? 0),
    server: known.server,
  };
  return { stats, picked };
}
