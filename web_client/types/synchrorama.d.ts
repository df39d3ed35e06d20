export { AvatarError } from "./client/errors.js";
export { decodeVoice } from "./client/voice.js";
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
    /** @param {AvatarOptions} [options] */
    constructor(options?: AvatarOptions);
    /** As given, with what is usual in place of what was left out. @type {AvatarOptions} */
    options: AvatarOptions;
    signalling: Signalling;
    /** @type {ClientState} */
    state: ClientState;
    /** Why it waits or was closed. @type {AvatarError|null} */
    error: AvatarError | null;
    /**
     * As of every EventTarget; written down for the types of `detail`.
     * @template {keyof AvatarEvents} K
     * @param {K} type
     * @param {((event: CustomEvent<AvatarEvents[K]>) => void)|EventListenerObject|null} listener
     * @param {boolean|AddEventListenerOptions} [options]
     * @returns {void}
     */
    addEventListener<K extends keyof AvatarEvents>(type: K, listener: ((event: CustomEvent<AvatarEvents[K]>) => void) | EventListenerObject | null, options?: boolean | AddEventListenerOptions): void;
    /** The face and its voice; a new stream with every connection. @returns {MediaStream|null} */
    get stream(): MediaStream | null;
    /** @returns {string|null} */
    get sessionId(): string | null;
    /** The open microphone, to draw its level. @returns {MediaStream|null} */
    get microphone(): MediaStream | null;
    get muted(): boolean;
    /** @returns {Promise<import("./client/signalling.js").AvatarInfo[]>} */
    avatars(): Promise<import("./client/signalling.js").AvatarInfo[]>;
    /**
     * Connects, and from then on reconnects by itself.
     * @returns {Promise<void>} When live. Rejects with an AvatarError when it gave up, also when
     *   `close()` came first (code "closed").
     */
    connect(): Promise<void>;
    /** Stops sending the microphone's sound (silence is sent instead). @param {boolean} muted */
    setMuted(muted: boolean): void;
    /**
     * Changes the microphone, live or not; whether there is one at all is chosen before connecting.
     * @param {string|MediaStream|false|null} microphone As in the options.
     */
    setMicrophone(microphone: string | MediaStream | false | null): Promise<void>;
    /**
     * Changes what is around the person, live or not; kept over reconnections.
     * @param {import("./client/link.js").Stage} change What is left out stays as it is.
     * @returns {Promise<void>} Once it is shown; when not connected at once, for the next call.
     */
    setStage(change: import("./client/link.js").Stage): Promise<void>;
    /**
     * Words that are being spoken now: the face shows what they feel like. Not spoken by the avatar.
     * @param {string} text
     * @returns {boolean} Whether it was told; false when not live.
     */
    say(text: string): boolean;
    /**
     * Shows this feeling, whatever is heard; null: what is heard counts again. Kept over reconnections.
     * @param {import("./client/tellings.js").Feeling|null} feeling
     */
    feel(feeling: import("./client/tellings.js").Feeling | null): void;
    /**
     * Does something once: nod, laugh, look_left... (`ACTIONS`).
     * @param {string} name
     * @returns {boolean} Whether it was told; false when not live.
     */
    act(name: string): boolean;
    /**
     * How it moves; a dial left out is the usual 0.5. Kept over reconnections.
     * @param {import("./client/tellings.js").Dials} dials
     * @param {number} [temperature] 0 (calm, the likeliest) to 1.5; variety of the motion.
     */
    setManner(dials: import("./client/tellings.js").Dials, temperature?: number): void;
    /**
     * What happens around it and how it is, in words. Kept over reconnections.
     * @param {string|null} text
     */
    setScene(text: string | null): void;
    /**
     * What the other side of the talk does: who is spoken to looks on and nods.
     * @param {{speaking: boolean, energy?: number}} other energy: loudness, 0 to 1.
     * @returns {boolean} Whether it was told; false when not live.
     */
    listen(other: {
        speaking: boolean;
        energy?: number;
    }): boolean;
    /**
     * Calls back with every motion the face shows, 25 a second, also after reconnections.
     * @param {(motion: Motion) => void} callback
     * @returns {() => void} Ends it.
     */
    onMotion(callback: (motion: Motion) => void): () => void;
    /**
     * Push mode: says a voice with the face, after what it is saying now.
     * @param {Blob|ArrayBuffer|Int16Array} voice A sound file's bytes, or mono PCM at 16 kHz.
     * @returns {Promise<import("./client/voice.js").Spoken>} When it has been played, or interrupted.
     */
    speak(voice: Blob | ArrayBuffer | Int16Array): Promise<import("./client/voice.js").Spoken>;
    /**
     * Push mode: the server speaks a text with its own voice, after what is being said now. `[nods]` and
     * the like are done, not said. Events `started` and `finished` name the segment; docs/speak.md.
     * @param {string} text
     * @param {{segment?: string, voice?: string, language?: string, emotion?: object, words?: boolean,
     *   more?: boolean}} [options]
     * @returns {boolean} Whether it was sent; false when not live.
     */
    speakText(text: string, options?: {
        segment?: string;
        voice?: string;
        language?: string;
        emotion?: object;
        words?: boolean;
        more?: boolean;
    }): boolean;
    /**
     * Assistant mode: what the visitor typed; it counts as a turn and interrupts an answer.
     * @param {string} text 4,000 letters at most.
     * @returns {boolean} Whether it was told; false when not live.
     */
    ask(text: string): boolean;
    /** Stops the voice given to `speak` at once; in assistant mode the answer. */
    interrupt(): void;
    /** Stops whatever is being said at once. @returns {boolean} Whether it was told. */
    silence(): boolean;
    /** @returns {Promise<import("./client/stats.js").ClientStats|null>} null when not live. */
    getStats(): Promise<import("./client/stats.js").ClientStats | null>;
    /** Hangs up and lets go of everything; idempotent. `connect()` may be called again. */
    close(): Promise<void>;
    #private;
}
/**
 * idle: never connected. waiting: will try again by itself. closed: `connect()` starts anew.
 */
export type ClientState = "idle" | "connecting" | "live" | "waiting" | "closed";
export type AvatarOptions = {
    /**
     * Base address; default: where this module was loaded from.
     */
    server?: string | URL;
    /**
     * A name of `avatars()`; default: the server's first.
     */
    avatar?: string;
    /**
     * mirror: the microphone drives the face. push:
     * `speak()` does. assistant: the server's assistant hears, answers and speaks; see `ask()`.
     */
    voice?: "mirror" | "push" | "assistant";
    /**
     * Device id, a stream of your own (you stop it),
     * or null for the browser's default; in assistant mode false for none: the visitor types. Not used
     * in push mode.
     */
    microphone?: string | MediaStream | false | null;
    /**
     * Picture size in pixels (square).
     */
    size?: number;
    /**
     * What is around the person; see `setStage()`.
     */
    stage?: import("./client/link.js").Stage;
    /**
     * Makes blinks and sway repeatable.
     */
    seed?: number;
    /**
     * What draws the face at best.
     */
    renderer?: "auto" | "diffusion" | "motion-frame";
    /**
     * What it feels; see `feel()`.
     */
    emotion?: import("./client/tellings.js").Feeling | null;
    /**
     * How
     * it moves; see `setManner()`.
     */
    manner?: {
        dials?: import("./client/tellings.js").Dials;
        temperature?: number;
    } | null;
    /**
     * What happens around it; see `setScene()`.
     */
    scene?: string | null;
    /**
     * Tried first; default VP8 (three times cheaper for the server).
     */
    codec?: "VP8" | "H264";
    /**
     * Default: those the server names (none on a local net).
     */
    iceServers?: RTCIceServer[];
    /**
     * Attempts in a row before giving up; 0 never retries. Default 10.
     */
    retries?: number;
};
/**
 * What the face shows at media time t
 *  (seconds): 52 ARKit blendshapes (0 to 1), then the head's pose; see docs/client.md.
 */
export type Motion = {
    t: number;
    names: string[];
    values: number[];
};
/**
 * asr: hears words. llm: answers. tts: speaks.
 */
export type AssistantPart = "asr" | "llm" | "tts";
/**
 * What the assistant has, and what to set on the server for the rest.
 */
export type Assistant = {
    parts: Record<AssistantPart, boolean>;
    missing: {
        part: AssistantPart;
        set: string;
    }[];
};
/**
 * hearing: the visitor speaks.
 */
export type Turn = {
    state: "listening" | "thinking" | "speaking";
    hearing: boolean;
};
/**
 * A text with the `segment` of an earlier one replaces it; interrupted: only so much was heard.
 */
export type Transcript = {
    by: "visitor" | "assistant";
    text: string;
    segment?: string;
    interrupted?: boolean;
};
/**
 * Name of an event -> its `detail`.
 */
export type AvatarEvents = {
    state: {
        state: ClientState;
        error: AvatarError | null;
        delayMs?: number;
        attempt?: number;
    };
    stream: {
        stream: MediaStream;
    };
    microphone: {
        stream: MediaStream | null;
    };
    stats: import("./client/stats.js").ClientStats;
    emotion: Record<string, any>;
    assistant: Assistant;
    turn: Turn;
    transcript: Transcript;
    event: Record<string, any>;
    error: AvatarError;
};
import { Signalling } from "./client/signalling.js";
import { AvatarError } from "./client/errors.js";
export { LevelMeter, listMicrophones } from "./client/microphone.js";
export { ACTIONS, DIALS, EMOTIONS } from "./client/tellings.js";
