/** @param {unknown} error What getUserMedia threw. @returns {AvatarError} */
export function microphoneError(error: unknown): AvatarError;
/**
 * @param {number} status HTTP status.
 * @param {{error?: {code?: string, message?: string, hint?: string}}|null} body
 * @param {string|null} retryAfter The Retry-After header (seconds).
 * @returns {AvatarError}
 */
export function responseError(status: number, body: {
    error?: {
        code?: string;
        message?: string;
        hint?: string;
    };
} | null, retryAfter: string | null): AvatarError;
/** A server's phrase as a sentence. @param {string|undefined} phrase */
export function sentence(phrase: string | undefined): string;
/** An error that a person can read: `message` says what happened, `remedy` what to do. */
export class AvatarError extends Error {
    /**
     * @param {string} code One of the codes in docs/client.md.
     * @param {{message?: string, remedy?: string, retryAfterS?: number|null, reason?: string,
     *   recoverable?: boolean, cause?: unknown}} [details]
     */
    constructor(code: string, details?: {
        message?: string;
        remedy?: string;
        retryAfterS?: number | null;
        reason?: string;
        recoverable?: boolean;
        cause?: unknown;
    });
    code: string;
    remedy: any;
    /** Seconds the server asks to wait, or null. @type {number|null} */
    retryAfterS: number | null;
    /** The server's own word for it, when it gave one. @type {string|null} */
    reason: string | null;
    /** Whether trying again by itself can help. */
    recoverable: boolean;
}
