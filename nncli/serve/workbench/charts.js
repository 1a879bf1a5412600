/* ---- curves ---- */
const dashes = { solid: [], dotted: [3, 3] };
/* A canvas cleared for drawing in CSS pixels, with as many of the screen's as there are: its context, width and height. */
function sharp(canvas) {
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth || 300, height = canvas.clientHeight || 170;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0); context.clearRect(0, 0, width, height);
  return [context, width, height];
}
function chart(canvas, series, range, isSmall) {
  const [context, width, height] = sharp(canvas), left = isSmall ? 44 : 46, right = 8, top = 8, bottom = 20;
  const [low, high, most] = range, x = epoch => left + (most > 1 ? (epoch - 1) / (most - 1) : .5) * (width - left - right), y = value => top + (high - value) / (high - low || 1) * (height - top - bottom);
  context.font = "11px system-ui"; context.fillStyle = colour("--soft"); context.strokeStyle = colour("--line"); context.lineWidth = 1;
  for (const part of [0, .5, 1]) {
    const value = low + part * (high - low); context.textAlign = "right";
    context.fillText(number(Number(value.toPrecision(3))), left - 5, Math.min(Math.max(y(value) + 4, 10), height - bottom));
    context.beginPath(); context.moveTo(left, y(value)); context.lineTo(width - right, y(value)); context.stroke();
  }
  for (const epoch of [...new Set([1, Math.ceil(most / 2), most])]) { context.textAlign = epoch === 1 ? "left" : epoch === most ? "right" : "center"; context.fillText(epoch, x(epoch), height - 5); }
  for (const { values, colour: name, dash, width: line, alpha } of series) {
    context.strokeStyle = context.fillStyle = colour(name); context.globalAlpha = alpha ?? 1; context.lineWidth = line ?? 2; context.setLineDash(dashes[dash ?? "solid"]); context.beginPath();
    let isOn = false;
    values.forEach((value, place) => { if (value === null || value === undefined) { isOn = false; return; } isOn ? context.lineTo(x(place + 1), y(value)) : context.moveTo(x(place + 1), y(value)); isOn = true; });
    context.stroke(); context.setLineDash([]);
    if (values.length === 1 && values[0] !== null) { context.beginPath(); context.arc(x(1), y(values[0]), 3, 0, 7); context.fill(); }
  }
  context.globalAlpha = 1;
}
const NO_METRICS = ["epoch", "learning_rate", "seconds", "train_seconds"];
const metricsOf = history => [...new Set(history.flatMap(Object.keys))].filter(name => !NO_METRICS.includes(name) && !name.startsWith("val_"));
const column = (history, name) => history.some(record => record[name] !== undefined) ? history.map(record => record[name] ?? null) : [];
const SHARES = ["accuracy", "auc", "precision", "recall"];
function rangeOf(lists, most, isShare) {
  const values = lists.flat().filter(value => value !== null && value !== undefined), low = Math.min(...values), high = Math.max(...values), margin = (high - low) * .05 || Math.abs(high) * .05 || .5;
  return [low >= 0 && low - margin < 0 ? 0 : low - margin, isShare && high <= 1 ? Math.min(1, high + margin) : high + margin, Math.max(1, most)];
}
function figures(held, names) {
  if (held.dataset.names === names.join(" ")) return;
  held.dataset.names = names.join(" ");
  held.replaceChildren(...names.map(name => { const canvas = make("canvas"); canvas.setAttribute("role", "img"); canvas.dataset.name = name; return make("figure", {}, make("figcaption"), canvas); }));
}
function showCurves() {
  const history = state.history, names = metricsOf(history).slice(0, 4);
  figures($("curves"), names);
  names.forEach((name, place) => {
    const figure = $("curves").children[place], canvas = figure.querySelector("canvas"), train = column(history, name), validation = column(history, `val_${name}`);
    const last = values => values.length ? number(values.at(-1)) : "–";
    figure.firstElementChild.replaceChildren(make("b", { textContent: name.replaceAll("_", " ") }), " ", make("span", { className: "first", textContent: `━ validation ${last(validation)}` }), "  ", make("span", { className: "second", textContent: `┅ training ${last(train)}` }));
    canvas.setAttribute("aria-label", `${name} over ${many(history.length, "epoch")}: validation ${last(validation)}, training ${last(train)}`);
    chart(canvas, [{ values: train, colour: "--second", dash: "dotted" }, { values: validation, colour: "--first" }], rangeOf([train, validation], Math.max(history.length, Math.min(state.training.asked ?? 0, history.length + 5)), SHARES.includes(name)));
  });
}
function sparkline(values) {
  const canvas = make("canvas", { width: 148, height: 40 }), context = canvas.getContext("2d"), logs = values.map(value => value > 0 ? Math.log10(value) : null), known = logs.filter(value => value !== null);
  if (known.length < 2) return canvas;
  const low = Math.min(...known), high = Math.max(...known); context.strokeStyle = colour("--accent"); context.lineWidth = 3; context.beginPath();
  let isOn = false;
  logs.forEach((value, place) => { if (value === null) { isOn = false; return; } const x = 4 + 140 * place / (logs.length - 1), y = 34 - 28 * (value - low) / (high - low || 1); isOn ? context.lineTo(x, y) : context.moveTo(x, y); isOn = true; });
  context.stroke(); return canvas;
}
function showHealth() {
  const { health, gradients, verdicts } = state.training, held = $("health"); held.replaceChildren();
  if (!health?.layers?.length) return;
  const isOver = !RUNNING.includes(state.training.phase), told = (verdicts ?? []).filter(each => isOver || each.rule !== "still-improving");
  held.append(make("h3", { textContent: health.epoch ? `Health of the layers after epoch ${health.epoch}` : "The layers before the first epoch" }));
  held.append(...told.map(each => make("div", { className: "finding warning" }, `${each.told}; ${each.fix}`, make("small", { textContent: ` [${each.rule}]` }))));
  const share = layer => { const [name, value] = layer.dead !== undefined ? ["dead", layer.dead] : layer.saturated !== undefined ? ["saturated", layer.saturated] : [null, null]; if (value === null) return "–"; const fill = make("i"); fill.style.width = `${100 * value}%`; return make("span", { title: name }, make("span", { className: "share" }, fill), `${(100 * value).toFixed(0)} % ${name}`); };
  const rows = health.layers.map(layer => make("tr", {}, make("td", { textContent: layer.layer.replaceAll("_", "_\u200b") }), make("td", {}, sparkline(gradients?.[layer.layer] ?? []), ` ${number(layer.gradient)}`), make("td", { textContent: number(layer.update) }), make("td", {}, share(layer))));
  held.append(make("div", { className: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...["layer", "gradient", "update", "units"].map(textContent => make("th", { textContent })))), make("tbody", {}, ...rows))));
  if (!told.length) held.append(make("p", { className: "soft", textContent: isOver ? "Nothing is wrong with the training." : "Nothing is wrong with the training so far." }));
}
