/**
 * The short films that show how a face moves before any call.
 * Runs in the page's main thread. Never plays for people who asked their system for less motion.
 */

const TURNS = 2;
const stageFilm = () => /** @type {HTMLVideoElement} */ (document.getElementById("look"));
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Plays the film over a face in the list while it is pointed at or has the keyboard's focus. A finger
 * does not point: it chooses, and the chosen face plays on the stage.
 * @param {HTMLElement} label
 * @param {string|null} preview Its address; null: there is none.
 */
export function playOnHover(label, preview) {
  if (!preview) return;
  /** @type {HTMLVideoElement|null} */ let film = null;
  const stop = () => {
    film?.remove();
    film = null;
  };
  /** @param {Event} event */
  const start = (event) => {
    const touched = /** @type {any} */ (event).pointerType === "touch";
    const clicked = event.type === "focusin" && !(/** @type {any} */ (event.target).matches(":focus-visible"));
    if (film || touched || clicked || calm.matches) return;
    film = document.createElement("video");
    Object.assign(film, { src: preview, loop: true, muted: true, playsInline: true });
    film.setAttribute("aria-hidden", "true");
    film.onplaying = ({ target }) => /** @type {any} */ (target).classList.add("on");
    film.onerror = stop;
    label.append(film);
    film.play().catch(stop); // Refused or gone: the picture stays.
  };
  label.addEventListener("pointerenter", start);
  label.addEventListener("pointerleave", stop);
  label.addEventListener("focusin", start);
  label.addEventListener("focusout", stop);
}

/** Plays the film over the portrait, twice, then the portrait is back. @param {string|null} preview */
export function playOnStage(preview) {
  endOnStage();
  if (!preview || calm.matches) return;
  const film = stageFilm();
  let turns = 0;
  film.onplaying = () => film.classList.add("on");
  film.onended = () => {
    turns += 1;
    if (turns < TURNS) return void film.play().catch(endOnStage);
    film.classList.remove("on");
  };
  film.onerror = endOnStage;
  film.hidden = false;
  film.src = preview;
  film.play().catch(endOnStage);
}

/** The portrait alone again: a call begins, or another face is chosen. */
export function endOnStage() {
  const film = stageFilm();
  film.onplaying = film.onended = film.onerror = null;
  film.classList.remove("on");
  film.removeAttribute("src");
  film.load();
  film.hidden = true;
}
