/**
 * A 3D head moved by the motion that a SynchroRaMa server makes of a voice.
 * Address of the server: `?server=http://127.0.0.1:8000`, which is also the default.
 */

import { Head } from "./head.js";

const server = new URLSearchParams(location.search).get("server") ?? "http://127.0.0.1:8000";
const byId = (id) => /** @type {any} */ (document.getElementById(id));
const says = (words) => (byId("says").textContent = words);

/** The head; for the console and for tests. */
export const head = new Head(byId("view"));
/** @type {any} */ let client = null;
const sound = new Audio();

async function connect(voice) {
  await client?.close();
  says("Connecting…");
  const { AvatarClient } = await import(new URL("/synchrorama.js", server).href);
  const label = byId("feel").value;
  // The smallest picture: the server draws one with every motion, and nobody looks at it here.
  client = new AvatarClient({ server, voice, size: 256, emotion: label ? { label } : null });
  client.onMotion((motion) => head.show(motion));
  client.addEventListener("stream", ({ detail }) => {
    sound.srcObject = detail.stream;
    sound.muted = voice === "mirror"; // One's own voice, a moment later.
    sound.play().catch((error) => says(`The browser keeps the sound off: ${error.message}`));
  });
  client.addEventListener("state", ({ detail }) => detail.state === "live" && says("Live."));
  await client.connect();
}

async function safely(act) {
  try {
    await act();
  } catch (error) {
    if (error.code !== "closed") says(`${error.message} ${error.remedy ?? `Is a server at ${server}?`}`);
  }
}

byId("speak").onclick = () =>
  safely(async () => {
    if (client?.state !== "live" || client.options.voice !== "push") await connect("push");
    const response = await fetch(new URL("/voice/welcome.wav", server));
    await client.speak(await response.arrayBuffer());
  });
byId("microphone").onclick = () => safely(() => connect("mirror"));
byId("nod").onclick = () => client?.act("nod");
byId("feel").onchange = ({ target }) => client?.feel(target.value ? { label: target.value } : null);
