/**
 * Hands what the page's shim asks to the service worker, and its answers back.
 * Runs in the extension's isolated world on call pages, before the page's own scripts.
 * Never passes on more than the three verbs of a session, and only text.
 */
(() => {
  const VERBS = ["config", "create", "offer", "close"];
  const answer = (id, said) =>
    document.dispatchEvent(new CustomEvent("synchrorama-answer", { detail: JSON.stringify({ id, ...said }) }));

  document.addEventListener("synchrorama-ask", async (event) => {
    let asked;
    try {
      asked = JSON.parse(event.detail);
    } catch {
      return;
    }
    if (!VERBS.includes(asked?.verb)) return;
    try {
      answer(asked.id, await chrome.runtime.sendMessage({ verb: asked.verb, sdp: asked.sdp }));
    } catch (error) {
      // The extension was updated or removed while the page was open.
      answer(asked.id, { refusal: `the extension is gone (${error.message}): load the page anew` });
    }
  });
  addEventListener("pagehide", () => void chrome.runtime.sendMessage({ verb: "close" }).catch(() => {}));
})();
