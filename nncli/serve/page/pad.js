/* ---- drawing ---- */
const pad = $("pad"), pen = pad.getContext("2d", { willReadFrequently: true });
let isDrawn = false, stroke = null;
function clearPad() {
  const isDark = state.model.image.isDark;
  pen.fillStyle = isDark ? "#000" : "#fff"; pen.fillRect(0, 0, pad.width, pad.height);
  pen.strokeStyle = pen.fillStyle = isDark ? "#fff" : "#000"; pen.lineWidth = 20; pen.lineCap = pen.lineJoin = "round";
  isDrawn = false;
}
function placeOf(event) {
  const box = pad.getBoundingClientRect();
  return [(event.clientX - box.left) * pad.width / box.width, (event.clientY - box.top) * pad.height / box.height];
}
function strokeTo(event) {
  const [x, y] = placeOf(event);
  pen.beginPath(); pen.moveTo(...stroke); pen.lineTo(x, y); pen.stroke();
  stroke = [x, y]; isDrawn = true;
}
pad.addEventListener("pointerdown", event => {
  if (event.button) return;
  stopCamera();
  if (state.isFile) { clearPad(); state.isFile = false; }
  pad.setPointerCapture(event.pointerId);
  stroke = placeOf(event); strokeTo(event); predictPad();
  event.preventDefault();
});
pad.addEventListener("pointermove", event => {
  if (!stroke) return;
  for (const each of event.getCoalescedEvents?.() ?? [event]) strokeTo(each);
  predictPad();
});
for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, () => { if (stroke) { stroke = null; predictPad(); } });
const predictPad = latest(async () => {
  if (!isDrawn) return;
  state.image = greyFile(pad, pen);
  await predictImage();
}, {});
/* What is drawn as a PGM file, at once: a browser packs a PNG file only when it finds time, and a server unpacks it. */
function greyFile({ width, height }, context) {
  const head = new TextEncoder().encode(`P5 ${width} ${height} 255\n`), { data } = context.getImageData(0, 0, width, height);
  const file = new Uint8Array(head.length + width * height);
  file.set(head);
  for (let from = 0, to = head.length; to < file.length; from += 4, to++) file[to] = data[from];
  return file;
}
async function predictImage() {
  const told = await ask(of("/page/image") + ($("as-is").checked ? "&as_is=1" : ""), state.image);
  if (!isDrawn && !state.isFile && !camera) return;
  state.answer = told;
  showImage(told);
}
function showImage(told) {
  const record = showAnswer(told);
  drawSeen();
  $("saw").hidden = false;
  const notes = [`${told.seen.drawn[1]} × ${told.seen.drawn[0]} pixels`];
  if (record.unlike_training > 1) notes.push("unlike the training images: the answer means little");
  $("notes").textContent = notes.join(" · ");
  showLayers(told.layers);
  showPaths();
}
function seenAt() {
  const { drawn: [height, width, channels], bytes } = state.answer.seen;
  const values = bytesOf(bytes);
  return { height, width, channels, values, at: (row, column) => { const i = (row * width + column) * channels; return channels >= 3 ? [values[i], values[i + 1], values[i + 2]] : [values[i], values[i], values[i]]; } };
}
function drawSeen(heat) {
  const seen = seenAt();
  paint($("seen"), seen.height, seen.width, (row, column) => {
    const pixel = seen.at(row, column);
    if (!heat) return pixel;
    const part = heat(row, column);
    return mix(mix(pixel, [128, 128, 128], .45), part >= 0 ? rgb(colour("--plus")) : rgb(colour("--minus")), Math.min(.85, Math.abs(part)));
  });
}
$("clear").addEventListener("click", () => { stopCamera(); state.isFile = false; clearPad(); clearAnswer(); });
$("as-is").addEventListener("change", async () => { if (state.image) try { await predictImage(); tell(null); } catch (problem) { tell(problem); } });
$("file").addEventListener("change", event => { if (event.target.files[0]) openImage(event.target.files[0]); event.target.value = ""; });
async function openImage(file) {
  stopCamera();
  state.image = file; state.isFile = true; isDrawn = false;
  try { await predictImage(); tell(null); } catch (problem) { tell(problem); }
  try {
    const bitmap = await createImageBitmap(file), side = Math.min(pad.width / bitmap.width, pad.height / bitmap.height);
    clearPad();
    pen.drawImage(bitmap, (pad.width - bitmap.width * side) / 2, (pad.height - bitmap.height * side) / 2, bitmap.width * side, bitmap.height * side);
  } catch { clearPad(); }
}
$("occlude").addEventListener("click", async () => {
  await predictPad.idle(); // its answer would take the place of this one
  if (!state.image) return;
  try {
    const told = await ask(of("/page/occlusion") + ($("as-is").checked ? "&as_is=1" : ""), state.image);
    const bytes = bytesOf(told.bytes), [, width] = told.drawn, most = Math.max(1e-9, Math.abs(told.low), Math.abs(told.high));
    drawSeen((row, column) => (told.low + bytes[row * width + column] / 255 * (told.high - told.low)) / most);
    $("notes").textContent = `Covering the orange parts lowers the probability of ${told.of}, by up to ${number(100 * Math.max(0, told.high))} %; covering the blue ones raises it.`;
    tell(null);
  } catch (problem) { tell(problem); }
});
