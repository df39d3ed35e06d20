// Finds where a sound begins after silence: the algorithm of OnsetDetector in server/probe.py.
// Runs in an AudioWorklet (input 0 the microphone, input 1 the returned voice) and in a test.

const LOUD = 0.05;
const QUIET = 0.02;
const ARM_MS = 150;

class Detector {
  constructor(rate) {
    this.block = Math.round(rate / 1000);
    this.quiet = 0;
    this.armed = true;
    this.seen = 0; // samples of the block so far
    this.peak = 0;
    this.first = -1; // where in the block it became loud
    this.index = 0; // samples heard in all
  }

  /** Hear samples; return the indices (since the start) of the onsets in them. */
  step(samples) {
    const onsets = [];
    for (const sample of samples) {
      const level = Math.abs(sample);
      if (level > this.peak) this.peak = level;
      if (level > LOUD && this.first < 0) this.first = this.index;
      this.index += 1;
      this.seen += 1;
      if (this.seen === this.block) {
        if (this.first >= 0 && this.armed) {
          onsets.push(this.first);
          this.armed = false;
        }
        this.quiet = this.peak < QUIET ? this.quiet + 1 : 0;
        this.armed = this.armed || this.quiet >= ARM_MS;
        this.seen = 0;
        this.peak = 0;
        this.first = -1;
      }
    }
    return onsets;
  }
}

if (typeof registerProcessor === "function") {
  registerProcessor(
    "onset",
    class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.detectors = [new Detector(sampleRate), new Detector(sampleRate)];
        this.sinceClock = 0;
      }

      process(inputs) {
        inputs.forEach((input, which) => {
          if (!input.length) return;
          const detector = this.detectors[which];
          // Inputs come and go with their connections: index 0 is re-anchored on every quantum.
          const base = currentTime - detector.index / sampleRate;
          for (const onset of detector.step(input[0])) {
            this.port.postMessage({ which, at_s: base + onset / sampleRate, wall_ms: Date.now() });
          }
        });
        this.sinceClock += 1;
        if (this.sinceClock >= 19) {
          // about every 50 ms: pairs of context time and wall time
          this.sinceClock = 0;
          this.port.postMessage({ clock_s: currentTime, wall_ms: Date.now() });
        }
        return true;
      }
    },
  );
} else {
  globalThis.OnsetDetector = Detector;
}
