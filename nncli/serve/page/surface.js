/* ---- the decision surface of two inputs ---- */
function shadeOf(outputs) {
  if (state.surface.isRegression) return warm((outputs[0] - state.surface.low) / (state.surface.high - state.surface.low || 1));
  const shares = state.surface.isBinary ? [1 - outputs[0], outputs[0]] : outputs;
  return shares.reduce((sum, part, i) => sum.map((v, j) => v + part * rgb(CLASSES[i % CLASSES.length])[j]), [0, 0, 0]);
}
async function loadSurface() {
  const surface = state.surface = await ask(of("/page/surface"));
  $("plane").hidden = !surface; if (!surface) return;
  surface.isRegression = state.model.task.includes("regression");
  const first = surface.outputs.map(each => each[0]); surface.low = Math.min(...first); surface.high = Math.max(...first);
  surface.picture = paint(document.createElement("canvas"), surface.side, surface.side, (row, column) => mix(shadeOf(surface.outputs[(surface.side - 1 - row) * surface.side + column]), rgb(colour("--panel")), surface.isRegression ? 0 : .35));
  drawSurface();
}
const FRAME = { left: 86, top: 10, right: 10, bottom: 44 };
function drawSurface() {
  const surface = state.surface, canvas = $("surface"), context = canvas.getContext("2d"), { width, height } = canvas;
  const [[left, right], [low, high]] = surface.ranges, inner = [width - FRAME.left - FRAME.right, height - FRAME.top - FRAME.bottom];
  const x = value => FRAME.left + (value - left) / (right - left) * inner[0], y = value => FRAME.top + (high - value) / (high - low) * inner[1];
  context.clearRect(0, 0, width, height); context.imageSmoothingEnabled = true;
  context.drawImage(surface.picture, FRAME.left, FRAME.top, ...inner);
  context.font = "17px system-ui"; context.fillStyle = colour("--soft"); context.textAlign = "center";
  for (const part of [0, .5, 1]) context.fillText(number(left + part * (right - left)), Math.min(x(left + part * (right - left)), width - 26), height - 20);
  context.fillText(surface.columns[0], FRAME.left + inner[0] / 2, height - 2); context.textAlign = "right";
  for (const part of [0, .5, 1]) context.fillText(number(low + part * (high - low)), FRAME.left - 6, Math.min(Math.max(y(low + part * (high - low)) + 5, 16), height - FRAME.bottom));
  context.save(); context.translate(16, FRAME.top + inner[1] / 2 - 60); context.rotate(-Math.PI / 2); context.textAlign = "center"; context.fillText(surface.columns[1], 0, 0); context.restore();
  for (const [a, b, target] of surface.points) {
    context.beginPath(); context.arc(x(a), y(b), 4, 0, 7);
    context.fillStyle = surface.isRegression ? `rgb(${warm((target - surface.low) / (surface.high - surface.low || 1))})` : CLASSES[target % CLASSES.length];
    context.fill(); context.strokeStyle = "#ffffffcc"; context.lineWidth = 1; context.stroke();
  }
  const own = surface.columns.map(name => state.row[name]);
  if (own.every(value => value !== null)) {
    context.beginPath(); context.arc(x(own[0]), y(own[1]), 9, 0, 7); context.strokeStyle = colour("--text"); context.lineWidth = 3; context.stroke();
  }
  const told = $("surface-told"); told.replaceChildren();
  if (!surface.isRegression) state.model.classes.slice(0, 10).forEach((name, i) => { const dot = make("span", { textContent: "● " }); dot.style.color = CLASSES[i]; told.append(dot, `${name}   `); });
  else told.append(`${number(surface.low)} (dark) to ${number(surface.high)} (light). `);
  told.append(surface.points.length ? `Points are rows of the training set. Choose a place to ask for its answer.` : "The run's data is not where it was, so that there are no points. Choose a place to ask for its answer.");
}
$("surface").addEventListener("pointerdown", event => {
  const surface = state.surface, canvas = $("surface"), box = canvas.getBoundingClientRect();
  const a = (event.clientX - box.left) / box.width * canvas.width, b = (event.clientY - box.top) / box.height * canvas.height;
  const [[left, right], [low, high]] = surface.ranges;
  const values = [left + (a - FRAME.left) / (canvas.width - FRAME.left - FRAME.right) * (right - left), high - (b - FRAME.top) / (canvas.height - FRAME.top - FRAME.bottom) * (high - low)];
  surface.columns.forEach((name, i) => state.model.columns.find(each => each.name === name).set(values[i]));
  predictRow();
});
