/**
 * Signalling for call pages, whose own policy would forbid it: makes, answers and ends sessions.
 * Runs as the extension's service worker; may be stopped and started at any time.
 * Never lets a page choose the server or see a session's id.
 */

import { baseOf, readSettings } from "./settings.js";

const TIMEOUT_MS = 10_000;
const MAX_SDP = 65_536;

/** A fault with a message for the page's console and the name of the DOMException it becomes. */
class Refusal extends Error {}

const verbs = {
  async config() {
    const { offered, always } = await readSettings();
    return { offered, always };
  },

  /** A place on the server; the page gets ICE servers, never the id. */
  async create(_message, frame) {
    const settings = await readSettings();
    await end(frame);
    const wishes = { voice: "mirror", size: settings.size, ...(settings.avatar && { avatar: settings.avatar }) };
    const session = await ask(settings, "POST", "v1/sessions", wishes);
    await remember(frame, session.id);
    if (!session.disclosure?.mark) {
      await end(frame);
      throw new Refusal("this server draws no AI mark into its pictures (disclosure.mark): a call needs one");
    }
    return { iceServers: session.ice_servers };
  },

  async offer({ sdp }, frame) {
    if (typeof sdp !== "string" || sdp.length > MAX_SDP) throw new Refusal("the offer is no text, or too long");
    const id = await sessionOf(frame);
    if (!id) throw new Refusal("no session was made");
    const answer = await ask(await readSettings(), "POST", `v1/sessions/${id}/offer`, { type: "offer", sdp });
    return { sdp: answer.sdp };
  },

  async close(_message, frame) {
    await end(frame);
    return {};
  },
};

/** For the options page: whether the server answers, and its faces. */
async function look({ server }) {
  const base = { server: baseOf(String(server)) };
  const [{ avatars }, about] = await Promise.all([ask(base, "GET", "v1/avatars"), ask(base, "GET", "v1/capabilities")]);
  return { avatars: avatars.map(({ name, title }) => ({ name, title: title || name })), version: about.version, marked: about.marked };
}

async function ask({ server }, method, path, body) {
  let response;
  try {
    response = await fetch(new URL(path, baseOf(server)), {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body ? JSON.stringify(body) : undefined,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new Refusal(`the server at ${server} does not answer (${error.name}): is it started, and its address right?`);
  }
  const text = await response.text();
  const reply = text ? JSON.parse(text) : {};
  if (response.ok) return reply;
  throw new Refusal(`${reply.error?.message ?? response.status}; ${reply.error?.hint ?? ""}`);
}

/** One session for each frame of a tab. */
const keyOf = (sender) => `frame-${sender.tab.id}-${sender.frameId}`;
const sessionOf = async (frame) => (await chrome.storage.session.get(frame))[frame];
const remember = (frame, id) => chrome.storage.session.set({ [frame]: id });

async function end(frame) {
  const id = await sessionOf(frame);
  if (!id) return;
  await chrome.storage.session.remove(frame);
  // A server that is gone has ended it too.
  await ask(await readSettings(), "DELETE", `v1/sessions/${id}`).catch(() => {});
}

chrome.runtime.onMessage.addListener((message, sender, answer) => {
  const own = sender.id === chrome.runtime.id;
  const verb = own && sender.tab && Object.hasOwn(verbs, message?.verb) ? verbs[message.verb] : null;
  const options = own && message?.verb === "look" && sender.url?.startsWith(chrome.runtime.getURL(""));
  if (!verb && !options) return false;
  (options ? look(message) : verb(message, keyOf(sender)))
    .then((reply) => answer({ reply }))
    .catch((error) => answer({ refusal: error.message }));
  return true;
});

chrome.tabs.onRemoved.addListener(async (tab) => {
  const kept = Object.keys(await chrome.storage.session.get(null));
  for (const frame of kept) if (frame.startsWith(`frame-${tab}-`)) await end(frame);
});

chrome.runtime.onInstalled.addListener(({ reason }) => {
  if (reason === "install") void chrome.runtime.openOptionsPage();
});
