/* ---- building blocks ---- */
const CLASSES = ["#2f6fde", "#d9731a", "#2a9d6f", "#c2405c", "#8757c9", "#997a00", "#1698a8", "#7d7d7d", "#b3569d", "#5b8c2a"];
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(each => each !== null && each !== undefined));
  return element;
}
function bytesOf(text) { return Uint8Array.from(atob(text), letter => letter.charCodeAt(0)); }
function floatsOf(text) { return new Float32Array(bytesOf(text).buffer); }
/* Kept, as a picture asks for them at every pixel; before all that draws again when the look changes. */
const colours = new Map();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => colours.clear());
function colour(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return colours.get(name);
}
const number = value => value === null || value === undefined ? "–" : Number.isInteger(value) ? value.toLocaleString("en") : Math.abs(value) < 1e-3 && value !== 0 ? value.toExponential(1) : Number(value.toPrecision(4)).toLocaleString("en", { maximumSignificantDigits: 4 });
const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
function warm(part) {
  const place = Math.max(0, Math.min(1, part)) * 4, low = Math.min(3, Math.floor(place)), rest = place - low;
  return STOPS[low].map((value, i) => value + rest * (STOPS[low + 1][i] - value));
}
function mix(a, b, part) { return a.map((value, i) => value + part * (b[i] - value)); }
function rgb(text) { const n = parseInt(text.slice(1), 16); return [n >> 16, (n >> 8) & 255, n & 255]; }
/* Orange for what adds, blue for what takes away, the paper's colour for nothing; from -1 to 1. */
function signed(value) { return mix(rgb(colour("--paper")), rgb(colour(value >= 0 ? "--plus" : "--minus")), Math.min(1, Math.abs(value))); }
function paint(canvas, height, width, at) {
  canvas.width = width; canvas.height = height;
  const context = canvas.getContext("2d"), picture = context.createImageData(width, height);
  for (let row = 0; row < height; row++) for (let column = 0; column < width; column++) {
    const [r, g, b] = at(row, column), place = 4 * (row * width + column);
    picture.data[place] = r; picture.data[place + 1] = g; picture.data[place + 2] = b; picture.data[place + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
  return canvas;
}
