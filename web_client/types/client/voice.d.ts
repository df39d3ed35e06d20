/**
 * @param {Blob|ArrayBuffer} data Any sound file the browser knows.
 * @returns {Promise<Int16Array>} mono, 16 kHz
 * @throws {AvatarError} bad-audio, audio-too-long
 */
export function decodeVoice(data: Blob | ArrayBuffer): Promise<Int16Array>;
/** @param {Float32Array[]} channels Equally long. @returns {Float32Array} Their mean. */
export function mixDown(channels: Float32Array[]): Float32Array;
/** @param {Float32Array} samples in [-1, 1]; what is not a number becomes silence. */
export function toPcm16(samples: Float32Array): Int16Array<ArrayBuffer>;
export const VOICE_RATE_HZ: 16000;
/**
 * @typedef {{segment: string, positionS: number, interrupted: boolean}} Spoken
 * @typedef {{segment: string, samples: Int16Array, sent: number, startedMs: number,
 *   resolve: (spoken: Spoken) => void, reject: (error: AvatarError) => void}} Speech
 */
/** The push websocket of one session. */
export class VoiceSocket {
    /**
     * @param {URL} url
     * @param {(message: Record<string, any>) => void} onMessage Every message from the server.
     */
    constructor(url: URL, onMessage: (message: Record<string, any>) => void);
    url: URL;
    onMessage: (message: Record<string, any>) => void;
    /**
     * Says `samples` after whatever is being said now.
     * @param {Int16Array} samples mono at 16 kHz
     * @returns {Promise<Spoken>} Once the server has played it to the end, or was interrupted.
     */
    speak(samples: Int16Array): Promise<Spoken>;
    /** Stops what is being said and drops what waits. */
    interrupt(): void;
    /** Idempotent. Everything still unsaid is rejected with `error`. */
    close(error?: AvatarError): void;
    #private;
}
export type Spoken = {
    segment: string;
    positionS: number;
    interrupted: boolean;
};
export type Speech = {
    segment: string;
    samples: Int16Array;
    sent: number;
    startedMs: number;
    resolve: (spoken: Spoken) => void;
    reject: (error: AvatarError) => void;
};
import { AvatarError } from "./errors.js";
