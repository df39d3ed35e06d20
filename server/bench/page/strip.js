// Reads the measuring strip of a picture: see server/probe.py for its form.
// Pure functions; used by measure.js in the page and by a test in node.

export const BLOCKS = 32;
const THRESHOLD = (16 + 235) / 2;

export function checksum(value) {
  let crc = 0xff;
  for (const shift of [16, 8, 0]) {
    crc ^= (value >>> shift) & 0xff;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
    }
  }
  return crc;
}

/** The value of a row from the mean luma of its 32 blocks, or null. */
export function rowValue(levels) {
  let value = 0;
  let sum = 0;
  for (let i = 0; i < 24; i += 1) value = value * 2 + (levels[i] > THRESHOLD ? 1 : 0);
  for (let i = 24; i < BLOCKS; i += 1) sum = sum * 2 + (levels[i] > THRESHOLD ? 1 : 0);
  return checksum(value) === sum ? value : null;
}

/** Pixels of one side of a block for a picture of this width. */
export function blockSide(width) {
  return Math.floor(width / BLOCKS);
}

function rowLevels(data, width, top, side) {
  const margin = Math.floor(side / 4);
  const levels = [];
  for (let block = 0; block < BLOCKS; block += 1) {
    let sum = 0;
    let count = 0;
    for (let y = top + margin; y < top + side - margin; y += 1) {
      for (let x = block * side + margin; x < (block + 1) * side - margin; x += 1) {
        sum += data[(y * width + x) * 4 + 1]; // green: the strip is grey
        count += 1;
      }
    }
    levels.push(sum / count);
  }
  return levels;
}

/** RGBA pixels of the strip alone (width x 2 sides) -> {frame, sent_ms} or null. */
export function readStrip(data, width) {
  const side = blockSide(width);
  const frame = rowValue(rowLevels(data, width, 0, side));
  return frame === null ? null : { frame, sent_ms: rowValue(rowLevels(data, width, side, side)) };
}
