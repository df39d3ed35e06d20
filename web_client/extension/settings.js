/**
 * What the person chose, with what is usual in place of the rest.
 * Runs in the service worker and on the options page. Never holds a session.
 */

export const USUAL = {
  server: "http://127.0.0.1:8000",
  avatar: "",
  size: 512,
  /** Offered on call pages at all. */
  offered: true,
  /** Taken also where a page asks for any camera. */
  always: false,
};
export const SIZES = [256, 384, 512, 768];

/** @returns {Promise<typeof USUAL>} */
export async function readSettings() {
  return { ...USUAL, ...(await chrome.storage.local.get(Object.keys(USUAL))) };
}

/**
 * The server's base address, with a slash at its end. Throws what a person can mend.
 * @param {string} text
 */
export function baseOf(text) {
  let url;
  try {
    url = new URL(text.trim());
  } catch {
    throw new Error("The address must be like https://your.server or http://127.0.0.1:8000.");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new Error("The address must begin with https:// or http://.");
  const local = url.hostname === "127.0.0.1" || url.hostname === "localhost" || url.hostname === "[::1]";
  if (url.protocol === "http:" && !local) throw new Error("A server that is not on this machine needs https://: your voice goes there.");
  if (url.username || url.password) throw new Error("The address must hold no user name or password.");
  url.search = url.hash = "";
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  return url.href;
}
