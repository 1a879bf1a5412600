/* ---- the draft ---- */
const layerOf = kind => state.offers.layers.find(each => each.kind === kind);
function changed() {
  try { localStorage.setItem("nncli draft", JSON.stringify(state.draft)); } catch { /* a private window keeps nothing */ }
  check();
}
function readOption(option, text) {
  if (text === "") return undefined;
  if (option.type === "integer" || option.type === "number") { const value = Number(text); return text.trim() === "" || Number.isNaN(value) ? text : value; }
  return text;
}
const flow = value => Array.isArray(value) ? `[${value.map(flow).join(", ")}]` : value && typeof value === "object" ? `{${Object.entries(value).map(([key, each]) => `${key}: ${flow(each)}`).join(", ")}}` : String(value);
function optionField(option, holder, hint, label = option.name.replaceAll("_", " ")) {
  const value = holder[option.name];
  const set = read => { if (read === undefined) delete holder[option.name]; else holder[option.name] = read; changed(); };
  const usual = hint ?? (option.default === null || option.default === undefined ? "" : flow(option.default));
  let input;
  if (option.type === "boolean") {
    input = make("input", { type: "checkbox", checked: value ?? option.default ?? false });
    input.addEventListener("change", () => set(input.checked === option.default ? undefined : input.checked));
    return make("label", { className: "field check", title: option.description }, input, label);
  }
  if (option.type === "choice") {
    input = make("select");
    choices(input, [...(option.isRequired ? [] : [["", usual ? `(${usual})` : "(none)"]]), ...option.choices.map(each => [each, each])], value);
    input.addEventListener("change", () => set(input.value === "" ? undefined : input.value));
  } else if (option.type === "integer" || option.type === "number") {
    input = make("input", { type: "number", step: option.type === "integer" ? 1 : "any", value: value ?? "", placeholder: usual });
    if (option.minimum !== null && option.minimum !== undefined) input.min = option.minimum;
    if (option.maximum !== null && option.maximum !== undefined) input.max = option.maximum;
    input.addEventListener("input", () => set(input.validity.badInput ? "?" : readOption(option, input.value)));
  } else {
    input = make("input", { type: "text", value: value === undefined || value === null ? "" : flow(value), placeholder: usual, spellcheck: false });
    input.addEventListener("input", () => { const text = input.value.trim(); set(text === "" ? undefined : /^-?\d+$/.test(text) ? Number(text) : text); });
  }
  return make("label", { className: "field", title: option.description }, label, input);
}
