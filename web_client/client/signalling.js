/**
 * The server's HTTP interface: sessions, offers, candidates, avatars.
 * Runs in the page's main thread; every request has a deadline.
 * Never holds a peer connection and never retries.
 */

import { AvatarError, responseError } from "./errors.js";

const TIMEOUT_MS = 10_000;
const PHOTO_TIMEOUT_MS = 90_000;

/**
 * @typedef {{name: string, title: string, credit: string, portrait: string, preview: string|null,
 *   attributes: Record<string, string>, default: boolean, user: boolean}} AvatarInfo
 * `portrait` and `preview` (a short film) are absolute URLs; `user`: made by a user, who may remove it.
 * @typedef {{given: string, by: string, statement: string}} Consent
 * @typedef {{code: string, message: string, remedy: string}} Remark
 * @typedef {{width: number, height: number, faces: number[][], outlines: number[][][], crop: number[]|null,
 *   problem: Remark|null, warnings: Remark[]}} PhotoInfo Lengths are shares of width and height.
 * @typedef {{code: string, words: string, share: number}} Step What is being done; share: 0 to 1.
 * @typedef {{id: string, ice_servers: RTCIceServer[], limits: Record<string, any>}} SessionInfo
 * Whoever knows the id controls the session.
 */

export class Signalling {
  /** @param {string|URL} server Base address; paths are taken below it. */
  constructor(server) {
    const base = new URL(server, globalThis.location?.href);
    if (!base.pathname.endsWith("/")) base.pathname += "/";
    base.search = "";
    base.hash = "";
    /** @type {URL} */
    this.base = base;
    /** Whether the server makes avatars of photos; known after `avatars()`. */
    this.uploads = false;
  }

  /** @returns {Promise<AvatarInfo[]>} */
  async avatars() {
    const { avatars, uploads } = await this.#json("GET", "v1/avatars");
    this.uploads = uploads === true;
    return avatars.map((row) => ({
      name: row.name,
      title: row.title || row.name,
      credit: row.credit ?? "",
      default: row.default === true,
      user: row.user === true,
      // Below our base also when a proxy serves the server under a path of its own.
      portrait: this.#url(`v1/avatars/${encodeURIComponent(row.name)}/portrait.jpg`).href,
      preview: row.preview ? this.#url(`v1/avatars/${encodeURIComponent(row.name)}/preview.mp4`).href : null,
      attributes: row.attributes ?? {},
    }));
  }

  /** The consent of a user's avatar; null where the server does not tell it. @param {string} name @returns {Promise<Consent|null>} */
  async consent(name) {
    return (await this.#json("GET", `v1/avatars/${encodeURIComponent(name)}`)).consent ?? null;
  }

  /**
   * Looks at a photo; nothing is kept.
   * @param {Blob} photo
   * @param {{face?: number|null}} [about] Which of several faces: its index in an earlier check's `faces`.
   * @param {AbortSignal} [signal]
   * @returns {Promise<PhotoInfo>}
   */
  checkPhoto(photo, about = {}, signal) {
    return this.#json("POST", "v1/avatars/check", photoForm(photo, about), signal);
  }

  /**
   * Makes an avatar of a photo. Aborted, the server stops too and keeps nothing.
   * @param {Blob} photo
   * @param {{title: string, consent_statement: string, consent_by?: string, name?: string, face?: number|null}} about
   * @param {{onStep?: (step: Step) => void, signal?: AbortSignal}} [options]
   * @returns {Promise<{name: string, title: string}>}
   */
  async createAvatar(photo, about, { onStep = () => {}, signal } = {}) {
    const response = await this.#fetch("POST", "v1/avatars", photoForm(photo, about), signal, "text/event-stream");
    if (!response.ok || !response.body) return this.#read(response, signal);
    try {
      for await (const [kind, data] of serverEvents(response.body)) {
        if (kind === "step") onStep(data);
        if (kind === "done") return data;
        if (kind === "error") throw responseError(data.status, data, null);
      }
    } catch (error) {
      throw error instanceof AvatarError ? error : gone(error, signal);
    }
    throw new AvatarError("server-unreachable"); // The answer ended before it was whole.
  }

  /** Deletes a user's avatar and all that is kept of it. @param {string} name */
  removeAvatar(name) {
    return this.#json("DELETE", `v1/avatars/${encodeURIComponent(name)}`);
  }

  /** @returns {Promise<Record<string, any>>} */
  capabilities() {
    return this.#json("GET", "v1/capabilities");
  }

  /**
   * @param {Record<string, unknown>} wishes avatar, voice, size, seed, renderer, stage, emotion, manner; undefined ones are left out.
   * @returns {Promise<SessionInfo>}
   */
  async createSession(wishes) {
    const asked = Object.fromEntries(Object.entries(wishes).filter(([, v]) => v != null));
    return this.#json("POST", "v1/sessions", asked);
  }

  /**
   * @param {string} id
   * @param {RTCSessionDescription} description
   * @param {AbortSignal} [signal]
   * @returns {Promise<RTCSessionDescriptionInit>}
   */
  offer(id, description, signal) {
    const { sdp, type } = description;
    return this.#json("POST", this.#session(id, "/offer"), { sdp, type }, signal);
  }

  /**
   * @param {string} id
   * @param {RTCIceCandidateInit[]} candidates
   * @param {AbortSignal} [signal]
   */
  trickle(id, candidates, signal) {
    return this.#json("PATCH", this.#session(id, "/offer"), { candidates }, signal);
  }

  /**
   * Changes what is around the person; answered when it is shown.
   * @param {string} id
   * @param {Record<string, unknown>} change background, framing, mirrored; what is left out stays.
   * @param {AbortSignal} [signal]
   * @returns {Promise<Record<string, any>>} The whole stage.
   */
  changeStage(id, change, signal) {
    return this.#json("PATCH", this.#session(id, "/stage"), change, signal);
  }

  /** Puts a picture behind the person. @param {string} id @param {Blob} picture @param {AbortSignal} [signal] */
  giveImage(id, picture, signal) {
    return this.#json("PUT", this.#session(id, "/stage/image"), picture, signal);
  }

  /** A small picture of a built-in backdrop. @param {string} name */
  backdropUrl(name) {
    return this.#url(`v1/backdrops/${encodeURIComponent(name)}.jpg`).href;
  }

  /** @param {string} id @returns {Promise<Record<string, any>>} */
  stats(id) {
    return this.#json("GET", this.#session(id, "/stats"));
  }

  /** Ends a session. One that is gone already, or whose server is gone, counts as ended. */
  async closeSession(id) {
    try {
      await this.#json("DELETE", this.#session(id, ""));
    } catch (error) {
      if (!(error instanceof AvatarError)) throw error;
    }
  }

  /**
   * Ends a session while the page is being left: works where fetch no longer does.
   * @param {string} id
   * @returns {boolean} Whether the browser took it.
   */
  beaconClose(id) {
    return navigator.sendBeacon(this.#url(this.#session(id, "/close")));
  }

  /** Address of the voice websocket. @param {string} id */
  audioUrl(id) {
    const url = this.#url(this.#session(id, "/audio"));
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return url;
  }

  #session(id, rest) {
    return `v1/sessions/${encodeURIComponent(id)}${rest}`;
  }

  #url(path) {
    return new URL(path, this.base);
  }

  /** @returns {Promise<any>} The answer's JSON, or null when it has none. */
  async #json(method, path, body, signal) {
    return this.#read(await this.#fetch(method, path, body, signal), signal);
  }

  /** @returns {Promise<Response>} */
  async #fetch(method, path, body, signal, accept = "application/json") {
    /** @type {Record<string, string>} */
    const headers = { Accept: accept };
    // The type of these, of a form with its boundary, is set by the browser.
    const form = body instanceof FormData || body instanceof Blob;
    if (body !== undefined && !form) headers["Content-Type"] = "application/json";
    const deadline = AbortSignal.timeout(form ? PHOTO_TIMEOUT_MS : TIMEOUT_MS);
    try {
      return await fetch(this.#url(path), {
        method,
        headers,
        body: body === undefined || form ? body : JSON.stringify(body),
        // Safari before 17.4 has no `any`; the deadline then yields to the caller.
        signal: signal ? (AbortSignal.any?.([signal, deadline]) ?? signal) : deadline,
        cache: "no-store",
      });
    } catch (error) {
      throw gone(error, signal);
    }
  }

  async #read(response, signal) {
    let text;
    try {
      text = await response.text();
    } catch (error) {
      throw gone(error, signal);
    }
    const parsed = parse(text);
    if (!response.ok) {
      throw responseError(response.status, parsed, response.headers.get("Retry-After"));
    }
    return parsed;
  }
}

/** What a broken request means. @param {unknown} error @param {AbortSignal} [signal] */
function gone(error, signal) {
  return new AvatarError(signal?.aborted ? "closed" : "server-unreachable", { cause: error });
}

/** @param {Blob} photo @param {Record<string, any>} about */
function photoForm(photo, about) {
  const form = new FormData();
  form.set("image", photo, "photo");
  for (const [name, value] of Object.entries(about)) {
    if (value != null && value !== "") form.set(name, String(value));
  }
  return form;
}

/** Server-sent events: kind and data of each. @param {ReadableStream<BufferSource>} body */
async function* serverEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const parts = (waiting + value).split("\n\n");
      waiting = parts.pop() ?? "";
      for (const part of parts) {
        const kind = /^event: (.*)$/m.exec(part)?.[1];
        const data = parse(/^data: (.*)$/m.exec(part)?.[1] ?? "");
        if (kind && data) yield [kind, data];
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** @param {string} text @returns {any} */
function parse(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // Not JSON (a proxy's error page): the status alone then tells.
  }
}
