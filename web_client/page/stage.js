/**
 * The Stage card: what is behind the person, how close they are, mirrored or not, how large.
 * Runs in the page's main thread. Never sends a picture before a person chose it.
 */

import { byId, showNote } from "./view.js";

/** While a slider is dragged or a colour looked for: not every step has to be shown. */
const SETTLE_MS = 90;
const MAX_BYTES = 32 * 2 ** 20;
const NAMES = {
  photo: "As in the portrait",
  blur: "Blurred",
  colour: "One colour",
  image: "Your picture",
};
const SIZE_WORDS = { 256: "least data", 512: "usual", 1024: "sharpest" };

/** @typedef {import("../client/link.js").Stage} Stage */

export class StageCard {
  #signalling;
  #after;
  /** @type {Blob|null} */ #picture = null;
  #pictureUrl = "";
  #timer = 0;
  /** Picture size in pixels; undefined: the server's own. @type {number|undefined} */
  size = undefined;

  /**
   * @param {import("../client/signalling.js").Signalling} signalling
   * @param {{changed: (stage: Stage) => void, resized: () => void}} after
   */
  constructor(signalling, after) {
    this.#signalling = signalling;
    this.#after = after;
    byId("blur").oninput = () => this.#soon();
    byId("colour").oninput = () => ((byId("hex").value = byId("colour").value), this.#soon());
    byId("hex").oninput = ({ target }) => {
      if (!target.checkValidity()) return; // Half typed.
      byId("colour").value = target.value;
      this.#soon();
    };
    byId("picture").onchange = ({ target }) => this.#take(target.files[0]);
    byId("mirrored").onchange = () => this.#now();
    byId("size").onchange = ({ target }) => {
      this.size = target.value === "" ? undefined : Number(target.value);
      this.#after.resized();
    };
    for (const radio of document.getElementsByName("framing")) radio.onchange = () => this.#now();
    void this.#load();
  }

  /** What a call is to show. @returns {Stage} */
  get value() {
    return {
      background: this.#background(),
      framing: /** @type {any} */ (checked("framing")),
      mirrored: byId("mirrored").checked,
    };
  }

  /** Where the picture itself says what it is, the page's own badge stays away from it. @param {unknown} mark */
  marked(mark) {
    byId("stage").classList.toggle("marked", Boolean(mark));
  }

  async #load() {
    let can;
    try {
      can = await this.#signalling.capabilities();
    } catch {
      return; // The faces say already that the server does not answer.
    }
    const words = (name) => NAMES[name] ?? name.replace("-", " ").replace(/^./, (c) => c.toUpperCase());
    const list = byId("backgrounds");
    list.replaceChildren(
      this.#swatch("photo", words("photo")),
      this.#swatch("blur", words("blur")),
      ...can.backdrops.map((name) => this.#swatch(name, words(name), this.#signalling.backdropUrl(name))),
      this.#swatch("colour", words("colour")),
    );
    list.querySelector("input").checked = true;
    byId("picture-add").hidden = !can.own_backgrounds;
    const options = can.sizes.map((px) => {
      const word = px === can.size ? "this server's usual" : SIZE_WORDS[px];
      return new Option(word ? `${px} × ${px}, ${word}` : `${px} × ${px}`, px === can.size ? "" : String(px));
    });
    byId("size").replaceChildren(...options);
    byId("size").value = "";
    byId("stage").classList.toggle("unmarked", can.marked === false);
    byId("scene").hidden = false;
  }

  /** @param {string} name @param {string} words @param {string} [picture] */
  #swatch(name, words, picture) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const face = document.createElement("i");
    const text = document.createElement("span");
    Object.assign(input, { type: "radio", name: "background", value: name });
    input.onchange = () => this.#now();
    face.className = `of-${name}`;
    if (picture) face.style.backgroundImage = `url("${picture}")`;
    text.textContent = words;
    label.title = words;
    label.append(input, face, text);
    return label;
  }

  #background() {
    const name = checked("background") ?? "photo";
    if (name === "photo") return { kind: "photo" };
    if (name === "blur") return { kind: "blur", strength: Number(byId("blur").value) };
    if (name === "colour") return { kind: "colour", colour: byId("colour").value };
    if (name === "image") return this.#picture ?? { kind: "photo" };
    return { kind: "backdrop", name };
  }

  /** A picture of one's own becomes a swatch like the others. @param {File|undefined} file */
  #take(file) {
    byId("picture").value = "";
    if (!file) return;
    if (file.size > MAX_BYTES) {
      return showNote("The picture is larger than 32 MiB.", "Save a smaller copy.");
    }
    URL.revokeObjectURL(this.#pictureUrl);
    this.#picture = file;
    this.#pictureUrl = URL.createObjectURL(file);
    const swatch = this.#swatch("image", NAMES.image, this.#pictureUrl);
    byId("backgrounds").querySelector("input[value=image]")?.parentElement.remove();
    byId("backgrounds").append(swatch);
    swatch.querySelector("input").checked = true;
    this.#now();
  }

  #soon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#now(), SETTLE_MS);
  }

  #now() {
    clearTimeout(this.#timer);
    const name = checked("background");
    byId("blur-row").hidden = name !== "blur";
    byId("colour-row").hidden = name !== "colour";
    byId("stage-when").hidden = false;
    this.#after.changed(this.value);
  }
}

/** @param {string} name Of a group of radio buttons. @returns {string|undefined} */
function checked(name) {
  const all = /** @type {any[]} */ ([...document.getElementsByName(name)]);
  return all.find((radio) => radio.checked)?.value;
}
