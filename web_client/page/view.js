/**
 * What the page shows: pill, note, buttons, faces, figures.
 * Runs in the page's main thread. Never connects and never decides.
 */

import { playOnHover } from "./look.js";

/** @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

const PILL = {
  idle: "Not connected",
  connecting: "Connecting…",
  live: "Live",
  waiting: "Trying again…",
  closed: "Not connected",
};
const BUTTON = {
  idle: "Connect",
  connecting: "Cancel",
  live: "Disconnect",
  waiting: "Cancel",
  closed: "Connect",
};

/** @param {import("../synchrorama.js").ClientState} state */
export function showState(state) {
  byId("stage").dataset.state = state;
  byId("state").querySelector("span").textContent = PILL[state];
  const button = byId("connect");
  button.textContent = BUTTON[state];
  button.classList.toggle("hangup", state === "live");
  byId("try").hidden = state !== "idle" && state !== "closed";
  if (state !== "live") {
    byId("stage").classList.remove("playing", "speaking");
    showMeter(byId("meter"), 0);
  }
}

/**
 * Whose turn it is in a conversation, in the pill.
 * @param {string|null} turn null: nobody's, the pill tells of the connection.
 * @param {string} [words]
 */
export function showTurn(turn, words = "") {
  const stage = byId("stage");
  if (turn === null) return delete stage.dataset.turn;
  stage.dataset.turn = turn;
  byId("state").querySelector("span").textContent = words;
}

/** @param {boolean} speaking */
export function showSpeaking(speaking) {
  byId("stage").classList.toggle("speaking", speaking);
}

/**
 * One message with its remedy, in words, until dismissed or replaced.
 * @param {string} message
 * @param {string} remedy
 * @param {{label: string, run: () => void}|null} [act] A button that helps.
 */
export function showNote(message, remedy, act = null) {
  byId("note-message").textContent = message;
  byId("note-remedy").textContent = remedy;
  const button = byId("note-act");
  button.hidden = act === null;
  if (act) {
    button.textContent = act.label;
    button.onclick = act.run;
  }
  byId("note").hidden = false;
}

export function hideNote() {
  byId("note").hidden = true;
}

/**
 * @param {HTMLElement} meter An element with role meter or progressbar.
 * @param {number} level 0 to 1
 */
export function showMeter(meter, level) {
  meter.style.setProperty("--level", level.toFixed(3));
  meter.setAttribute("aria-valuenow", String(Math.round(level * 100)));
}

/**
 * @param {import("../client/signalling.js").AvatarInfo[]} avatars
 * @param {string} chosen
 * @param {(name: string) => void} onChoose
 */
export function showFaces(avatars, chosen, onChoose) {
  const labels = avatars.map(({ name, title, portrait, preview, credit }) => {
    const label = document.createElement("label");
    const input = document.createElement("input");
    const image = document.createElement("img");
    const text = document.createElement("span");
    Object.assign(input, { type: "radio", name: "face", value: name, checked: name === chosen });
    Object.assign(image, { src: portrait, alt: "", width: 82, height: 82 });
    text.textContent = title;
    label.title = credit ? `${title}. ${credit}` : title;
    label.append(input, image, text);
    playOnHover(label, preview);
    input.addEventListener("change", () => onChoose(name));
    return label;
  });
  byId("faces").replaceChildren(...labels);
}

/** @param {string} words In place of the faces. */
export function showNoFaces(words) {
  const text = document.createElement("p");
  text.className = "quiet";
  text.textContent = words;
  byId("faces").replaceChildren(text);
}

/**
 * Who a face is: of one that nobody has what it looks like, of a user's who agreed, and when.
 * @param {Record<string, string>} attributes
 * @param {import("../client/signalling.js").Consent|null} consent
 */
export function showAbout(attributes, consent) {
  const about = byId("face-about");
  const summary = document.createElement("summary");
  const looks = Object.values(attributes).join(", ");
  if (consent) {
    const by = consent.by ? ` of ${consent.by}` : "";
    summary.textContent = `Made of a photo, with the consent${by}, ${DATE.format(new Date(consent.given))}.`;
  } else if (looks) {
    summary.textContent = `Nobody: ${looks}.`;
  }
  const words = document.createElement("q");
  words.textContent = consent?.statement ?? "";
  about.replaceChildren(summary, ...(consent ? [words] : []));
  about.hidden = summary.textContent === "";
}

/** @param {{title: string, portrait: string}} avatar */
export function showPortrait({ title, portrait }) {
  const image = byId("portrait");
  image.src = portrait;
  image.alt = `Portrait of ${title}`;
  image.hidden = false;
}

/**
 * @param {{id: string, label: string}[]} microphones
 * @param {string} chosen "" for the browser's default
 */
export function showMicrophones(microphones, chosen) {
  const options = [new Option("Browser's default", "")];
  for (const { id, label } of microphones) {
    if (id !== "default") options.push(new Option(label, id));
  }
  const select = byId("microphone");
  select.replaceChildren(...options);
  select.value = options.some((option) => option.value === chosen) ? chosen : "";
}

/**
 * The round button left of Connect: the microphone where it is used, else the avatar's voice.
 * @param {boolean} listens
 * @param {boolean} off
 */
export function showMute(listens, off) {
  const button = byId("mute");
  const label = listens ? "Mute the microphone" : "Mute the avatar's voice";
  button.setAttribute("aria-pressed", String(off));
  button.setAttribute("aria-label", label);
  button.title = `${label} (M)`;
  const icon = (listens ? "#i-mic" : "#i-ear") + (off ? "-off" : "");
  button.querySelector("use").setAttribute("href", icon);
}

/** @param {"mirror"|"push"|"assistant"} voice @param {boolean} listens Whether the microphone is used. */
export function showVoice(voice, listens) {
  byId("microphone-options").hidden = !listens;
  byId("mirror-options").hidden = voice !== "mirror";
  byId("talk-options").hidden = voice !== "assistant" || listens;
  byId("conversation").hidden = voice !== "assistant";
  byId("push-options").hidden = voice !== "push";
  for (const radio of document.getElementsByName("voice")) {
    /** @type {any} */ (radio).checked = /** @type {any} */ (radio).value === voice;
  }
}

/** The statistics card before there are any. */
export function showNoFigures() {
  const text = document.createElement("dt");
  text.textContent = "Shown while connected.";
  byId("figures").replaceChildren(text);
}
