/* ---- loss, optimizer, training ---- */
function pick(label, values, chosen, set, title = "") {
  const select = make("select");
  choices(select, values, chosen);
  select.addEventListener("change", () => { set(select.value); showSettings(); changed(); });
  return make("label", { className: "field", title }, label, select);
}
/* Fields that a first look can do without; open where one of them is set. */
function more(title, fields, isOpen) {
  return make("details", { className: "field wide", open: isOpen || state.opened.has(title), ontoggle: event => state.opened[event.target.open ? "add" : "delete"](title) }, make("summary", { textContent: title }), make("div", { className: "fields" }, ...fields));
}
state.opened = new Set();
const nameOfField = field => [...(field.closest("label")?.childNodes ?? [])].filter(each => each.nodeType === Node.TEXT_NODE).map(each => each.textContent).join("");
function showSettings() {
  const draft = state.draft, offers = state.offers;
  draft.train ??= {}; draft.optimizer ??= { name: "adam" };
  const loss = draft.loss?.name ?? "", fields = [];
  fields.push(pick("loss", [["", "(fits the task)"], ...Object.keys(offers.losses).map(name => [name, name])], loss, name => { if (name) draft.loss = { name }; else delete draft.loss; }));
  fields[0].classList.add("wide");
  for (const name of offers.losses[loss] ?? []) {
    const isFlag = name === "from_logits" || name === "apply_class_balancing";
    fields.push(optionField({ name, type: isFlag ? "boolean" : "number", default: isFlag ? false : null, description: "" }, draft.loss));
  }
  const optimizer = offers.optimizers[draft.optimizer.name] ?? { options: [] };
  fields.push(pick("optimizer", Object.keys(offers.optimizers).map(name => [name, name]), draft.optimizer.name, name => { draft.optimizer = { name }; }));
  fields.push(...rateFields(draft.optimizer, optimizer));
  fields.push(optionField({ name: "epochs", type: "integer", minimum: 1, default: offers.defaults.epochs, description: "passes over the training set, at most" }, draft.train));
  fields.push(optionField({ name: "batch_size", type: "text", default: offers.defaults.batch_size, description: "examples a step, or full" }, draft.train));
  fields.push(optionField({ name: "seed", type: "integer", minimum: 0, default: 1, description: "determines split, initial weights and order" }, draft));
  fields.push(metricsField(), ...Object.keys(offers.parts).map(partField));
  const isSet = (options, held) => options.some(each => held[each.name] !== undefined && held[each.name] !== null);
  fields.push(more(`more of ${draft.optimizer.name}`, optimizer.options.map(each => optionField(each, draft.optimizer)), isSet(optimizer.options, draft.optimizer)));
  fields.push(more("more of training", offers.train.map(each => optionField(each, draft.train)), isSet(offers.train, draft.train)));
  const focused = $("settings").contains(document.activeElement) ? nameOfField(document.activeElement) : null;
  $("settings").replaceChildren(...fields);
  if (focused) [...$("settings").querySelectorAll("input, select")].find(each => nameOfField(each) === focused)?.focus();
  showMetrics();
}
/* A number, or a schedule with its own options. */
function rateFields(held, optimizer) {
  const rate = held.learning_rate, isSchedule = rate !== null && typeof rate === "object", usual = isSchedule ? rate.initial_learning_rate ?? rate.values?.[0] : rate, start = typeof usual === "number" ? usual : optimizer.learning_rate;
  const set = name => {
    if (!name) held.learning_rate = start;
    else if (name === "piecewise") { const half = Math.max(1, Math.round((state.draft.train.epochs || state.offers.defaults.epochs) / 2)); held.learning_rate = { schedule: name, boundaries: [half], values: [start, Number((start / 10).toPrecision(6))] }; }
    else held.learning_rate = { schedule: name, initial_learning_rate: start, ...(name === "constant" ? { warmup_epochs: 1 } : {}) };
  };
  const told = { constant: "constant, warm-up" }, schedule = pick("learning rate", [["", "one number"], ...Object.keys(state.offers.schedules).map(name => [name, told[name] ?? name])], isSchedule ? rate.schedule : "", set, "whether it changes in the course of the training");
  if (!isSchedule) return [schedule, optionField({ name: "learning_rate", type: "number", default: optimizer.learning_rate, description: "about the size of a step" }, held, undefined, "rate")];
  return [schedule, ...(state.offers.schedules[rate.schedule] ?? []).map(each => optionField(each, rate))];
}
function metricsField() {
  const boxes = state.offers.metrics.map(name => {
    const box = make("input", { type: "checkbox", value: name });
    box.addEventListener("change", () => {
      state.draft.metrics = state.offers.metrics.filter(each => $("metrics").querySelector(`[value=${each}]`).checked);
      changed();
    });
    return make("label", { className: "field check" }, box, name.replaceAll("_", " "));
  });
  const usual = make("button", { textContent: "those that fit the task", id: "usual-metrics" });
  usual.addEventListener("click", () => { delete state.draft.metrics; changed(); });
  const field = more("metrics", [...boxes, usual], false);
  field.id = "metrics";
  return field;
}
/* Without metrics of its own, a draft has those that fit the task. */
function showMetrics() {
  const chosen = state.draft.metrics ?? state.checked?.network?.metrics ?? [];
  for (const box of $("metrics").querySelectorAll("input")) box.checked = chosen.includes(box.value);
  $("usual-metrics").disabled = !state.draft.metrics;
  $("metrics").querySelector("summary").textContent = `metrics: ${chosen.map(each => each.replaceAll("_", " ")).join(", ") || "none but the loss"}`;
}
/* early_stopping or reduce_lr_on_plateau: nothing, or a section of its own. */
function partField(name) {
  const train = state.draft.train, options = state.offers.parts[name], held = train[name];
  const box = make("input", { type: "checkbox", checked: Boolean(held) });
  box.addEventListener("change", () => { if (box.checked) train[name] = Object.fromEntries([["patience", options.find(each => each.name === "patience").default]]); else delete train[name]; showSettings(); changed(); });
  const label = make("label", { className: "field check wide", title: name === "early_stopping" ? "ends when a metric no longer improves" : "lowers the learning rate when a metric no longer improves" }, box, name === "early_stopping" ? "early stopping" : "reduce learning rate on plateau");
  if (!held) return label;
  const metrics = ["loss", ...(state.checked?.network?.metrics ?? [])], watched = metrics.flatMap(each => [`val_${each}`, each]);
  if (held.monitor && !watched.includes(held.monitor)) watched.push(held.monitor);
  return make("div", { className: "field wide part" }, label, make("div", { className: "fields" }, ...options.map(each => optionField(each.name === "monitor" ? { ...each, type: "choice", choices: watched } : each, held))));
}
