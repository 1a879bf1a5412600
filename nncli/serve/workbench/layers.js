/* ---- the stack of layers ---- */
function showLayers(focus) {
  const layers = state.draft.model.layers;
  $("layers").replaceChildren(...layers.map((layer, index) => {
    const [kind, options] = Object.entries(layer)[0], offer = layerOf(kind);
    const held = options && typeof options === "object" ? options : (layer[kind] = {});
    const hint = option => option.name === "activation" ? (kind === "output" || index === layers.length - 1 ? "fits the task" : "hidden") : kind === "output" && option.name === "units" ? "fits the task" : undefined;
    const fields = make("div", { className: "fields" }), further = make("div", { className: "fields" });
    for (const option of offer?.options ?? []) (option.isFurther ? further : fields).append(optionField(option, held, hint(option)));
    const button = (text, label, act, disabled) => { const each = make("button", { textContent: text, title: label, disabled }); each.setAttribute("aria-label", `${label}: ${kind}, layer ${index + 1}`); each.dataset.act = label; each.addEventListener("click", act); return each; };
    const top = make("div", { className: "top" }, make("span", { className: "kind", textContent: kind, title: offer?.description ?? "" }),
      button("↑", "move up", () => move(index, -1), index === 0), button("↓", "move down", () => move(index, 1), index === layers.length - 1),
      button("×", "remove", () => { layers.splice(index, 1); showLayers(["add"]); changed(); }));
    const more = further.childElementCount ? make("details", {}, make("summary", { textContent: "more options" }), further) : null;
    if (more && Object.keys(held).some(name => offer.options.some(option => option.isFurther && option.name === name))) more.open = true;
    const item = make("li", { className: "layer" }, top, make("p", { className: "shape" }), fields.childElementCount ? fields : null, more, make("div", { className: "told" }));
    item.dataset.index = index;
    item.addEventListener("keydown", event => {
      if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
      event.preventDefault(); move(index, event.key === "ArrowUp" ? -1 : 1);
    });
    return item;
  }));
  if (focus?.[0] === "add") $("kinds").focus();
  else if (focus) {
    const item = $("layers").querySelector(`[data-index="${focus[0]}"]`), wanted = item?.querySelector(`[data-act="${focus[1]}"]`);
    (wanted && !wanted.disabled ? wanted : item?.querySelector("button:enabled"))?.focus();
  }
  annotate();
}
function move(index, by) {
  const layers = state.draft.model.layers, to = index + by;
  if (to < 0 || to >= layers.length) return;
  layers.splice(to, 0, layers.splice(index, 1)[0]);
  showLayers([to, by < 0 ? "move up" : "move down"]); changed();
}
function annotate() {
  const checked = state.checked, rows = checked?.network?.layers ?? [];
  for (const each of $("layers").querySelectorAll(".put-in")) each.remove();
  for (const item of $("layers").querySelectorAll("[data-index]")) {
    const index = Number(item.dataset.index), row = rows.find(each => each.index === index);
    const own = (list = []) => list.filter(each => each.path?.startsWith(`model.layers[${index}]`));
    const wrong = own(checked?.problems), doubtful = own(checked?.warnings);
    item.querySelector(".shape").textContent = row ? [`→ ${row.shape.join(" × ")}`, row.activation, row.parameters ? many(row.parameters, "parameter") : ""].filter(Boolean).join(" · ") : "";
    item.classList.toggle("wrong", wrong.length > 0); item.classList.toggle("doubtful", !wrong.length && doubtful.length > 0);
    item.querySelector(".told").replaceChildren(...[...wrong, ...doubtful].map(each => make("p", { className: wrong.includes(each) ? "bad" : "", textContent: each.text })));
  }
  const isSetting = each => /^(loss|optimizer|train|metrics|seed)\b/.test(each.path ?? "");
  $("settings-told").replaceChildren(...(checked?.problems ?? []).filter(isSetting).map(each => finding(each, false, true)), ...(checked?.warnings ?? []).filter(isSetting).map(each => finding(each, true, true)));
  const isOfData = each => /^data\b/.test(each.path ?? "");
  $("data-wrong").replaceChildren(...(checked?.problems ?? []).filter(isOfData).map(each => finding(each, false, true)));
  rows.forEach((row, place) => {
    const next = rows.slice(place + 1).find(each => each.index !== null);
    if (row.index !== null || !next) return;
    $("layers").querySelector(`[data-index="${next.index}"]`)?.before(make("li", { className: "layer put-in" }, make("span", { textContent: `${row.kind}, put in` }), make("span", { textContent: `→ ${row.shape.join(" × ")}` })));
  });
}
$("add").addEventListener("click", () => {
  const layers = state.draft.model.layers, offer = layerOf($("kinds").value);
  const last = layers.length && layers.length - 1, isEnd = $("kinds").value === "output" || !layers.length;
  layers.splice(isEnd ? layers.length : last, 0, { [offer.kind]: structuredClone(offer.start) });
  showLayers(); changed();
});
