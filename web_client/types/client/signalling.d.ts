/**
 * @typedef {{name: string, title: string, credit: string, portrait: string, preview: string|null,
 *   attributes: Record<string, string>, default: boolean, user: boolean}} AvatarInfo
 * `portrait` and `preview` (a short film) are absolute URLs; `user`: made by a user, who may remove it.
 * @typedef {{given: string, by: string, statement: string}} Consent
 * @typedef {{code: string, message: string, remedy: string}} Remark
 * @typedef {{width: number, height: number, faces: number[][], outlines: number[][][], crop: number[]|null,
 *   problem: Remark|null, warnings: Remark[]}} PhotoInfo Lengths are shares of width and height.
 * @typedef {{code: string, words: string, share: number}} Step What is being done; share: 0 to 1.
 * @typedef {{id: string, ice_servers: RTCIceServer[], limits: Record<string, any>}} SessionInfo
 * Whoever knows the id controls the session.
 */
export class Signalling {
    /** @param {string|URL} server Base address; paths are taken below it. */
    constructor(server: string | URL);
    /** @type {URL} */
    base: URL;
    /** Whether the server makes avatars of photos; known after `avatars()`. */
    uploads: boolean;
    /** @returns {Promise<AvatarInfo[]>} */
    avatars(): Promise<AvatarInfo[]>;
    /** The consent of a user's avatar; null where the server does not tell it. @param {string} name @returns {Promise<Consent|null>} */
    consent(name: string): Promise<Consent | null>;
    /**
     * Looks at a photo; nothing is kept.
     * @param {Blob} photo
     * @param {{face?: number|null}} [about] Which of several faces: its index in an earlier check's `faces`.
     * @param {AbortSignal} [signal]
     * @returns {Promise<PhotoInfo>}
     */
    checkPhoto(photo: Blob, about?: {
        face?: number | null;
    }, signal?: AbortSignal): Promise<PhotoInfo>;
    /**
     * Makes an avatar of a photo. Aborted, the server stops too and keeps nothing.
     * @param {Blob} photo
     * @param {{title: string, consent_statement: string, consent_by?: string, name?: string, face?: number|null}} about
     * @param {{onStep?: (step: Step) => void, signal?: AbortSignal}} [options]
     * @returns {Promise<{name: string, title: string}>}
     */
    createAvatar(photo: Blob, about: {
        title: string;
        consent_statement: string;
        consent_by?: string;
        name?: string;
        face?: number | null;
    }, { onStep, signal }?: {
        onStep?: (step: Step) => void;
        signal?: AbortSignal;
    }): Promise<{
        name: string;
        title: string;
    }>;
    /** Deletes a user's avatar and all that is kept of it. @param {string} name */
    removeAvatar(name: string): Promise<any>;
    /** @returns {Promise<Record<string, any>>} */
    capabilities(): Promise<Record<string, any>>;
    /**
     * @param {Record<string, unknown>} wishes avatar, voice, size, seed, renderer, stage, emotion, manner; undefined ones are left out.
     * @returns {Promise<SessionInfo>}
     */
    createSession(wishes: Record<string, unknown>): Promise<SessionInfo>;
    /**
     * @param {string} id
     * @param {RTCSessionDescription} description
     * @param {AbortSignal} [signal]
     * @returns {Promise<RTCSessionDescriptionInit>}
     */
    offer(id: string, description: RTCSessionDescription, signal?: AbortSignal): Promise<RTCSessionDescriptionInit>;
    /**
     * @param {string} id
     * @param {RTCIceCandidateInit[]} candidates
     * @param {AbortSignal} [signal]
     */
    trickle(id: string, candidates: RTCIceCandidateInit[], signal?: AbortSignal): Promise<any>;
    /**
     * Changes what is around the person; answered when it is shown.
     * @param {string} id
     * @param {Record<string, unknown>} change background, framing, mirrored; what is left out stays.
     * @param {AbortSignal} [signal]
     * @returns {Promise<Record<string, any>>} The whole stage.
     */
    changeStage(id: string, change: Record<string, unknown>, signal?: AbortSignal): Promise<Record<string, any>>;
    /** Puts a picture behind the person. @param {string} id @param {Blob} picture @param {AbortSignal} [signal] */
    giveImage(id: string, picture: Blob, signal?: AbortSignal): Promise<any>;
    /** A small picture of a built-in backdrop. @param {string} name */
    backdropUrl(name: string): string;
    /** @param {string} id @returns {Promise<Record<string, any>>} */
    stats(id: string): Promise<Record<string, any>>;
    /** Ends a session. One that is gone already, or whose server is gone, counts as ended. */
    closeSession(id: any): Promise<void>;
    /**
     * Ends a session while the page is being left: works where fetch no longer does.
     * @param {string} id
     * @returns {boolean} Whether the browser took it.
     */
    beaconClose(id: string): boolean;
    /** Address of the voice websocket. @param {string} id */
    audioUrl(id: string): URL;
    #private;
}
/**
 * `portrait` and `preview` (a short film) are absolute URLs; `user`: made by a user, who may remove it.
 */
export type AvatarInfo = {
    name: string;
    title: string;
    credit: string;
    portrait: string;
    preview: string | null;
    attributes: Record<string, string>;
    default: boolean;
    user: boolean;
};
export type Consent = {
    given: string;
    by: string;
    statement: string;
};
export type Remark = {
    code: string;
    message: string;
    remedy: string;
};
/**
 * Lengths are shares of width and height.
 */
export type PhotoInfo = {
    width: number;
    height: number;
    faces: number[][];
    outlines: number[][][];
    crop: number[] | null;
    problem: Remark | null;
    warnings: Remark[];
};
/**
 * What is being done; share: 0 to 1.
 */
export type Step = {
    code: string;
    words: string;
    share: number;
};
/**
 * Whoever knows the id controls the session.
 */
export type SessionInfo = {
    id: string;
    ice_servers: RTCIceServer[];
    limits: Record<string, any>;
};
