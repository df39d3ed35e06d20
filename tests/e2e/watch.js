// Records, beside each other, the face and the sound that is heard with it.
// Put into the page by tests/e2e/test_face.py; times are performance.now() in ms, pictures are
// SIDE x SIDE grey bytes of the face from brows to chin, in base64.
async (seconds) => {
  const SIDE = 72;
  const video = document.getElementById("video");
  const canvas = new OffscreenCanvas(SIDE, SIDE);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const context = new AudioContext();
  const analyser = new AnalyserNode(context, { fftSize: 512 });
  context.createMediaStreamSource(video.srcObject).connect(analyser);
  const samples = new Float32Array(512);
  const frames = [];
  const sounds = [];
  const ear = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const value of samples) sum += value * value;
    sounds.push([performance.now(), Math.sqrt(sum / samples.length)]);
  }, 15);
  await new Promise((resolve) => {
    const endMs = performance.now() + 1000 * seconds;
    const look = (nowMs, { expectedDisplayTime }) => {
      const { videoWidth: w, videoHeight: h } = video;
      pen.drawImage(video, 0.28 * w, 0.3 * h, 0.44 * w, 0.45 * h, 0, 0, SIDE, SIDE);
      frames.push([expectedDisplayTime, pen.getImageData(0, 0, SIDE, SIDE).data]);
      if (performance.now() < endMs) video.requestVideoFrameCallback(look);
      else resolve(undefined);
    };
    video.requestVideoFrameCallback(look);
  });
  clearInterval(ear);
  await context.close();
  const grey = (rgba) => {
    let text = "";
    for (let i = 0; i < rgba.length; i += 4) {
      const value = 0.3 * rgba[i] + 0.59 * rgba[i + 1] + 0.11 * rgba[i + 2];
      text += String.fromCharCode(Math.round(value));
    }
    return btoa(text);
  };
  return { frames: frames.map(([ms, rgba]) => [ms, grey(rgba)]), sounds };
}
