/**
 * A photo becomes a face: choose, see what the server sees in it, agree, make; and remove it again.
 * Runs in the page's main thread. Never sends a photo before a person chose it.
 */

import { sentence } from "../client/errors.js";
import { drawPhoto } from "./photo.js";
import { byId, hideNote, showNote } from "./view.js";

const MAX_BYTES = 32 * 2 ** 20;
const PICTURE = /\.(avif|bmp|gif|heic|heif|jfif|jpe?g|png|tiff?|webp)$/i;
const BY = "synchrorama.consent-by";

/** Whether a file is meant as a photo, whatever the system says of its kind. @param {File|undefined} file */
export const isPicture = (file) => file !== undefined && (file.type.startsWith("image/") || PICTURE.test(file.name));

export class PortraitForm {
  #signalling;
  #after;
  /** @type {Blob|null} */ #photo = null;
  /** @type {number|null} */ #face = null;
  /** @type {AbortController|null} */ #working = null;
  /** @type {{name: string, title: string}|null} */ #chosen = null;
  #fits = false;
  #making = false;

  /**
   * @param {import("../client/signalling.js").Signalling} signalling
   * @param {{made: (name: string) => any, removed: () => any, leave: () => Promise<any>}} after
   */
  constructor(signalling, after) {
    this.#signalling = signalling;
    this.#after = after;
    byId("own-open").onclick = () => this.open(byId("own-form").hidden);
    byId("own-remove").onclick = () => this.remove();
    byId("photo-cancel").onclick = () => this.cancel();
    for (const id of ["photo", "camera"]) {
      byId(id).onchange = ({ target }) => this.take(target.files[0]);
    }
    byId("photo-consent").onchange = () => this.#ready();
    byId("photo-title").oninput = byId("photo-by").oninput = () => this.#ready();
    byId("own-form").onsubmit = (event) => (event.preventDefault(), this.make());
    addEventListener("paste", ({ clipboardData }) => {
      const file = [...(clipboardData?.files ?? [])].find(isPicture);
      if (file) void this.take(file);
    });
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

  /** Ends what is being worked on; the server then keeps nothing. A second time closes the form. */
  cancel() {
    if (!this.#making) return this.open(false);
    this.#working?.abort();
  }

  /** Shows the photo at once, and what the server says of it. @param {File|undefined} file */
  async take(file) {
    if (!file || byId("own").hidden || this.#making) return;
    this.open(true);
    byId("photo").value = byId("camera").value = "";
    byId("photo-buttons").hidden = false;
    if (file.size > MAX_BYTES) {
      return this.#say("The file is larger than 32 MiB.", "Save a smaller copy: 2000 pixels on the longer side are plenty.", "bad");
    }
    this.#photo = file;
    const image = byId("photo-image");
    const address = URL.createObjectURL(file);
    image.onload = () => URL.revokeObjectURL(address);
    image.onerror = () => (URL.revokeObjectURL(address), (byId("photo-view").hidden = true));
    image.src = address;
    byId("photo-view").hidden = false;
    await this.#check(null);
  }

  /** @param {number|null} face Which of several faces. */
  async #check(face) {
    this.#face = face;
    this.#fits = false;
    this.#ready();
    drawPhoto(null);
    this.#say("", "");
    this.#busy("Looking for the face…", null);
    this.#working?.abort();
    const working = (this.#working = new AbortController());
    try {
      const seen = await this.#signalling.checkPhoto(this.#photo, { face }, working.signal);
      if (working === this.#working) this.#tell(seen);
    } catch (error) {
      if (working !== this.#working) return;
      byId("photo-view").hidden = true;
      byId("photo-about").hidden = true;
      this.#say(error.message, error.remedy, "bad");
    } finally {
      if (working === this.#working) this.#busy(null, null);
    }
  }

  async make() {
    if (!this.#photo || byId("photo-make").disabled) return;
    const title = byId("photo-title").value.trim();
    const consent_by = byId("photo-by").value.trim();
    const consent_statement = byId("photo-statement").textContent.trim();
    remember(consent_by);
    const working = (this.#working = new AbortController());
    this.#setMaking(true);
    this.#busy("Sending the photo", 0);
    try {
      const about = { title, consent_statement, consent_by, face: this.#face };
      const onStep = ({ words, share }) => this.#busy(words, share);
      const { name } = await this.#signalling.createAvatar(this.#photo, about, { onStep, signal: working.signal });
      this.#busy("Done", 1);
      this.#setMaking(false);
      this.open(false);
      await this.#after.made(name);
    } catch (error) {
      this.#setMaking(false);
      if (error.code === "closed") this.#say("Stopped.", "Nothing was kept.", "hint");
      else this.#say(error.message, error.remedy, "bad");
      this.#ready();
    } finally {
      this.#busy(null, null);
    }
  }

  async remove() {
    const chosen = this.#chosen;
    if (!chosen) return;
    const act = {
      label: `Remove ${chosen.title}`,
      run: async () => {
        hideNote();
        try {
          await this.#after.leave();
          await this.#signalling.removeAvatar(chosen.name);
          await this.#after.removed();
          showNote(`${chosen.title} is removed.`, "Portrait, film and consent are deleted; nothing of the photo is left on the server.");
        } catch (error) {
          showNote(error.message, error.remedy);
        }
      },
    };
    showNote(`Remove ${chosen.title} for good?`, "The portrait, the film and the consent are deleted.", act);
  }

  /** @param {import("../client/signalling.js").PhotoInfo} seen */
  #tell(seen) {
    const { faces, problem, warnings } = seen;
    const choose = problem?.code === "several_faces" ? (index) => this.#check(index) : null;
    drawPhoto(seen, choose);
    this.#fits = problem === null;
    byId("photo-about").hidden = !this.#fits;
    if (choose) {
      return this.#say(`${faces.length} faces were found.`, "Choose the one that shall speak in the picture above, or crop the photo to one person.", "hint");
    }
    if (problem) return this.#say(sentence(problem.message) ?? "", sentence(problem.remedy) ?? "", "bad");
    this.#say("The face is found.", "The frame is what will be seen.");
    for (const { message, remedy } of warnings) this.#say(sentence(message) ?? "", sentence(remedy) ?? "", "hint", true);
    byId("photo-by").value ||= remembered();
    byId("photo-title").focus({ preventScroll: true });
    this.#ready();
  }

  /**
   * @param {string} message @param {string} remedy
   * @param {""|"hint"|"bad"} [kind]
   * @param {boolean} [more] Below what is said already.
   */
  #say(message, remedy, kind = "", more = false) {
    const line = document.createElement("p");
    const small = document.createElement("small");
    small.textContent = remedy;
    line.className = kind;
    line.append(message, ...(remedy ? [small] : []));
    const says = byId("photo-says");
    if (!more) says.replaceChildren();
    if (message) says.append(line);
  }

  #ready() {
    const named = byId("photo-title").value.trim() !== "" && byId("photo-by").value.trim() !== "";
    byId("photo-make").hidden = this.#making || !this.#fits;
    byId("photo-cancel").textContent = this.#making ? "Stop" : "Cancel";
    byId("photo-make").disabled = !(this.#fits && named && byId("photo-consent").checked);
  }

  /** While the face is made there is a bar and a way out, and nothing to fill in. */
  #setMaking(making) {
    this.#making = making;
    byId("photo-about").hidden = making || !this.#fits;
    byId("photo-drop").hidden = making;
    document.querySelector(".camera")?.toggleAttribute("hidden", making);
    if (making) this.#say("", "");
    this.#ready();
  }

  /** @param {string|null} words null: nothing is being done. @param {number|null} share null: unknown. */
  #busy(words, share) {
    byId("photo-busy").hidden = words === null;
    byId("photo-step").textContent = words ?? "";
    byId("photo-share").textContent = share === null ? "" : `${Math.round(share * 100)} %`;
    const bar = byId("photo-bar");
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
  }

  #clear() {
    this.#working?.abort();
    this.#working = null;
    this.#photo = null;
    this.#face = null;
    this.#fits = false;
    byId("photo-view").hidden = true;
    byId("photo-about").hidden = true;
    byId("photo-buttons").hidden = true;
    drawPhoto(null);
    byId("photo-title").value = "";
    byId("photo-consent").checked = false;
    this.#say("", "");
    this.#busy(null, null);
    this.#ready();
  }
}

/** The name of who agrees, for the next photo of this visit. */
function remember(name) {
  try {
    sessionStorage.setItem(BY, name);
  } catch {
    return; // Storage is off: it is typed again.
  }
}

function remembered() {
  try {
    return sessionStorage.getItem(BY) ?? "";
  } catch {
    return "";
  }
}
