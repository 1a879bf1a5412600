/* ---- strongest paths through a dense network ---- */
function denseStack() {
  const layers = state.network?.layers.filter(each => !["flatten", "dropout"].includes(each.kind)) ?? [];
  const isDense = layers.length > 0 && layers.every(each => ["dense", "output"].includes(each.kind) && state.network.weights[`${each.name}/kernel`]);
  return isDense ? layers : null;
}
function showPaths() {
  const stack = denseStack(), given = state.answer;
  $("paths").hidden = !stack || !given?.layers || !given.seen;
  if ($("paths").hidden) return;
  const names = state.model.classes, chosen = state.output ?? Math.max(0, names.indexOf(given.predictions[0].prediction));
  const values = [Float32Array.from(bytesOf(given.seen.bytes), value => value / 255)];
  for (const layer of stack) { const found = given.layers.find(each => each.name === layer.name); if (!found) return; values.push(floatsOf(found.values)); }
  const last = stack.length, output = values[last].length === 1 ? 0 : Math.min(chosen, values[last].length - 1);
  const edges = strongest(stack, values, output);
  drawGraph(stack, values, edges, output, names.length === values[last].length ? names : null);
  $("paths-title").textContent = `Strongest paths to ${names.length === values[last].length ? names[output] : names[names.length - 1]}`;
}
/* Back from an output: of each unit the sources whose value times weight is largest, and so on for the strongest of them. */
function strongest(stack, values, output) {
  const last = stack.length, edges = []; let wanted = new Map([[output, 1]]);
  for (let level = last; level > 0; level--) {
    const kernel = state.network.weights[`${stack[level - 1].name}/kernel`], weights = kernel.floats ??= floatsOf(kernel.values), units = kernel.shape[1];
    const next = new Map();
    for (const [unit, worth] of wanted) {
      const found = Array.from(values[level - 1], (value, from) => ({ from, unit, level, part: value * weights[from * units + unit] }));
      found.sort((a, b) => Math.abs(b.part) - Math.abs(a.part));
      const most = Math.abs(found[0].part) || 1;
      for (const edge of found.slice(0, level === 1 ? 12 : level === last ? 8 : 4)) {
        if (!edge.part) continue;
        edge.worth = worth * Math.abs(edge.part) / most; edges.push(edge);
        next.set(edge.from, Math.max(next.get(edge.from) || 0, edge.worth));
      }
    }
    wanted = new Map([...next].sort((a, b) => b[1] - a[1]).slice(0, 6));
  }
  return edges;
}
function drawGraph(stack, values, edges, output, names) {
  const canvas = $("graph"), box = canvas.parentElement.clientWidth || 600, ratio = Math.min(2, devicePixelRatio || 1);
  const width = Math.max(300, box), height = width < 500 ? 300 : 360;
  canvas.width = width * ratio; canvas.height = height * ratio; canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d"); context.scale(ratio, ratio);
  const seen = seenAt(), side = Math.min(width * .26, height * .7), levels = stack.length, inner = width - 44;
  const across = level => level === 0 ? side : side + 30 + (inner - side - 30) * level / levels;
  const place = (level, unit) => {
    if (level > 0) { const n = values[level].length; return [across(level), 24 + (height - 36) * (n === 1 ? .5 : unit / (n - 1))]; }
    const [row, column] = [Math.floor(unit / seen.channels / seen.width), Math.floor(unit / seen.channels) % seen.width];
    return [(column + .5) / seen.width * side, height / 2 + ((row + .5) / seen.height - .5) * side];
  };
  context.imageSmoothingEnabled = false;
  context.drawImage(paint(document.createElement("canvas"), seen.height, seen.width, seen.at), 0, height / 2 - side / 2, side, side);
  for (const edge of edges.sort((a, b) => a.worth - b.worth)) {
    context.globalAlpha = .15 + .75 * Math.min(1, edge.worth); context.lineWidth = .6 + 2.6 * edge.worth;
    context.strokeStyle = colour(edge.part >= 0 ? "--plus" : "--minus");
    context.beginPath(); context.moveTo(...place(edge.level - 1, edge.from)); context.lineTo(...place(edge.level, edge.unit)); context.stroke();
  }
  context.globalAlpha = 1; context.font = "12px system-ui"; context.textAlign = "center";
  for (let level = 1; level <= levels; level++) {
    const most = values[level].reduce((m, v) => Math.max(m, Math.abs(v)), 1e-9), size = Math.max(1.5, Math.min(6, (height - 36) / values[level].length * .45));
    values[level].forEach((value, unit) => {
      const [x, y] = place(level, unit); context.fillStyle = `rgb(${signed(value / most)})`; context.strokeStyle = colour("--line");
      context.beginPath(); context.arc(x, y, size, 0, 7); context.fill(); if (size > 3) context.stroke();
      if (level === levels && names && values[level].length <= 20) { context.fillStyle = colour(unit === output ? "--plus" : "--soft"); context.textAlign = "left"; context.fillText(names[unit].slice(0, 4), x + 10, y + 4); context.textAlign = "center"; }
    });
    context.fillStyle = colour("--soft"); context.fillText(stack[level - 1].name, Math.min(across(level), width - 24), 12);
  }
}
$("graph").addEventListener("click", event => {
  const stack = denseStack(); if (!stack) return;
  const box = $("graph").getBoundingClientRect(), count = state.model.classes.length;
  if ((event.clientX - box.left) / box.width < .75) return;
  state.output = Math.max(0, Math.min(count - 1, Math.round(((event.clientY - box.top) * $("graph").clientHeight / box.height - 24) / ($("graph").clientHeight - 36) * (count - 1))));
  showPaths();
});
