/**
 * How long to wait before trying again.
 * Pure; runs anywhere. Never holds a timer.
 */

const FIRST_MS = 500;
const LONGEST_MS = 8_000;

/**
 * Doubles from half a second to eight, with a fifth of jitter so that many pages do not return to
 * a restarted server in one moment.
 * @param {number} attempt 1 for the first retry.
 * @param {number|null} [askedS] Seconds the server asked for; never undercut.
 * @param {() => number} [random]
 * @returns {number} ms
 */
export function backoffMs(attempt, askedS = null, random = Math.random) {
  const plain = Math.min(LONGEST_MS, FIRST_MS * 2 ** (Math.max(1, attempt) - 1));
  const jittered = plain * (0.9 + 0.2 * random());
  return Math.round(Math.max(jittered, (askedS ?? 0) * 1000));
}
