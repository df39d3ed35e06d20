// A call page of the strictest kind: two peer connections, and what the far end gets.
const near = new RTCPeerConnection();
const far = new RTCPeerConnection();
near.onicecandidate = ({ candidate }) => candidate && far.addIceCandidate(candidate);
far.onicecandidate = ({ candidate }) => candidate && near.addIceCandidate(candidate);
const got = new MediaStream();
far.ontrack = ({ track }) => {
  got.addTrack(track);
  if (track.kind === "audio") hear(track);
};
const video = document.getElementById("far");
document.getElementById("near").muted = true;

const call = { pictures: new Set(), sound: [], light: [], fetched: null };
globalThis.call = call;

call.join = async (constraints) => {
  call.stream = await navigator.mediaDevices.getUserMedia(constraints);
  document.getElementById("near").srcObject = call.stream;
  video.srcObject = got;
  for (const track of call.stream.getTracks()) near.addTrack(track, call.stream);
  await near.setLocalDescription();
  await far.setRemoteDescription(near.localDescription);
  await far.setLocalDescription();
  await near.setRemoteDescription(far.localDescription);
  watch();
};

// What a page's own policy makes of a request to the server.
call.tryFetch = (url) => fetch(url).then(() => "came through", () => "forbidden");

function watch() {
  const canvas = new OffscreenCanvas(128, 128).getContext("2d", { willReadFrequently: true });
  let before = null;
  const look = (now) => {
    canvas.drawImage(video, 0, 0, 128, 128);
    call.pictures.add(canvas.getImageData(0, 0, 128, 128).data.slice(0, 32768).join());
    // The mouth and chin: how much they change from one picture to the next.
    const { data } = canvas.getImageData(40, 62, 48, 30);
    let change = 0;
    if (before) for (let i = 0; i < data.length; i += 4) change += Math.abs(data[i + 1] - before[i + 1]);
    before = data;
    call.light.push([now, change]);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}

function hear(track) {
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
  const wave = new Float32Array(512);
  setInterval(() => {
    analyser.getFloatTimeDomainData(wave);
    call.sound.push([performance.now(), Math.hypot(...wave) / Math.sqrt(512)]);
  }, 20);
}
document.body.dataset.ready = "true";
