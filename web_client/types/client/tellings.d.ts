/** @param {string} text What the visitor asks. A cut question would be another one: it is refused. */
export function ask(text: string): {
    type: string;
    text: string;
};
/** @param {{speaking: boolean, energy?: number}} other What the other side does. */
export function listening({ speaking, energy }: {
    speaking: boolean;
    energy?: number;
}): {
    type: string;
    speaking: boolean;
    energy: number;
};
/** @param {Feeling|null} feeling null: what is heard counts again. @returns {Feeling|null} As the API takes it. */
export function emotion(feeling: Feeling | null): Feeling | null;
/** @param {Dials} dials @param {number} temperature 0 (calm, the likeliest) to 1.5. */
export function manner(dials: Dials, temperature: number): {
    dials: any;
    temperature: number;
};
export const EMOTIONS: string[];
export const ACTIONS: string[];
export const DIALS: string[];
export const MAX_TEMPERATURE: 1.5;
export function transcript(text: string): {
    type: string;
    text: string;
};
export function scene(text: string): {
    type: string;
    text: string;
};
export function action(name: string): {
    type: string;
    name: string;
};
/**
 * valence and arousal: -1 to 1; intensity: 0 to 1, 1 when left out.
 */
export type Feeling = {
    label?: string | null;
    valence?: number | null;
    arousal?: number | null;
    intensity?: number;
};
/**
 * 0 to 1 each, 0.5 is usual.
 */
export type Dials = Record<string, number>;
