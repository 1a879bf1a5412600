/* ---- a kernel that slides over the drawing ---- */
let sliding = null;
const firstConvolution = () => state.network?.layers[0]?.kind === "conv2d" && state.network.weights["conv2d_1/kernel"] ? state.network.layers[0] : null;
const isFirstConvolution = name => name === "conv2d_1" && firstConvolution() && state.answer?.seen.drawn[2] === 1;
function kernelPanel() {
  const figure = (id, text) => make("figure", {}, make("canvas", { id }), make("figcaption", { textContent: text }));
  const range = make("input", { type: "range", id: "kernel-place", min: 0, max: 1, value: 0 });
  const play = make("button", { id: "kernel-play", textContent: "Slide the kernel" });
  range.setAttribute("aria-label", "place of the kernel");
  range.addEventListener("input", () => { state.place = Number(range.value); slideKernel(); });
  play.addEventListener("click", () => {
    if (sliding) { clearInterval(sliding); sliding = null; play.textContent = "Slide the kernel"; return; }
    play.textContent = "Stop";
    sliding = setInterval(() => { const most = Number(range.max); state.place = (state.place ?? 0) >= most ? 0 : (state.place ?? 0) + 1; slideKernel(); }, 40);
  });
  return make("div", {}, make("div", { className: "sliding" }, figure("kernel-over", "over the drawing"), figure("kernel-weights", "its weights"), figure("kernel-out", "its output so far")),
    make("div", { className: "buttons" }, play, range), make("p", { className: "soft", id: "kernel-told" }));
}
function slideKernel() {
  const info = firstConvolution();
  if (!info || !$("kernel-told") || !state.answer?.seen) return;
  const kernel = state.network.weights["conv2d_1/kernel"], bias = state.network.weights["conv2d_1/bias"];
  const [high, wide, , filters] = kernel.shape, weights = kernel.floats ??= floatsOf(kernel.values), biases = bias ? bias.floats ??= floatsOf(bias.values) : null;
  const filter = Math.min(state.filter, filters - 1), seen = seenAt(), [step, step2] = info.strides, [rows, columns] = info.shape;
  const before = (size, kernelSize, stride, out) => info.padding === "same" ? Math.floor(Math.max(0, (out - 1) * stride + kernelSize - size) / 2) : 0;
  const above = before(seen.height, high, step, rows), left = before(seen.width, wide, step2, columns);
  const weight = (r, c) => weights[(r * wide + c) * filters + filter];
  const pixel = (r, c) => r < 0 || c < 0 || r >= seen.height || c >= seen.width ? 0 : seen.values[r * seen.width + c] / 255;
  const sum = (row, column) => { let total = biases ? biases[filter] : 0; for (let r = 0; r < high; r++) for (let c = 0; c < wide; c++) total += weight(r, c) * pixel(row * step - above + r, column * step2 - left + c); return total; };
  const place = Math.min(state.place ?? Math.floor(rows / 2) * columns + Math.floor(columns / 2), rows * columns - 1), row = Math.floor(place / columns), column = place % columns;
  $("kernel-place").max = rows * columns - 1; $("kernel-place").value = place;
  document.querySelectorAll(".layer .maps").forEach((maps, i) => [...maps.children].forEach((map, j) => map.classList.toggle("chosen", i === 0 && j === filter)));
  const top = row * step - above, side = column * step2 - left;
  paint($("kernel-over"), seen.height, seen.width, (r, c) => r >= top && r < top + high && c >= side && c < side + wide ? mix(seen.at(r, c), rgb(colour("--plus")), .55) : seen.at(r, c));
  let most = 1e-9; for (let r = 0; r < high; r++) for (let c = 0; c < wide; c++) most = Math.max(most, Math.abs(weight(r, c)));
  paint($("kernel-weights"), high, wide, (r, c) => signed(weight(r, c) / most));
  const sums = []; let largest = 1e-9;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) { const value = info.activation === "relu" ? Math.max(0, sum(r, c)) : sum(r, c); sums.push(value); largest = Math.max(largest, Math.abs(value)); }
  paint($("kernel-out"), rows, columns, (r, c) => r * columns + c <= place ? warm(sums[r * columns + c] / largest) : rgb(colour("--paper")));
  const total = sum(row, column);
  $("kernel-told").textContent = `Filter ${filter}, row ${row}, column ${column}: ${high * wide} products and the bias sum to ${number(total)}` + (info.activation && info.activation !== "linear" ? `, then ${info.activation}` + (info.activation === "relu" ? ` gives ${number(Math.max(0, total))}.` : ".") : ".");
}
