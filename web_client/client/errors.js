/**
 * Every way a session can fail, in plain words with the remedy.
 * Runs in the page's main thread. Never touches the DOM or the network.
 */

/** code -> [what happened, what to do about it] */
const PLAIN = {
  "insecure-context": [
    "The browser only shares a microphone with a secure page.",
    "Open this page over https, or on the server's own machine as http://localhost.",
  ],
  "unsupported-browser": [
    "This browser cannot hold a live call.",
    "Use a current Chrome, Edge, Firefox or Safari.",
  ],
  "no-microphone": [
    "No microphone was found.",
    "Plug one in and try again, or use a voice file instead.",
  ],
  "microphone-refused": [
    "The microphone was not allowed.",
    "Allow it in the browser's site settings (the icon beside the address), then connect again. Or use a voice file.",
  ],
  "microphone-busy": [
    "The microphone could not be opened.",
    "Close other programs that use it, or choose another microphone.",
  ],
  "microphone-lost": [
    "The microphone went away.",
    "Choose another one now, or plug it in and connect again.",
  ],
  "server-full": ["All places on the server are taken.", "A place is asked for again by itself."],
  "server-unreachable": [
    "The server does not answer.",
    "Check that it runs and that this page's address is right.",
  ],
  "server-refused": ["The server refused the request.", "See the server's log for more."],
  "unknown-avatar": ["The server does not have this avatar.", "Reload the page and choose another one."],
  "media-blocked": [
    "The server answered, but no picture can get through.",
    "A firewall between you and the server may block UDP. Try another network, or set a TURN server.",
  ],
  "connection-lost": ["The connection was lost.", "Check your network."],
  "session-closed": ["The server ended the session.", "Connect again to go on."],
  "bad-audio": [
    "This file cannot be read as sound.",
    "Use a WAV, MP3, M4A, OGG or FLAC file with a voice in it.",
  ],
  "audio-too-long": ["This file is too long.", "Use one of at most ten minutes."],
  "not-live": ["The avatar is not connected.", "Connect first, with the voice mode \"push\"."],
  "voice-refused": ["The server did not take the voice.", "Connect again and try once more."],
  "bad-wish": ["The face cannot be told this.", "See docs/client.md, Telling the face."],
  closed: ["The session was closed.", ""],
};

/** Codes after which trying again by itself can help. */
const RECOVERABLE = new Set([
  "server-full",
  "server-unreachable",
  "media-blocked",
  "connection-lost",
]);

/** An error that a person can read: `message` says what happened, `remedy` what to do. */
export class AvatarError extends Error {
  /**
   * @param {string} code One of the codes in docs/client.md.
   * @param {{message?: string, remedy?: string, retryAfterS?: number|null, reason?: string,
   *   recoverable?: boolean, cause?: unknown}} [details]
   */
  constructor(code, details = {}) {
    const [message, remedy] = PLAIN[code] ?? ["Something went wrong.", "Try again."];
    super(details.message ?? message, { cause: details.cause });
    this.name = "AvatarError";
    this.code = code;
    this.remedy = details.remedy ?? remedy;
    /** Seconds the server asks to wait, or null. @type {number|null} */
    this.retryAfterS = details.retryAfterS ?? null;
    /** The server's own word for it, when it gave one. @type {string|null} */
    this.reason = details.reason ?? null;
    /** Whether trying again by itself can help. */
    this.recoverable = details.recoverable ?? RECOVERABLE.has(code);
  }
}

/** @param {unknown} error What getUserMedia threw. @returns {AvatarError} */
export function microphoneError(error) {
  if (error instanceof AvatarError) return error;
  const name = error instanceof Error ? error.name : "";
  const codes = {
    NotAllowedError: "microphone-refused",
    SecurityError: "microphone-refused",
    NotFoundError: "no-microphone",
    OverconstrainedError: "no-microphone",
    NotReadableError: "microphone-busy",
    AbortError: "microphone-busy",
  };
  return new AvatarError(codes[name] ?? "microphone-busy", { cause: error });
}

/**
 * @param {number} status HTTP status.
 * @param {{error?: {code?: string, message?: string, hint?: string}}|null} body
 * @param {string|null} retryAfter The Retry-After header (seconds).
 * @returns {AvatarError}
 */
export function responseError(status, body, retryAfter) {
  const told = body?.error ?? {};
  const details = {
    message: sentence(told.message),
    remedy: sentence(told.hint),
    reason: told.code ?? String(status),
  };
  if (told.code === "stopping") return new AvatarError("server-unreachable", details);
  // A photo's turn is asked for by the person, not by itself.
  if (told.code === "busy" || told.code === "too_slow") return new AvatarError("server-refused", details);
  if (status === 503) {
    const seconds = Number(retryAfter);
    const retryAfterS = retryAfter && Number.isFinite(seconds) ? Math.max(1, seconds) : 5;
    // The hint says when to try again; our own retry says it better, second by second.
    return new AvatarError("server-full", { ...details, remedy: undefined, retryAfterS });
  }
  if (told.code === "unknown_avatar") return new AvatarError("unknown-avatar", details);
  // A session that ended while it was being set up: a new one may fare better.
  const recoverable = status === 502 || status === 504 || told.code === "session_closed";
  return new AvatarError("server-refused", { ...details, recoverable });
}

/** A server's phrase as a sentence. @param {string|undefined} phrase */
export function sentence(phrase) {
  if (!phrase) return undefined;
  const whole = phrase[0].toUpperCase() + phrase.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
