/**
 * The options page: which server, which face, where.
 * Runs on the extension's own page. Never talks to the server itself: the service worker does.
 */

import { SIZES, baseOf, readSettings } from "./settings.js";

const field = (id) => document.getElementById(id);

function say(text, state = "") {
  field("said").textContent = text;
  field("said").dataset.state = state;
}

async function look(server) {
  const { reply, refusal } = await chrome.runtime.sendMessage({ verb: "look", server });
  if (refusal) throw new Error(refusal);
  return reply;
}

function showFaces(avatars, chosen) {
  const rows = avatars.map(({ name, title }) => new Option(title, name, false, name === chosen));
  field("avatar").replaceChildren(new Option("the server's first", ""), ...rows);
}

/** Asked for while a click is being handled: only then may it be. */
function mayAsk(base) {
  return chrome.permissions.request({ origins: [`${new URL(base).origin.replace(/:\d+$/, "")}/*`] });
}

async function show() {
  const settings = await readSettings();
  field("server").value = settings.server;
  field("offered").checked = settings.offered;
  field("always").checked = settings.always;
  field("size").replaceChildren(...SIZES.map((size) => new Option(`${size} × ${size}`, size, false, size === settings.size)));
  showFaces(settings.avatar ? [{ name: settings.avatar, title: settings.avatar }] : [], settings.avatar);
  try {
    showFaces((await look(settings.server)).avatars, settings.avatar);
  } catch {
    // Told when it is saved.
  }
}

async function save() {
  const server = baseOf(field("server").value);
  if (!(await mayAsk(server))) throw new Error("Without the permission for this server nothing can be asked of it.");
  await chrome.storage.local.set({
    server,
    avatar: field("avatar").value,
    size: Number(field("size").value),
    offered: field("offered").checked,
    always: field("always").checked,
  });
  const { avatars, version, marked } = await look(server);
  showFaces(avatars, field("avatar").value);
  if (!marked) throw new Error("Saved, but this server draws no AI mark: calls will be refused.");
  return `Saved. Version ${version} answers, with ${avatars.length} faces.`;
}

field("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  say("Asking the server…");
  try {
    say(await save(), "good");
  } catch (error) {
    say(error.message, "bad");
  }
});

await show();
document.body.dataset.ready = "true";
