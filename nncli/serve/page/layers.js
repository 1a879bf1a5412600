/* ---- layers ---- */
function infoOf(name) { return state.network?.layers.find(each => each.name === name); }
function showLayers(layers) {
  const held = $("layers");
  $("network").hidden = !layers.length;
  const names = layers.map(each => `${each.kind} ${each.name} ${each.drawn || each.shape}`).join();
  if (held.dataset.names !== names) {
    held.dataset.names = names;
    held.replaceChildren(...layers.map(layer => {
      const info = infoOf(layer.name);
      const isBefore = layer.name === "output" && info?.activation && info.activation !== "linear" && layers.some(each => each.name === "probabilities");
      const about = [layer.kind === "attention" ? "attention" : "", isBefore ? `before ${info.activation}` : info?.activation || "", layer.shape.join(" × ")].filter(Boolean).join(" · ");
      return make("div", { className: "layer" }, make("header", {}, make("h3", { textContent: layer.name }), make("span", { className: "soft", textContent: about })), make("div"));
    }));
  }
  layers.forEach((layer, i) => {
    const body = held.children[i].lastElementChild;
    if (layer.kind === "units") showUnits(body, layer);
    else if (layer.kind === "attention") showAttention(body, layer);
    else if (layer.kind === "rows") showMaps(body, layer, true);
    else showMaps(body, layer, false);
  });
}
function showUnits(body, layer) {
  const values = floatsOf(layer.values), most = values.reduce((m, v) => Math.max(m, Math.abs(v)), 1e-9);
  const width = Math.max(200, Math.min(body.clientWidth || 600, 900)), count = values.length;
  const canvas = body.firstElementChild || body.appendChild(make("canvas"));
  const context = canvas.getContext("2d");
  if (count <= 40) {
    canvas.width = width; canvas.height = 84;
    const step = Math.min(64, width / count), hasMinus = values.some(v => v < 0), zero = hasMinus ? 36 : 66;
    context.font = "11px system-ui"; context.textAlign = "center";
    values.forEach((value, i) => {
      const high = value / most * (hasMinus ? 32 : 60);
      context.fillStyle = value >= 0 ? colour("--plus") : colour("--minus");
      context.fillRect(i * step + 1, zero - Math.max(high, 0), Math.max(1, step - 2), Math.max(1, Math.abs(high)));
      if (step >= 16) { context.fillStyle = colour("--soft"); context.fillText(i, (i + .5) * step, 81); }
    });
  } else {
    const side = Math.max(6, Math.min(14, Math.floor(Math.sqrt(width * 90 / count)))), columns = Math.floor(width / side);
    canvas.width = columns * side; canvas.height = Math.ceil(count / columns) * side;
    values.forEach((value, i) => { context.fillStyle = `rgb(${signed(value / most)})`; context.fillRect(i % columns * side, Math.floor(i / columns) * side, side - 1, side - 1); });
  }
}
function showMaps(body, layer, isWide) {
  const [count, height, width] = layer.drawn, bytes = bytesOf(layer.bytes);
  if (body.children[0]?.children.length !== count) {
    const maps = make("div", { className: isWide ? "wide" : "maps" });
    for (let i = 0; i < count; i++) {
      const map = make(isWide ? "div" : "button", { className: "map", title: isWide ? "" : `filter ${i}` }, make("canvas"));
      if (!isWide) map.addEventListener("click", () => { state.filter = i; slideKernel(); });
      maps.append(map);
    }
    body.replaceChildren(maps);
  }
  const range = layer.high - layer.low, most = Math.max(Math.abs(layer.low), Math.abs(layer.high), 1e-9);
  for (let i = 0; i < count; i++) paint(body.children[0].children[i].firstElementChild, height, width, (row, column) => {
    const value = layer.low + bytes[(i * height + row) * width + column] / 255 * range;
    return layer.low < 0 ? signed(value / most) : warm(value / most);
  });
  if (isWide) body.children[0].firstElementChild.firstElementChild.style.height = `${Math.min(200, Math.max(12, height * 8))}px`;
  if (isWide) body.children[0].firstElementChild.firstElementChild.style.width = width < 24 ? `${width * 28}px` : "100%";
  if (isFirstConvolution(layer.name)) { if (!body.children[1]) body.append(kernelPanel()); slideKernel(); }
}
