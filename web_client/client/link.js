/**
 * One attempt at one session: the session on the server, its peer connection and its channel.
 * Runs in the page's main thread; made anew for every retry, closed exactly once.
 * Never retries and never opens a microphone.
 */

import { AvatarError } from "./errors.js";

const CONNECT_TIMEOUT_MS = 15_000;
/** A short gap heals by itself; the server gives up on us after about as long (ICE consent). */
const DISCONNECT_GRACE_MS = 3_500;
/** Candidates found within this time travel together. */
const TRICKLE_MS = 25;

/**
 * The two codecs the server has, the wanted one first; others only make the offer larger.
 * @param {RTCRtpTransceiver} transceiver
 * @param {string} first "VP8" or "H264"
 */
export function preferCodec(transceiver, first) {
  const all = globalThis.RTCRtpReceiver?.getCapabilities?.("video")?.codecs;
  if (!all || !transceiver.setCodecPreferences) return;
  const order = [first, "VP8", "H264"].map((name) => `video/${name}`.toLowerCase());
  const place = (codec) => {
    const at = order.indexOf(codec.mimeType.toLowerCase());
    // aiortc speaks constrained baseline (42e01f, 42001f) in packetization mode 1 only.
    const odd = codec.mimeType === "video/H264" && !/42(e0|00)1f/i.test(codec.sdpFmtpLine ?? "");
    return at < 0 || odd ? order.length : at;
  };
  const main = all.filter((codec) => place(codec) < order.length);
  const repair = all.filter((codec) => codec.mimeType.toLowerCase() === "video/rtx");
  main.sort((a, b) => place(a) - place(b));
  if (main.length > 0) transceiver.setCodecPreferences([...main, ...repair]);
}

/**
 * @typedef {{kind: "photo"}|{kind: "blur", strength?: number}|{kind: "colour", colour: string}|
 *   {kind: "backdrop", name: string}|{kind: "image"}} Background
 * @typedef {{background?: Background|Blob, framing?: "shoulders"|"head", mirrored?: boolean}} Stage
 * A Blob is a picture to stand behind the person.
 *
 * @typedef {object} LinkOptions
 * @property {import("./signalling.js").Signalling} signalling
 * @property {Record<string, unknown>} wishes avatar, voice, size, seed, renderer, emotion, manner
 * @property {boolean} listens Whether the microphone's sound is sent.
 * @property {Stage} stage
 * @property {string} codec
 * @property {RTCIceServer[]|null} iceServers null: those the server names
 * @property {(message: Record<string, any>) => void} onMessage
 * @property {(error: AvatarError) => void} onLost At most once, only after `open` resolved.
 */

export class Link {
  #abort = new AbortController();
  #grace = 0;
  #trickleTimer = 0;
  /** @type {RTCIceCandidateInit[]} */ #candidates = [];
  #answered = false;
  #told = false;
  #opened = false;
  /** The picture this session has been given. @type {Blob|null} */ #given = null;
  /** @type {Promise<unknown>} */ #staging = Promise.resolve();
  /** What the face is told before the channel is open, by type. @type {Map<string, Record<string, unknown>>} */
  #untold = new Map();

  /** @param {LinkOptions} options */
  constructor(options) {
    this.options = options;
    /** What is wished for; shown as soon as there is a session. @type {Stage} */
    this.stage = options.stage;
    /** @type {import("./signalling.js").SessionInfo|null} */
    this.session = null;
    /** @type {RTCPeerConnection|null} */
    this.pc = null;
    /** @type {RTCDataChannel|null} */
    this.channel = null;
    /** @type {RTCRtpSender|null} */
    this.sender = null;
    this.stream = new MediaStream();
    this.closed = false;
  }

  /**
   * Creates the session and connects. The offer leaves without waiting for candidates: the server
   * learns the browser as peer-reflexive, the rest trickles.
   * @param {MediaStreamTrack|null} track The microphone when it is open already.
   * @returns {Promise<void>} Once media can flow.
   */
  async open(track) {
    const { signalling, wishes, iceServers } = this.options;
    const signal = this.#abort.signal;
    // Not abortable: a session made while we hang up must be ended, so its id must be learnt.
    const stage = this.stage;
    this.session = await signalling.createSession({ ...wishes, stage: this.#plain(stage) });
    if (this.closed) {
      await signalling.closeSession(this.session.id);
      throw new AvatarError("closed");
    }
    if (stage.background instanceof Blob || stage !== this.stage) await this.setStage(this.stage);
    const pc = new RTCPeerConnection({
      iceServers: iceServers ?? this.session.ice_servers ?? [],
      bundlePolicy: "max-bundle",
    });
    this.pc = pc;
    const connected = this.#watch(pc);
    connected.catch(() => {}); // Also awaited below; this only covers a failure before that.
    this.#plan(pc, track);
    await pc.setLocalDescription();
    const answer = await signalling.offer(this.session.id, pc.localDescription, signal);
    if (this.closed) throw new AvatarError("closed");
    await pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    this.#answered = true;
    this.#trickleSoon();
    await connected;
    this.#opened = true;
  }

  /**
   * Changes what is around the person, in the order of the calls; one that a later call has
   * overtaken is left out.
   * @param {Stage} stage
   * @returns {Promise<void>} Once it is shown; at once when there is no session yet.
   */
  setStage(stage) {
    this.stage = stage;
    if (!this.session) return Promise.resolve();
    const sent = this.#staging.catch(() => {}).then(() => this.#sendStage(stage));
    this.#staging = sent;
    return sent;
  }

  /**
   * Tells the face something; before the channel is open it is kept, the last of each type.
   * @param {Record<string, unknown>} message
   * @returns {boolean} Whether it was told or kept.
   */
  tell(message) {
    if (this.closed) return false;
    if (this.channel?.readyState === "open") this.channel.send(JSON.stringify(message));
    else this.#untold.set(String(message.type), message);
    return true;
  }

  #tellAll() {
    for (const message of this.#untold.values()) this.channel?.send(JSON.stringify(message));
    this.#untold.clear();
  }

  async #sendStage(stage) {
    if (stage !== this.stage || this.closed) return;
    const { signalling } = this.options;
    const signal = this.#abort.signal;
    const picture = stage.background;
    if (picture instanceof Blob && picture !== this.#given) {
      await signalling.giveImage(this.session.id, picture, signal);
      this.#given = picture;
    }
    await signalling.changeStage(this.session.id, this.#plain(stage), signal);
  }

  /** As JSON: a picture that the session does not have yet is left out. @param {Stage} stage */
  #plain({ background, ...rest }) {
    if (!(background instanceof Blob)) return { background, ...rest };
    return background === this.#given ? { background: { kind: "image" }, ...rest } : rest;
  }

  /** Idempotent: stops everything this link started and ends the session on the server. */
  async close() {
    if (this.closed) return;
    this.#release();
    if (this.session) await this.options.signalling.closeSession(this.session.id);
  }

  /** The same while the page goes away: nothing can be awaited any more. */
  closeNow() {
    if (this.closed) return;
    if (this.session) this.options.signalling.beaconClose(this.session.id);
    this.#release();
  }

  #release() {
    this.closed = true;
    clearTimeout(this.#grace);
    clearTimeout(this.#trickleTimer);
    this.#abort.abort();
    for (const track of this.stream.getTracks()) {
      track.stop();
      this.stream.removeTrack(track);
    }
    if (this.channel) {
      this.channel.onopen = this.channel.onmessage = this.channel.onclose = null;
      this.channel.close();
    }
    if (this.pc) {
      this.pc.ontrack = this.pc.onicecandidate = this.pc.onconnectionstatechange = null;
      this.pc.close();
    }
  }

  /** Declares what is wanted: our voice (where it is heard), their voice and picture, the event channel. */
  #plan(pc, track) {
    this.channel = pc.createDataChannel("events");
    this.channel.onmessage = ({ data }) => this.#receive(data);
    this.channel.onopen = () => this.#tellAll();
    // The server closes the channel first when it ends a session: much sooner than ICE notices.
    this.channel.onclose = () => this.#lose(new AvatarError("connection-lost"));
    const { listens } = this.options;
    const audio = pc.addTransceiver(track ?? "audio", { direction: listens ? "sendrecv" : "recvonly" });
    this.sender = listens ? audio.sender : null;
    const video = pc.addTransceiver("video", { direction: "recvonly" });
    preferCodec(video, this.options.codec);
    pc.ontrack = ({ track: arrived }) => this.stream.addTrack(arrived);
    pc.onicecandidate = ({ candidate }) => {
      // The server speaks UDP only.
      if (!candidate?.candidate || candidate.protocol === "tcp") return;
      this.#candidates.push(candidate.toJSON());
      this.#trickleSoon();
    };
  }

  /** @returns {Promise<void>} Resolves when connected; afterwards a loss goes to `onLost`. */
  #watch(pc) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new AvatarError("media-blocked")), CONNECT_TIMEOUT_MS);
      this.#abort.signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(new AvatarError("closed"));
      });
      pc.onconnectionstatechange = () => {
        clearTimeout(this.#grace);
        const state = pc.connectionState;
        if (state === "connected") {
          clearTimeout(timer);
          resolve();
        } else if (state === "failed" || state === "closed") {
          clearTimeout(timer);
          reject(new AvatarError("media-blocked"));
          this.#lose(new AvatarError("connection-lost"));
        } else if (state === "disconnected") {
          const lost = () => this.#lose(new AvatarError("connection-lost"));
          this.#grace = setTimeout(lost, DISCONNECT_GRACE_MS);
        }
      };
    });
  }

  #lose(error) {
    if (this.closed || this.#told || !this.#opened) return;
    this.#told = true;
    this.options.onLost(error);
  }

  #receive(data) {
    if (typeof data !== "string") return;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return; // JSON is all we know; a newer server may say more.
    }
    this.options.onMessage(message);
  }

  #trickleSoon() {
    if (!this.#answered || this.#trickleTimer || this.#candidates.length === 0) return;
    this.#trickleTimer = setTimeout(async () => {
      this.#trickleTimer = 0;
      const batch = this.#candidates.splice(0);
      try {
        await this.options.signalling.trickle(this.session.id, batch, this.#abort.signal);
      } catch (error) {
        // Not fatal: the server also learns our address from our own checks. If that fails too,
        // the connect deadline tells the person.
        console.debug("synchrorama: candidates were not taken", error);
      }
    }, TRICKLE_MS);
  }
}
