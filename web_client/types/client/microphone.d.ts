/**
 * @param {string|null} [deviceId] null or undefined: the browser's default.
 * @returns {Promise<MediaStream>}
 * @throws {AvatarError}
 */
export function openMicrophone(deviceId?: string | null): Promise<MediaStream>;
/** Whether the microphone opens without asking the person first. @returns {Promise<boolean>} */
export function microphoneGranted(): Promise<boolean>;
/**
 * Labels are empty until the person allowed a microphone once.
 * @returns {Promise<{id: string, label: string}[]>}
 */
export function listMicrophones(): Promise<{
    id: string;
    label: string;
}[]>;
/** @param {Float32Array} samples @returns {number} Loudness in dB mapped from [-60, 0] to [0, 1]. */
export function levelOf(samples: Float32Array): number;
/** Loudness of a stream, read once per animation frame by whoever draws it. */
export class LevelMeter {
    /** @param {MediaStream} stream Must have a live audio track. */
    constructor(stream: MediaStream);
    context: AudioContext;
    source: MediaStreamAudioSourceNode;
    analyser: AnalyserNode;
    samples: Float32Array<ArrayBuffer>;
    /** @returns {number} 0 (silence, -60 dB and below) to 1 (full scale). */
    level(): number;
    /** Lets go of the audio context; the stream itself is left to its owner. */
    close(): Promise<void>;
}
