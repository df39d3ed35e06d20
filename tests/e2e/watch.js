// Records, beside each other, the face's lower half and the sound that is heard with it.
// Put into the page by tests/e2e/test_face.py; times are performance.now() in ms.
async (seconds) => {
  const video = document.getElementById("video");
  const W = 16;
  const H = 12;
  const canvas = new OffscreenCanvas(W, 2 * H);
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
  const grey = (data, from) => {
    const out = [];
    for (let i = from; i < from + 4 * W * H; i += 4) {
      out.push(Math.round(0.3 * data[i] + 0.59 * data[i + 1] + 0.11 * data[i + 2]));
    }
    return out;
  };
  await new Promise((resolve) => {
    const endMs = performance.now() + 1000 * seconds;
    const look = (nowMs, { expectedDisplayTime }) => {
      const { videoWidth: w, videoHeight: h } = video;
      // The mouth and its surroundings, then forehead and hair for comparison.
      pen.drawImage(video, 0.36 * w, 0.5 * h, 0.28 * w, 0.21 * h, 0, 0, W, H);
      pen.drawImage(video, 0.36 * w, 0.1 * h, 0.28 * w, 0.21 * h, 0, H, W, H);
      const { data } = pen.getImageData(0, 0, W, 2 * H);
      frames.push([expectedDisplayTime, grey(data, 0), grey(data, 4 * W * H)]);
      if (performance.now() < endMs) video.requestVideoFrameCallback(look);
      else resolve(undefined);
    };
    video.requestVideoFrameCallback(look);
  });
  clearInterval(ear);
  await context.close();
  return { frames, sounds };
}
