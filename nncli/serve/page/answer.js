/* ---- the answer ---- */
function showAnswer(told) {
  const record = told.predictions[0], bars = $("bars");
  bars.replaceChildren();
  if (record.probabilities) {
    const labels = Array.isArray(record.prediction) ? record.prediction.join(", ") || "(none)" : record.prediction;
    $("answer").replaceChildren(labels, make("small", { textContent: record.probability === undefined ? "" : `  ${share(record.probability)}` }));
    let names = state.model.classes;
    if (names.length > 20) names = Object.keys(record.probabilities).slice(0, 12);
    for (const name of names) {
      const row = bar({ name, width: 100 * record.probabilities[name], value: share(record.probabilities[name]) });
      row.addEventListener("click", () => { state.output = state.model.classes.indexOf(name); showPaths(); });
      bars.append(row);
    }
  } else {
    const values = typeof record.prediction === "object" ? Object.entries(record.prediction) : [[state.model.target[0], record.prediction]];
    $("answer").replaceChildren(...values.flatMap(([name, value], i) => [i ? make("br") : "", number(value), make("small", { textContent: `  ${name}` })]));
  }
  $("warnings").textContent = (told.warnings || []).filter(text => !text.includes("unlike the training")).map(text => text.replace(/^-: /, "")).join(" · ");
  return record;
}
