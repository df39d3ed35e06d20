/**
 * A file may be dropped anywhere on the page.
 * Runs in the page's main thread. Never reads the file.
 */

import { byId } from "./view.js";

/** @param {(file: File|undefined) => void} take */
export function takeDrops(take) {
  const over = (on) => {
    byId("drop").classList.toggle("over", on);
    byId("stage").classList.toggle("dragging", on);
  };
  addEventListener("dragover", (event) => (event.preventDefault(), over(true)));
  addEventListener("dragleave", (event) => event.relatedTarget === null && over(false));
  addEventListener("drop", (event) => {
    event.preventDefault();
    over(false);
    take(event.dataTransfer?.files[0]);
  });
}
