// Compiled, never run: what a TypeScript program may and may not write with the client module.
import { ACTIONS, AvatarClient, AvatarError, LevelMeter, decodeVoice } from "synchrorama-client";
import type { AvatarOptions, ClientState } from "synchrorama-client";

const options: AvatarOptions = { server: "https://example.org", voice: "push", size: 512 };
const avatar = new AvatarClient(options);
avatar.addEventListener("state", ({ detail }) => {
  const state: ClientState = detail.state;
  const error: AvatarError | null = detail.error;
  console.log(state, error?.remedy);
});
avatar.addEventListener("stream", ({ detail }) => detail.stream.getTracks());
await avatar.connect();
await avatar.setStage({ background: { kind: "blur", strength: 0.5 }, framing: "head" });
const spoken = await avatar.speak(new Int16Array(16000));
const told: boolean = avatar.act(ACTIONS[0]);
const stop: () => void = avatar.onMotion(({ t, names, values }) => [t, names[0], values[0]]);
console.log(spoken, told, stop, LevelMeter, decodeVoice);

const talk = new AvatarClient({ voice: "assistant", microphone: false });
talk.addEventListener("turn", ({ detail }) => detail.state === "thinking" && detail.hearing);
talk.addEventListener("transcript", ({ detail }) => detail.text.slice(detail.interrupted ? 1 : 0));
talk.addEventListener("assistant", ({ detail }) => detail.missing.map(({ set }) => set.length));
const asked: boolean = talk.ask("Who are you?");
console.log(asked);

// @ts-expect-error no such state of a turn
talk.addEventListener("turn", ({ detail }) => detail.state === "asleep");
// @ts-expect-error there is no such voice
new AvatarClient({ voice: "sing" });
// @ts-expect-error a size is a number
new AvatarClient({ size: "large" });
// @ts-expect-error no such method
avatar.dance();
// @ts-expect-error the detail of this event has no such field
avatar.addEventListener("stream", ({ detail }) => detail.picture);
// @ts-expect-error no such event
avatar.addEventListener("applause", () => {});
