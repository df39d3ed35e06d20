/**
 * What was said in a conversation, as rows: who, and which words of it were heard.
 * Pure; runs anywhere. Never keeps more rows than can be read back.
 */

const MAX_ROWS = 200;
const TOLD = { visitor: "You", assistant: "The face" };

/**
 * @typedef {import("../synchrorama.js").Transcript} Transcript
 * @typedef {{segment: string, text: string, rest: string, cut: boolean}} Part rest: what nobody heard of it.
 * @typedef {{by: "visitor"|"assistant", parts: Part[]}} Row
 */

/** What is left of a text behind what was heard; all of it unknown when they do not match. */
function behind(text, heard) {
  return text.startsWith(heard) ? text.slice(heard.length) : "";
}

export class Transcripts {
  /** @type {Row[]} */ rows = [];

  /** @param {Transcript} told */
  hear({ by, text, segment = "", interrupted = false }) {
    const part = this.#part(by, text, segment);
    if (part) {
      part.rest = interrupted ? behind(part.text + part.rest, text) : "";
      Object.assign(part, { text, segment, cut: interrupted });
      return;
    }
    const made = { segment, text, rest: "", cut: interrupted };
    const last = this.rows.at(-1);
    // Sentences of one answer stand together.
    if (by === "assistant" && last?.by === by && !last.parts.at(-1)?.cut) last.parts.push(made);
    else this.rows.push({ by, parts: [made] });
    this.rows.splice(0, this.rows.length - MAX_ROWS);
  }

  /** The part that is told anew: of the same segment, or one that grows before it has a name. */
  #part(by, text, segment) {
    if (by !== "assistant") return undefined;
    const parts = this.rows.flatMap((row) => (row.by === by ? row.parts : []));
    const same = segment && parts.findLast((part) => part.segment === segment);
    if (same) return same;
    const last = this.rows.at(-1)?.by === by ? parts.at(-1) : undefined;
    return last && !last.segment && text.startsWith(last.text) ? last : undefined;
  }
}

/** @param {Row} row @returns {string} Who said it, for those who hear the list read. */
export const speaker = ({ by }) => TOLD[by];
