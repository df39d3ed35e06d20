/**
 * Words from the browser's own speech recognition (Web Speech API), where it has one.
 * Runs in the page's main thread. Never starts by itself: its maker may receive the sound.
 */

/** Recognition ends by itself after a silence; it is begun again, not faster than this. */
const AGAIN_MS = 400;
const REFUSED = {
  "not-allowed": "The browser did not allow its speech recognition.",
  "service-not-allowed": "The browser did not allow its speech recognition.",
  network: "The browser's speech recognition does not answer.",
  "language-not-supported": "The browser does not recognise speech in your language.",
  "audio-capture": "The browser's speech recognition found no microphone.",
};
const Recognition = /** @type {any} */ (globalThis).SpeechRecognition ??
  /** @type {any} */ (globalThis).webkitSpeechRecognition;

export class WordListener {
  #onWords;
  #onEnd;
  /** @type {any} */ #recognition = null;
  #timer = 0;

  /**
   * @param {(text: string) => void} onWords What was understood, a phrase at a time.
   * @param {(why: string) => void} onEnd It cannot go on; in words.
   */
  constructor(onWords, onEnd) {
    this.#onWords = onWords;
    this.#onEnd = onEnd;
  }

  static get possible() {
    return Boolean(Recognition);
  }

  start() {
    if (this.#recognition || !Recognition) return;
    const recognition = new Recognition();
    recognition.continuous = true;
    recognition.interimResults = false;
    recognition.lang = navigator.language;
    recognition.onresult = ({ results, resultIndex }) => {
      for (const result of [...results].slice(resultIndex)) {
        if (result.isFinal) this.#onWords(result[0].transcript.trim());
      }
    };
    recognition.onerror = ({ error }) => {
      if (!REFUSED[error]) return; // "no-speech", "aborted": it begins again.
      this.stop();
      this.#onEnd(REFUSED[error]);
    };
    recognition.onend = () => {
      if (recognition !== this.#recognition) return;
      this.#timer = setTimeout(() => this.#begin(recognition), AGAIN_MS);
    };
    this.#recognition = recognition;
    this.#begin(recognition);
  }

  #begin(recognition) {
    try {
      recognition.start();
    } catch {
      // It runs already: what was wanted.
    }
  }

  stop() {
    clearTimeout(this.#timer);
    const recognition = this.#recognition;
    this.#recognition = null;
    if (!recognition) return;
    recognition.onresult = recognition.onerror = recognition.onend = null;
    recognition.abort();
  }
}
