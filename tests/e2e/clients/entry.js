// What the test page gets of other people's packages, as they are.
export { WHIPClient } from "@eyevinn/whip-web-client";
export { WebRTCPlayer } from "@eyevinn/webrtc-player";
export { PipecatClient } from "@pipecat-ai/client-js";
export { SmallWebRTCTransport, WavMediaManager } from "@pipecat-ai/small-webrtc-transport";
