/**
 * A photo becomes a face: choose, see what the server sees in it, agree, make; and remove it again.
 * Runs in the page's main thread. Never sends a photo before a person chose it.
 */

import { sentence } from "../client/errors.js";
import { byId, showNote } from "./view.js";

const SVG = "http://www.w3.org/2000/svg";
const MAX_BYTES = 32 * 2 ** 20;

export class PortraitForm {
  #signalling;
  #after;
  /** @type {Blob|null} */ #photo = null;
  /** @type {AbortController|null} */ #checking = null;
  /** @type {{name: string, title: string}|null} */ #chosen = null;
  #fits = false;

  /**
   * @param {import("../client/signalling.js").Signalling} signalling
   * @param {{made: (name: string) => any, removed: () => any, leave: () => Promise<any>}} after
   */
  constructor(signalling, after) {
    this.#signalling = signalling;
    this.#after = after;
    byId("own-open").onclick = () => this.open(byId("own-form").hidden);
    byId("own-remove").onclick = () => this.remove();
    byId("photo-cancel").onclick = () => this.open(false);
    byId("photo").onchange = ({ target }) => this.take(target.files[0]);
    byId("photo-consent").onchange = () => this.#ready();
    byId("photo-title").oninput = () => this.#ready();
    byId("own-form").onsubmit = (event) => (event.preventDefault(), this.make());
  }

  /** @param {boolean} uploads @param {{name: string, title: string, user: boolean}} chosen */
  show(uploads, chosen) {
    byId("own").hidden = !uploads;
    if (!uploads) this.open(false);
    this.#chosen = chosen.user ? chosen : null;
    const remove = byId("own-remove");
    remove.hidden = !chosen.user;
    remove.textContent = `Remove ${chosen.title}`;
  }

  /** @param {boolean} open */
  open(open) {
    byId("own-form").hidden = !open;
    byId("own-open").setAttribute("aria-expanded", String(open));
    this.#clear();
  }

  /** Shows the photo at once, and what the server says of it. @param {File|undefined} file */
  async take(file) {
    if (!file || byId("own").hidden) return;
    this.open(true);
    byId("photo").value = "";
    if (file.size > MAX_BYTES) {
      return this.#say("The file is larger than 32 MiB.", "Save a smaller copy.", true);
    }
    this.#photo = file;
    const image = byId("photo-image");
    const address = URL.createObjectURL(file);
    image.onload = image.onerror = () => URL.revokeObjectURL(address);
    image.src = address;
    byId("photo-view").hidden = false;
    this.#say("Looking for the face…", "");
    this.#busy(true);
    const checking = (this.#checking = new AbortController());
    try {
      const seen = await this.#signalling.checkPhoto(file, checking.signal);
      if (checking === this.#checking) this.#tell(seen);
    } catch (error) {
      if (checking !== this.#checking) return;
      byId("photo-view").hidden = true;
      this.#say(error.message, error.remedy, true);
    } finally {
      if (checking === this.#checking) this.#busy(false);
    }
  }

  async make() {
    if (!this.#photo || byId("photo-make").disabled) return;
    const title = byId("photo-title").value.trim();
    byId("photo-make").disabled = true;
    this.#say("Making the face…", "This takes some seconds.");
    this.#busy(true);
    try {
      const consent_statement = byId("photo-statement").textContent.trim();
      const { name } = await this.#signalling.createAvatar(this.#photo, { title, consent_statement });
      this.open(false);
      await this.#after.made(name);
    } catch (error) {
      this.#say(error.message, error.remedy, true);
      this.#ready();
    } finally {
      this.#busy(false);
    }
  }

  async remove() {
    const chosen = this.#chosen;
    if (!chosen) return;
    const act = {
      label: `Remove ${chosen.title}`,
      run: async () => {
        byId("note").hidden = true;
        try {
          await this.#after.leave();
          await this.#signalling.removeAvatar(chosen.name);
          await this.#after.removed();
        } catch (error) {
          showNote(error.message, error.remedy);
        }
      },
    };
    showNote(`Remove ${chosen.title} for good?`, "The portrait and the consent are deleted.", act);
  }

  /** @param {import("../client/signalling.js").PhotoInfo} seen */
  #tell({ faces, outlines, problem, warnings }) {
    this.#draw(faces, outlines);
    this.#fits = problem === null;
    byId("photo-about").hidden = !this.#fits;
    if (problem) return this.#say(sentence(problem.message) ?? "", sentence(problem.remedy) ?? "", true);
    const hints = warnings.map(({ message, remedy }) => `${message} ${remedy}`).join(" ");
    this.#say("The face is found.", hints);
    byId("photo-title").focus();
    this.#ready();
  }

  #draw(faces, outlines) {
    const boxes = faces.map(([x, y, width, height]) => {
      const box = document.createElementNS(SVG, "rect");
      for (const [name, value] of Object.entries({ x, y, width, height })) box.setAttribute(name, value);
      return box;
    });
    const lines = outlines.map((points) => {
      const line = document.createElementNS(SVG, "polygon");
      line.setAttribute("points", points.map((point) => point.join(",")).join(" "));
      return line;
    });
    // The outline says more than the box: that is only for what cannot be outlined.
    byId("photo-lines").replaceChildren(...(lines.length > 0 ? lines : boxes));
  }

  #say(message, remedy, bad = false) {
    const says = byId("photo-says");
    const small = document.createElement("small");
    small.textContent = remedy;
    says.replaceChildren(message, ...(remedy ? [small] : []));
    says.classList.toggle("bad", bad);
  }

  #ready() {
    const named = byId("photo-title").value.trim() !== "";
    byId("photo-make").disabled = !(this.#fits && named && byId("photo-consent").checked);
  }

  #busy(busy) {
    byId("photo-busy").hidden = !busy;
  }

  #clear() {
    this.#checking?.abort();
    this.#checking = null;
    this.#photo = null;
    this.#fits = false;
    byId("photo-view").hidden = true;
    byId("photo-about").hidden = true;
    byId("photo-lines").replaceChildren();
    byId("photo-title").value = "";
    byId("photo-consent").checked = false;
    this.#say("", "");
    this.#busy(false);
    this.#ready();
  }
}
