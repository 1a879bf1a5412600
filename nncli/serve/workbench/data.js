/* ---- data ---- */
async function showTargets() {
  const source = state.offers.sources.find(each => each.name === state.draft.data.source);
  $("target-label").hidden = !source?.needsTarget;
  state.columns = [];
  if (!source?.needsTarget) return;
  const told = await ask(`columns?source=${encodeURIComponent(source.name)}`);
  state.columns = told.columns;
  const others = told.columns.filter(name => !told.likely.includes(name));
  grouped($("target"), [["", [["", "choose…"]]], ["likely", told.likely.map(name => [name, name])], ["others", others.map(name => [name, name])]]);
  $("target").value = state.draft.data.target?.[0] ?? "";
}
$("source").addEventListener("change", () => trying(async () => {
  state.draft.data = { source: $("source").value, target: [] };
  if (!state.isNamed) state.draft.name = nameOf(state.offers.sources.find(each => each.name === $("source").value));
  await showTargets();
  await suggest();
}));
$("target").addEventListener("change", () => trying(async () => { state.draft.data = { source: state.draft.data.source, target: $("target").value ? [$("target").value] : [] }; await suggest(); }));
const nameOf = source => (source.isOwn ? source.title.split("/").pop().replace(/\.[^/]*$/, "") : source.name).replace(/[^A-Za-z0-9_.-]+/g, "_").replace(/^[_.-]+/, "").slice(0, 80) || "network";
/* What suits another data set: what `nncli init` would write, or an output layer and a loss that fit. */
async function suggest() {
  const source = state.offers.sources.find(each => each.name === state.draft.data.source), draft = state.draft;
  if (source.isOwn && !(source.needsTarget && !draft.data.target.length)) {
    const { sections } = await ask("suggest", { draft });
    for (const key of ["model", "loss", "optimizer", "metrics", "train"]) if (sections[key]) draft[key] = sections[key]; else if (key !== "train" && key !== "model") delete draft[key];
  } else {
    delete draft.loss; delete draft.metrics;
    const layers = draft.model.layers, kind = layers.length && Object.keys(layers.at(-1))[0];
    if (kind === "dense" || kind === "output") layers[layers.length - 1] = { output: {} };
  }
  show();
}
/* ---- what of the data is used, and how it is split ---- */
function showDataOptions() {
  const { draft, checked } = state, data = draft.data, source = state.offers.sources.find(each => each.name === data.source);
  const told = checked?.of === data.source ? checked : null, dropped = data.drop ?? told?.options?.drop ?? [], target = data.target?.length ? data.target : told?.data?.target ?? [];
  const columns = (state.columns.length ? state.columns : [...new Set([...(told?.data?.columns ?? []), ...dropped])].sort()).filter(name => !target.includes(name));
  const isTable = source?.kind === "table", held = $("data-fields"), usual = name => told?.options?.[name] ?? ({ test: "0.2", task: told?.data?.task })[name];
  const offered = state.offers.data[source?.kind] ?? [], mark = JSON.stringify([data.source, target, columns, state.remade, offered.map(each => data[each.name] === undefined ? usual(each.name) : "")]);
  $("data-more").hidden = !source || (source.needsTarget && !data.target?.length);
  if (held.dataset.mark === mark || (held.dataset.source === data.source && held.contains(document.activeElement) && document.activeElement.type !== "checkbox")) { showDropped(dropped); return; }
  held.dataset.mark = mark; held.dataset.source = data.source;
  const focused = document.activeElement?.dataset?.target;
  const fields = offered.map(each => optionField(each, data, data[each.name] === undefined ? usual(each.name) : undefined));
  if (isTable) fields.push(...splitFields(data, [...columns, ...target]), targetsField(data), columnsField(columns));
  held.replaceChildren(...fields);
  if (focused !== undefined) held.querySelector(`[data-target="${CSS.escape(focused)}"]`)?.focus();
  showDropped(dropped);
  $("data-more").querySelector("summary").textContent = isTable ? "task, columns, split" : source?.kind === "shapes" || source?.kind === "spirals" ? "points, noise, split" : "split";
}
function showDropped(dropped) { for (const box of $("data-fields").querySelectorAll("[data-column]")) box.checked = !dropped.includes(box.dataset.column); }
function columnsField(columns) {
  const boxes = columns.map(name => {
    const box = make("input", { type: "checkbox" });
    box.dataset.column = name;
    box.addEventListener("change", () => { state.draft.data.drop = [...$("data-fields").querySelectorAll("[data-column]")].filter(each => !each.checked).map(each => each.dataset.column); changed(); });
    return make("label", { className: "field check" }, box, name);
  });
  return make("div", { className: "field wide" }, "columns to learn from", make("div", { className: "fields columns" }, ...boxes));
}
/* Further targets beside the first: numbers, or labels of 0 and 1. */
function targetsField(data) {
  const [first, ...more] = data.target;
  const boxes = state.columns.filter(name => name !== first).map(name => {
    const box = make("input", { type: "checkbox", checked: more.includes(name) });
    box.dataset.target = name;
    box.addEventListener("change", () => trying(async () => {
      const before = structuredClone(data);
      data.target = [first, ...boxes.filter(each => each.checked).map(each => each.dataset.target)];
      if (data.drop) data.drop = data.drop.filter(each => !data.target.includes(each));
      try { await suggest(); } catch (problem) { Object.assign(data, before); box.checked = !box.checked; throw problem; }
    }));
    return box;
  });
  const labels = boxes.map(box => make("label", { className: "field check" }, box, box.dataset.target));
  return make("details", { className: "field wide", title: "several columns of numbers, or several labels of 0 and 1", open: more.length > 0 }, make("summary", { textContent: "predict further columns" }), make("div", { className: "fields columns" }, ...labels));
}
function splitFields(data, columns) {
  const by = make("select"), column = make("select");
  choices(by, [["", "by chance"], ["group", "by groups"], ["time", "by time"]], data.split?.by ?? "");
  choices(column, [["", "choose…"], ...columns.map(name => [name, name])], data.split?.column ?? "");
  const label = make("label", { className: "field", title: "rows with the same value stay together; or the latest rows are the test set", hidden: !by.value }, "column of these", column);
  const set = () => { label.hidden = !by.value; if (by.value) data.split = { by: by.value, ...(column.value ? { column: column.value } : {}) }; else delete data.split; changed(); };
  by.addEventListener("change", set); column.addEventListener("change", set);
  return [make("label", { className: "field", title: "what decides which rows go to which set" }, "split", by), label];
}
/* A little of each, so that no image is seen twice the same way. */
const AUGMENTATIONS = ["random_rotation", "random_translation", "random_zoom"];
$("augment").addEventListener("click", () => {
  const layers = state.draft.model.layers, has = layers.some(each => AUGMENTATIONS.includes(Object.keys(each)[0]));
  state.draft.model.layers = has ? layers.filter(each => !AUGMENTATIONS.includes(Object.keys(each)[0])) : [...AUGMENTATIONS.map(kind => ({ [kind]: structuredClone(layerOf(kind).start) })), ...layers];
  showLayers(); changed(); showAugment();
});
function showAugment() {
  $("augment").hidden = !state.checked?.data?.isImage;
  $("augment").textContent = state.draft.model.layers.some(each => AUGMENTATIONS.includes(Object.keys(each)[0])) ? "Remove augmentation" : "Augment the images";
}
function show() {
  const draft = state.draft;
  draft.model ??= {}; draft.model.layers ??= [];
  $("source").value = draft.data.source; $("name").value = draft.name ?? "";
  choices($("hidden"), state.offers.activations.map(each => [each, each]), draft.model.hidden_activation ?? "relu");
  const members = { name: "members", type: "integer", minimum: 1, default: 1, description: "networks trained at once that share their dense kernels; their predictions are averaged" };
  $("members").replaceChildren(...(draft.model.members > 1 ? [optionField(members, draft.model)] : []));
  showLayers(); showSettings(); state.remade = (state.remade ?? 0) + 1; showDataOptions(); changed();
}
$("drafts").addEventListener("change", () => trying(async () => {
  const found = state.offers.drafts.find(each => each.name === $("drafts").value);
  if (!found) return;
  state.draft = structuredClone(found.draft);
  await showTargets(); show();
}));
$("name").addEventListener("input", () => { state.isNamed = $("name").value !== ""; state.draft.name = $("name").value || undefined; changed(); });
$("hidden").addEventListener("change", () => { state.draft.model.hidden_activation = $("hidden").value; changed(); });
