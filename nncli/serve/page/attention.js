/* ---- attention ---- */
function showAttention(body, layer) {
  const [heads, queries, keys] = layer.drawn, bytes = bytesOf(layer.bytes), side = Math.sqrt(keys);
  const weight = (head, query, key) => layer.low + bytes[(head * queries + query) * keys + key] / 255 * (layer.high - layer.low);
  const isGrid = Number.isInteger(side) && queries === keys && state.answer?.seen;
  if (body.children[0]?.children.length !== heads) {
    const maps = make("div", { className: "maps" });
    for (let head = 0; head < heads; head++) maps.append(make("button", { className: "map", title: `head ${head}` }, make("canvas")));
    body.replaceChildren(maps, make("p", { className: "soft" }));
  }
  const query = Math.min(state.query ?? Math.floor(side * side / 2 + side / 2), queries - 1);
  let most = 1e-9;
  for (let head = 0; head < heads; head++) for (let key = 0; key < keys; key++) most = Math.max(most, weight(head, query, key));
  for (let head = 0; head < heads; head++) {
    const map = body.children[0].children[head], canvas = map.firstElementChild;
    if (!isGrid) { paint(canvas, queries, keys, (row, column) => warm(weight(head, row, column) / layer.high)); continue; }
    const seen = seenAt(), patch = seen.height / side;
    canvas.style.width = "108px";
    paint(canvas, seen.height, seen.width, (row, column) => {
      const key = Math.floor(row / patch) * side + Math.floor(column / patch);
      const isEdge = key === query && (row % patch < 1 || column % patch < 1 || row % patch >= patch - 1 || column % patch >= patch - 1);
      return isEdge ? rgb(colour("--plus")) : mix(mix(seen.at(row, column), [0, 0, 0], .55), [253, 231, 37], .75 * weight(head, query, key) / most);
    });
    map.onclick = event => {
      const box = canvas.getBoundingClientRect();
      state.query = Math.floor((event.clientY - box.top) / box.height * side) * side + Math.floor((event.clientX - box.left) / box.width * side);
      showLayers(state.answer.layers);
    };
  }
  body.children[1].textContent = isGrid ? "For each head: how much the framed patch attends to the others (yellow). Choose another patch by a click." : "For each head: queries down, keys across.";
}
