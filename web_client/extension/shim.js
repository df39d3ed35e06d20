/**
 * Offers "SynchroRaMa" as a camera and microphone: overrides getUserMedia and enumerateDevices.
 * Runs in the page's own world before its scripts. Uses no fetch: the page's policy may forbid it.
 * Never shows the real camera in place of the face: what cannot be opened fails, as a camera would.
 */
(() => {
  const devices = navigator.mediaDevices;
  if (!devices?.getUserMedia) return; // No secure page.
  const ID = "synchrorama";
  const LABEL = "SynchroRaMa";
  const ASK_MS = 15_000;
  const CONNECT_MS = 15_000;
  const GATHER_MS = 1_000;
  const real = {
    getUserMedia: devices.getUserMedia.bind(devices),
    enumerateDevices: devices.enumerateDevices.bind(devices),
  };
  const RTCPeer = RTCPeerConnection;

  // -- asking the extension -------------------------------------------------------------------

  const waiting = new Map();
  let asked = 0;
  document.addEventListener("synchrorama-answer", (event) => {
    const { id, reply, refusal } = JSON.parse(event.detail);
    const done = waiting.get(id);
    waiting.delete(id);
    if (refusal === undefined) done?.resolve(reply);
    else done?.reject(new DOMException(`${LABEL}: ${refusal}`, "NotReadableError"));
  });

  const ask = (verb, extra = {}) =>
    new Promise((resolve, reject) => {
      const id = (asked += 1);
      const late = () => reject(new DOMException(`${LABEL}: the extension does not answer`, "NotReadableError"));
      const timer = setTimeout(late, ASK_MS);
      const settle = (then) => (value) => (clearTimeout(timer), then(value));
      waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      document.dispatchEvent(new CustomEvent("synchrorama-ask", { detail: JSON.stringify({ id, verb, ...extra }) }));
    });

  // -- the face: one for the page, as long as somebody holds a track of it ---------------------

  class Face {
    held = new Set();
    closed = false;

    constructor(microphone) {
      this.microphone = microphone;
    }

    async open() {
      const { iceServers } = await ask("create");
      this.pc = new RTCPeer({ iceServers });
      this.pc.addTransceiver(this.microphone, { direction: "sendrecv" });
      this.pc.addTransceiver("video", { direction: "recvonly" });
      this.pc.createDataChannel("events");
      this.pc.addEventListener("connectionstatechange", () => {
        if (["failed", "closed"].includes(this.pc.connectionState)) this.close();
      });
      await this.pc.setLocalDescription();
      await gathered(this.pc);
      const { sdp } = await ask("offer", { sdp: this.pc.localDescription.sdp });
      await this.pc.setRemoteDescription({ type: "answer", sdp });
      const [audio, video] = this.pc.getReceivers().map(({ track }) => track);
      this.tracks = { audio, video };
      await this.firstPicture(video);
      this.microphone.addEventListener("ended", () => this.close());
      return this;
    }

    /** Pages measure a camera at once: it must have its size. The sound must be attached to flow. */
    async firstPicture(video) {
      this.sink = document.createElement("video");
      Object.assign(this.sink, { muted: true, playsInline: true, srcObject: new MediaStream([this.tracks.audio, video]) });
      this.sink.play().catch(() => {});
      const seen = new Promise((resolve) => this.sink.requestVideoFrameCallback(resolve));
      const late = new Promise((_resolve, reject) => {
        this.timer = setTimeout(() => reject(new DOMException(`${LABEL}: no picture came; UDP may be blocked on the way`, "NotReadableError")), CONNECT_MS);
      });
      await Promise.race([seen, late]);
      clearTimeout(this.timer);
    }

    /** A track for the page: counted, and stopped like any camera's. */
    give(kind) {
      return this.#hold(this.tracks[kind].clone(), kind);
    }

    #hold(track, kind) {
      const stop = track.stop.bind(track);
      const clone = track.clone.bind(track);
      this.held.add(track);
      Object.defineProperties(track, {
        label: { value: LABEL },
        stop: { value: () => (stop(), this.#release(track)) },
        clone: { value: () => this.#hold(clone(), kind) },
        getSettings: { value: () => this.#settings(kind) },
        getCapabilities: { value: () => ({ deviceId: ID, groupId: ID }) },
        // Its size and rate are the server's: wishes are heard, and change nothing.
        applyConstraints: { value: async () => {} },
      });
      return track;
    }

    #settings(kind) {
      const { videoWidth: width, videoHeight: height } = this.sink;
      const same = { deviceId: ID, groupId: ID };
      return kind === "video" ? { ...same, width, height, frameRate: 25, aspectRatio: width / height } : { ...same, sampleRate: 48000, channelCount: 2 };
    }

    #release(track) {
      this.held.delete(track);
      if (this.held.size === 0) this.close();
    }

    close() {
      if (this.closed) return;
      this.closed = true;
      clearTimeout(this.timer);
      if (current === this.promise) current = null;
      this.pc?.close();
      this.microphone.stop();
      if (this.sink) this.sink.srcObject = null;
      ask("close").catch(() => {});
      for (const track of this.held) track.dispatchEvent(new Event("ended"));
      this.held.clear();
    }
  }

  const gathered = (pc) =>
    new Promise((resolve) => {
      if (pc.iceGatheringState === "complete") return resolve();
      const timer = setTimeout(resolve, GATHER_MS);
      pc.addEventListener("icegatheringstatechange", () => {
        if (pc.iceGatheringState === "complete") resolve(clearTimeout(timer));
      });
    });

  /** @type {Promise<Face>|null} */
  let current = null;

  /** The face that is there, or a new one that hears the microphone the page asked for. */
  function face(constraint) {
    if (current) return current;
    const opening = (async () => {
      const stream = await real.getUserMedia({ audio: withoutUs(constraint) });
      const made = new Face(stream.getAudioTracks()[0]);
      made.promise = opening;
      try {
        return await made.open();
      } catch (error) {
        made.close();
        throw error;
      }
    })();
    current = opening;
    opening.catch(() => {
      if (current === opening) current = null;
    });
    return opening;
  }

  // -- what a page asks for -------------------------------------------------------------------

  const names = (value) => [value].flat().filter((each) => typeof each === "string");
  const wanted = (constraint) => {
    const id = constraint?.deviceId;
    return id && typeof id === "object" && !Array.isArray(id) ? [...names(id.exact), ...names(id.ideal)] : names(id);
  };
  const isUs = (constraint) => wanted(constraint).includes(ID);
  const isAny = (constraint) => constraint && wanted(constraint).length === 0;
  function withoutUs(constraint) {
    if (!constraint || constraint === true || isUs(constraint)) return true;
    return constraint;
  }

  async function getUserMedia(constraints = {}) {
    const { video, audio } = constraints ?? {};
    const { offered, always } = video || audio ? await ask("config").catch(() => ({})) : {};
    const ours = { video: Boolean(offered && video && (isUs(video) || (always && isAny(video)))) };
    // While the face is on, the voice must be the one that is in step with it.
    ours.audio = Boolean(offered && audio && (isUs(audio) || ours.video || current || (always && isAny(audio))));
    if (!ours.video && !ours.audio) return real.getUserMedia(constraints);
    const opened = await face(audio);
    const tracks = [];
    if (audio) tracks.push(opened.give("audio"));
    if (video && ours.video) tracks.push(opened.give("video"));
    if (video && !ours.video) {
      try {
        tracks.push(...(await real.getUserMedia({ video })).getTracks());
      } catch (error) {
        for (const track of tracks) track.stop();
        throw error;
      }
    }
    return new MediaStream(tracks);
  }

  const device = (kind) => {
    const fields = { deviceId: ID, groupId: ID, kind, label: LABEL };
    const made = Object.create(InputDeviceInfo.prototype);
    for (const [name, value] of Object.entries(fields)) Object.defineProperty(made, name, { value, enumerable: true });
    Object.defineProperty(made, "toJSON", { value: () => fields });
    Object.defineProperty(made, "getCapabilities", { value: () => ({ deviceId: ID, groupId: ID }) });
    return made;
  };

  async function enumerateDevices() {
    const [found, { offered }] = await Promise.all([real.enumerateDevices(), ask("config").catch(() => ({}))]);
    return offered ? [...found, device("audioinput"), device("videoinput")] : found;
  }

  Object.defineProperties(devices, {
    getUserMedia: { value: getUserMedia, configurable: true, writable: true },
    enumerateDevices: { value: enumerateDevices, configurable: true, writable: true },
  });
})();
