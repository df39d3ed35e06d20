/** @returns {number|null} The server's share of the way from sound to picture. */
export function serverDelayMs(server: any, capabilities: any): number | null;
/**
 * @param {RTCStatsReport} report
 * @param {ReturnType<typeof pick>|null} before What the last call picked.
 * @param {{voice: string, server: Record<string, any>|null,
 *   capabilities: Record<string, any>|null}} known
 * @returns {{stats: ClientStats, picked: ReturnType<typeof pick>}}
 */
export function readStats(report: RTCStatsReport, before: ReturnType<typeof pick> | null, known: {
    voice: string;
    server: Record<string, any> | null;
    capabilities: Record<string, any> | null;
}): {
    stats: ClientStats;
    picked: ReturnType<typeof pick>;
};
export type ClientStats = {
    /**
     * Pictures a second.
     */
    fps: number | null;
    widthPx: number | null;
    heightPx: number | null;
    codec: string | null;
    videoKbps: number | null;
    roundTripMs: number | null;
    /**
     * Jitter buffer of the pictures, over the last interval.
     */
    videoBufferMs: number | null;
    /**
     * Jitter buffer of the sound, over the last interval.
     */
    audioBufferMs: number | null;
    /**
     * A picture's decoding.
     */
    decodeMs: number | null;
    /**
     * Estimate: from the sound at the microphone (or, when
     * pushed, at the server) to the mouth it moves, on the screen.
     */
    audioToPictureMs: number | null;
    /**
     * Sound minus picture: + is sound first.
     */
    avOffsetMs: number | null;
    framesDecoded: number;
    framesDropped: number;
    freezes: number;
    freezeS: number;
    packetsLost: number;
    /**
     * The server's last figures, as it sent them.
     */
    server: Record<string, any> | null;
};
/** @param {RTCStatsReport} report */
declare function pick(report: RTCStatsReport): {
    video: any;
    audio: any;
    pair: any;
    codec: any;
};
export {};
