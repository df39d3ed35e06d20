/**
 * The server's HTTP interface: sessions, offers, candidates, avatars.
 * Runs in the page's main thread; every request has a deadline.
 * Never holds a peer connection and never retries.
 */

import { AvatarError, responseError } from "./errors.js";

const TIMEOUT_MS = 10_000;
const PHOTO_TIMEOUT_MS = 90_000;

/**
 * @typedef {{name: string, title: string, credit: string, portrait: string, default: boolean, user: boolean}} AvatarInfo
 * `portrait` is an absolute URL; `user`: made by a user, and may be removed.
 * @typedef {{code: string, message: string, remedy: string}} Remark
 * @typedef {{width: number, height: number, faces: number[][], outlines: number[][][],
 *   problem: Remark|null, warnings: Remark[]}} PhotoInfo Lengths are shares of width and height.
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
    }));
  }

  /** Looks at a photo; nothing is kept. @param {Blob} photo @param {AbortSignal} [signal] @returns {Promise<PhotoInfo>} */
  checkPhoto(photo, signal) {
    const form = new FormData();
    form.set("image", photo, "photo");
    return this.#json("POST", "v1/avatars/check", form, signal);
  }

  /**
   * Makes an avatar of a photo.
   * @param {Blob} photo
   * @param {{title: string, consent_statement: string, consent_by?: string, name?: string}} about
   * @returns {Promise<{name: string, title: string}>}
   */
  createAvatar(photo, about) {
    const form = new FormData();
    form.set("image", photo, "photo");
    for (const [name, text] of Object.entries(about)) form.set(name, text);
    return this.#json("POST", "v1/avatars", form);
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
   * @param {Record<string, unknown>} wishes avatar, voice, size, seed; undefined ones are left out.
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
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    const form = body instanceof FormData; // Its type, with a boundary, is set by the browser.
    if (body !== undefined && !form) headers["Content-Type"] = "application/json";
    const deadline = AbortSignal.timeout(form ? PHOTO_TIMEOUT_MS : TIMEOUT_MS);
    let response;
    let text;
    try {
      response = await fetch(this.#url(path), {
        method,
        headers,
        body: body === undefined || form ? body : JSON.stringify(body),
        // Safari before 17.4 has no `any`; the deadline then yields to the caller.
        signal: signal ? (AbortSignal.any?.([signal, deadline]) ?? signal) : deadline,
        cache: "no-store",
      });
      text = await response.text();
    } catch (error) {
      if (signal?.aborted) throw new AvatarError("closed", { cause: error });
      throw new AvatarError("server-unreachable", { cause: error });
    }
    const parsed = parse(text);
    if (!response.ok) {
      throw responseError(response.status, parsed, response.headers.get("Retry-After"));
    }
    return parsed;
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
