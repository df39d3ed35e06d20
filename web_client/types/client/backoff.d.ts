/**
 * Doubles from half a second to eight, with a fifth of jitter so that many pages do not return to
 * a restarted server in one moment.
 * @param {number} attempt 1 for the first retry.
 * @param {number|null} [askedS] Seconds the server asked for; never undercut.
 * @param {() => number} [random]
 * @returns {number} ms
 */
export function backoffMs(attempt: number, askedS?: number | null, random?: () => number): number;
