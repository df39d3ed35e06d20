/**
 * The two codecs the server has, the wanted one first; others only make the offer larger.
 * @param {RTCRtpTransceiver} transceiver
 * @param {string} first "VP8" or "H264"
 */
export function preferCodec(transceiver: RTCRtpTransceiver, first: string): void;
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
    /** @param {LinkOptions} options */
    constructor(options: LinkOptions);
    options: LinkOptions;
    /** What is wished for; shown as soon as there is a session. @type {Stage} */
    stage: Stage;
    /** @type {import("./signalling.js").SessionInfo|null} */
    session: import("./signalling.js").SessionInfo | null;
    /** @type {RTCPeerConnection|null} */
    pc: RTCPeerConnection | null;
    /** @type {RTCDataChannel|null} */
    channel: RTCDataChannel | null;
    /** @type {RTCRtpSender|null} */
    sender: RTCRtpSender | null;
    stream: MediaStream;
    closed: boolean;
    /**
     * Creates the session and connects. The offer leaves without waiting for candidates: the server
     * learns the browser as peer-reflexive, the rest trickles.
     * @param {MediaStreamTrack|null} track The microphone when it is open already.
     * @returns {Promise<void>} Once media can flow.
     */
    open(track: MediaStreamTrack | null): Promise<void>;
    /**
     * Changes what is around the person, in the order of the calls; one that a later call has
     * overtaken is left out.
     * @param {Stage} stage
     * @returns {Promise<void>} Once it is shown; at once when there is no session yet.
     */
    setStage(stage: Stage): Promise<void>;
    /**
     * Tells the face something; before the channel is open it is kept, the last of each type.
     * @param {Record<string, unknown>} message
     * @returns {boolean} Whether it was told or kept.
     */
    tell(message: Record<string, unknown>): boolean;
    /** Idempotent: stops everything this link started and ends the session on the server. */
    close(): Promise<void>;
    /** The same while the page goes away: nothing can be awaited any more. */
    closeNow(): void;
    #private;
}
export type Background = {
    kind: "photo";
} | {
    kind: "blur";
    strength?: number;
} | {
    kind: "colour";
    colour: string;
} | {
    kind: "backdrop";
    name: string;
} | {
    kind: "image";
};
/**
 * A Blob is a picture to stand behind the person.
 */
export type Stage = {
    background?: Background | Blob;
    framing?: "shoulders" | "head";
    mirrored?: boolean;
};
export type LinkOptions = {
    signalling: import("./signalling.js").Signalling;
    /**
     * avatar, voice, size, seed, renderer, emotion, manner
     */
    wishes: Record<string, unknown>;
    /**
     * Whether the microphone's sound is sent.
     */
    listens: boolean;
    stage: Stage;
    codec: string;
    /**
     * null: those the server names
     */
    iceServers: RTCIceServer[] | null;
    onMessage: (message: Record<string, any>) => void;
    /**
     * At most once, only after `open` resolved.
     */
    onLost: (error: AvatarError) => void;
};
import { AvatarError } from "./errors.js";
