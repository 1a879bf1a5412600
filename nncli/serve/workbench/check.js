/* ---- the check ---- */
const check = latest(async () => {
  const draft = structuredClone(state.draft), of = draft.data.source;
  state.checked = { ...await ask("check", { draft }), of, draft };
  showChecked();
}, { before: 120 });
function finding(each, isWarning, isPlaced) {
  return make("div", { className: `finding ${isWarning ? "warning" : ""}` }, each.path && isPlaced ? make("b", { textContent: `${each.path}: ` }) : null, each.text, each.rule ? make("small", { textContent: ` [${each.rule}]`, title: `nncli explain ${each.rule}` }) : null);
}
const kindOf = layer => Object.keys(layer)[0];
const isForImages = layer => kindOf(layer) === "flatten" || !["dense", "normalization"].includes(layerOf(kindOf(layer))?.family ?? "dense");
function showChecked() {
  const { problems, warnings, fix, network, data } = state.checked;
  $("verdict").className = problems.length ? "bad" : network ? "good" : "soft";
  $("verdict").textContent = problems.length ? many(problems.length, "mistake") : network ? `No mistakes: ${many(network.parameters, "parameter")}, ${network.loss?.name.replaceAll("_", " ") ?? "?"}` : "The data cannot be reached, so that not every rule was applied.";
  const found = [...problems.map(each => finding(each, false, true)), ...warnings.map(each => finding(each, true, true))];
  if (data?.isFallback) found.push(finding({ text: data.notes[0] }, true));
  if (fix) {
    const button = make("button", { textContent: fix.changes.length === 1 ? "Fix it" : `Fix ${fix.changes.length} lines`, id: "fix" });
    button.addEventListener("click", () => { Object.assign(state.draft, fix.sections); show(); });
    found.push(make("div", { className: "finding warning" }, make("div", { textContent: fix.changes.length === 1 ? "One fix is certain:" : "These fixes are certain:" }), ...fix.changes.map(([before, after]) => make("code", {}, make("del", { textContent: `- ${before}` }), make("br"), make("ins", { textContent: `+ ${after}` }))), make("div", { className: "buttons" }, button)));
  }
  const misplaced = data && !data.isImage && problems.length ? state.draft.model.layers.filter(isForImages) : [];
  if (misplaced.length) {
    const button = make("button", { textContent: `Leave out ${many(misplaced.length, "layer")}`, id: "leave-out" });
    button.addEventListener("click", () => {
      state.draft.model.layers = state.draft.model.layers.filter(layer => !isForImages(layer));
      if (!state.draft.model.layers.some(layer => kindOf(layer) === "dense")) state.draft.model.layers.unshift({ dense: { units: 32 } });
      show();
    });
    found.push(make("div", { className: "finding warning" }, make("div", { textContent: `For images or sequences, and this data set has neither: ${[...new Set(misplaced.map(kindOf))].join(", ")}` }), make("div", { className: "buttons" }, button)));
  }
  $("findings").replaceChildren(...found);
  if (data) {
    const rows = data.rows, shape = data.shape.join(" × ");
    $("data-told").textContent = `${number(rows.train)} rows to train, ${number(rows.validation ?? 0)} to validate, ${number(rows.test ?? 0)} to test. ${data.isImage ? `Images of ${shape}` : `${shape} numbers a row`}, ${data.task}${data.classes.length > 1 ? `: ${data.classes.slice(0, 12).join(", ")}${data.classes.length > 12 ? ", …" : ""}` : ` of ${data.target.join(", ")}`}. ${[...(data.notes ?? []).slice(data.isFallback ? 1 : 0), ...state.checked.notes].join(". ")}`;
  } else $("data-told").textContent = state.checked.notes.join(". ");
  showPreview(data?.preview, data);
  annotate(); showText(); showButtons(); showMetrics(); showDataOptions(); showAugment(); showBar();
}
function showPreview(preview, data) {
  const canvas = $("preview"); canvas.hidden = !preview; if (!preview) return;
  const context = canvas.getContext("2d");
  if (preview.images) {
    const { drawn: [count, height, width, channels], bytes } = preview.images, raw = Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0)), across = 12, down = Math.ceil(count / across);
    canvas.width = across * (width + 1); canvas.height = down * (height + 1); canvas.style.imageRendering = "pixelated"; canvas.style.height = "auto";
    const picture = context.createImageData(canvas.width, canvas.height);
    for (let n = 0; n < count; n++) for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
      const from = ((n * height + y) * width + x) * channels, to = 4 * ((Math.floor(n / across) * (height + 1) + y) * canvas.width + (n % across) * (width + 1) + x);
      for (let c = 0; c < 3; c++) picture.data[to + c] = raw[from + (channels >= 3 ? c : 0)];
      picture.data[to + 3] = 255;
    }
    context.putImageData(picture, 0, 0); canvas.setAttribute("aria-label", `${count} images of the training set`);
    return;
  }
  canvas.style.imageRendering = "auto"; canvas.style.height = "200px"; canvas.width = 640; canvas.height = 400;
  const [xs, ys] = [0, 1].map(i => preview.points.map(point => point[i])), range = values => [Math.min(...values), Math.max(...values)], [left, right] = range(xs), [low, high] = range(ys), [least, most] = range(preview.points.map(point => point[2]));
  context.clearRect(0, 0, 640, 400);
  for (const [x, y, target] of preview.points) {
    context.beginPath(); context.arc(16 + 608 * (x - left) / (right - left || 1), 384 - 368 * (y - low) / (high - low || 1), 5, 0, 7);
    context.fillStyle = data.task.includes("regression") ? `rgb(${warm((target - least) / (most - least || 1))})` : CLASSES[target % CLASSES.length]; context.fill();
  }
  canvas.setAttribute("aria-label", `points of the training set over ${preview.columns.join(" and ")}`);
}
