// Finds where a sound begins after silence: the algorithm of OnsetDetector in server/probe.py.
// Pure; used by measure.js on the microphone and the returned voice, and by a test in node.

const LOUD = 0.05;
const QUIET = 0.02;
const ARM_MS = 150;

export class Detector {
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
