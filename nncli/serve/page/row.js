/* ---- a row of a table ---- */
function showForm() {
  const held = $("fields"); held.replaceChildren(); state.row = {};
  for (const column of state.model.columns) {
    const set = value => { state.row[column.name] = value; predictRow(); };
    const label = make("label", { textContent: column.name }), inputs = make("div", { className: "inputs" }), field = make("div", { className: "field" }, label, inputs);
    if (column.kind === "number") {
      const { low, high, typical, isWhole } = column, hasRange = low !== null && high > low;
      const round = value => isWhole ? Math.round(value) : Number(Number(value).toPrecision(5));
      const exact = make("input", { type: "number", step: "any", value: round(typical) });
      exact.setAttribute("aria-label", column.name);
      if (hasRange) {
        const slider = make("input", { type: "range", min: low, max: high, step: isWhole ? 1 : (high - low) / 400, value: typical });
        slider.setAttribute("aria-label", `${column.name}, slider`);
        slider.addEventListener("input", () => { exact.value = round(slider.value); set(Number(exact.value)); });
        exact.addEventListener("input", () => { slider.value = exact.value; });
        inputs.append(slider);
        label.append(make("span", { className: "soft", textContent: `${number(low)} to ${number(high)}` }));
      }
      exact.addEventListener("input", () => set(exact.value === "" ? null : Number(exact.value)));
      exact.placeholder = "missing";
      column.set = value => { exact.value = round(value); if (hasRange) inputs.firstElementChild.value = value; state.row[column.name] = Number(exact.value); };
      inputs.append(exact); state.row[column.name] = round(typical);
    } else if (column.kind === "category") {
      const select = make("select", {}, ...column.values.map(value => make("option", { textContent: value, value })), make("option", { textContent: "(missing)", value: "\u0000" }));
      select.setAttribute("aria-label", column.name);
      select.addEventListener("change", () => set(select.value === "\u0000" ? null : select.value));
      inputs.append(select); state.row[column.name] = column.values[0] ?? null;
    } else {
      const text = make("input", { type: "text", placeholder: column.hasDays ? "2024-12-31" : "12:30" });
      text.setAttribute("aria-label", column.name);
      text.addEventListener("input", () => set(text.value || null));
      inputs.append(text); state.row[column.name] = null;
    }
    field.append(column.move = make("canvas", { hidden: true })); held.append(field);
  }
}
const predictRow = latest(async () => {
  const told = await ask(of("/page/row"), JSON.stringify([state.row]));
  state.answer = told;
  showAnswer(told);
  showReasons(told);
  for (const column of state.model.columns) drawMove(column, told.moves[column.name]);
  showLayers(told.layers);
  if (state.surface) drawSurface();
}, { after: 30 });
function showReasons(told) {
  const ranked = [...told.contributions].sort((a, b) => Math.abs(b.contribution) - Math.abs(a.contribution)).slice(0, 14);
  const isShare = !state.model.task.includes("regression"), most = Math.max(1e-9, ...ranked.map(each => Math.abs(each.contribution)));
  $("why").hidden = !ranked.length;
  $("moves-told").textContent = `Below each field: ${isShare ? "the probability of " : ""}${told.of} where that value alone changes.`;
  $("why-title").textContent = isShare ? `What each column adds to the probability of ${told.of}` : `What each column adds to ${told.of}`;
  $("reasons").replaceChildren(...ranked.map(({ column, contribution }) => {
    const width = 50 * Math.abs(contribution) / most, sign = contribution >= 0 ? "+" : "−", size = Math.abs(contribution);
    return bar({ name: column, zero: true, start: contribution >= 0 ? 50 : 50 - width, width, kind: contribution >= 0 ? "plus" : "minus", value: sign + (isShare ? share(size) : number(size)) });
  }));
}
function drawMove(column, move) {
  const canvas = column.move; canvas.hidden = !move; if (!move) return;
  const width = canvas.width = canvas.clientWidth || 300, height = canvas.height = 34, context = canvas.getContext("2d");
  const isShare = !state.model.task.includes("regression"), low = isShare ? 0 : Math.min(...move.outputs), high = isShare ? 1 : Math.max(...move.outputs, low + 1e-9);
  const y = value => 31 - 28 * (value - low) / (high - low);
  const isText = column.kind === "category", count = move.values.length, x = i => isText ? (i + .5) / count * width : 8 + i / Math.max(1, count - 1) * (width - 16);
  context.strokeStyle = context.fillStyle = colour("--accent"); context.lineWidth = 1.5;
  if (isText) move.outputs.forEach((value, i) => {
    context.globalAlpha = move.values[i] === state.row[column.name] ? 1 : .35;
    context.fillRect(x(i) - width / count / 2 + 1, y(value), Math.max(1, width / count - 2), 33 - y(value));
  });
  else {
    context.beginPath(); move.outputs.forEach((value, i) => context.lineTo(x(i), y(value))); context.stroke();
    const own = state.row[column.name];
    if (own !== null && own >= move.values[0] && own <= move.values[count - 1]) {
      const part = (own - move.values[0]) / (move.values[count - 1] - move.values[0] || 1), i = part * (count - 1), before = Math.floor(i), after = Math.min(count - 1, before + 1);
      context.fillStyle = colour("--plus"); context.beginPath();
      context.arc(8 + part * (width - 16), y(move.outputs[before] + (i - before) * (move.outputs[after] - move.outputs[before])), 4, 0, 7); context.fill();
    }
  }
  context.globalAlpha = 1;
}
async function openTable(file) {
  const told = $("csv-told"); told.className = "soft"; told.textContent = "…";
  try {
    const answers = await ask(of("/predict") + "&keep=1", file, "text/csv");
    const rows = (await answers.text()).trim().split("\n").length - 1;
    const link = make("a", { href: URL.createObjectURL(answers), download: file.name.replace(/(\.[^.]*)?$/, "-answers.csv"), textContent: `Save ${rows.toLocaleString("en")} answered rows` });
    told.replaceChildren(link);
  } catch (problem) { told.className = "bad"; told.textContent = problem.message; }
}
$("csv-file").addEventListener("change", event => { if (event.target.files[0]) openTable(event.target.files[0]); event.target.value = ""; });
