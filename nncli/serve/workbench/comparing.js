/* ---- two trainings ---- */
/* 20261123-021507-digits as digits 02:15:07, with its score. */
function label({ run, metric, value, status }) {
  const found = /^\d{8}-(\d\d)(\d\d)(\d\d)-(.*)$/.exec(run), name = found ? `${found[4]} ${found[1]}:${found[2]}:${found[3]}` : run;
  return `${name}, ${value === null ? status : `${metric.replaceAll("_", " ")} ${number(value)}`}`;
}
async function loadRuns(isNew) {
  state.runs = await ask("runs");
  const usable = state.runs.filter(each => each.epochs);
  $("to-run").hidden = !state.runs.some(each => each.hasModel);
  showOpenRuns();
  $("compare-box").hidden = usable.length < 2;
  if (usable.length < 2) return;
  const newest = usable[0], earlier = usable.slice(1).findIndex(each => each.data === newest.data && each.metric === newest.metric);
  for (const [id, place] of [["first", earlier < 0 ? 1 : earlier + 1], ["second", 0]]) {
    const before = $(id).value;
    choices($(id), usable.map(each => [each.run, label(each)]), null);
    $(id).value = !isNew && usable.some(each => each.run === before) ? before : usable[place].run;
  }
  await compare();
}
async function compare() {
  const [first, second] = ["first", "second"].map(id => $(id).value);
  for (const id of ["first", "second"]) $(`try-${id}`).disabled = !state.runs.find(each => each.run === $(id).value)?.hasModel;
  if (first && second) state.compared = await ask(`compare?first=${encodeURIComponent(first)}&second=${encodeURIComponent(second)}`);
  showCompared();
}
function showCompared() {
  if (!state.compared) return;
  const { runs, differences } = state.compared, colours = ["--first", "--second"], common = metricsOf(runs[0].history).filter(name => metricsOf(runs[1].history).includes(name)).slice(0, 2);
  figures($("pairs"), common.flatMap(name => [`${name} A`, `${name} B`]));
  common.forEach((name, row) => {
    const lists = runs.map(run => [column(run.history, `val_${name}`), column(run.history, name)]), range = rangeOf(lists.flat(), Math.max(...runs.map(run => run.history.length)), SHARES.includes(name));
    runs.forEach((run, place) => {
      const figure = $("pairs").children[2 * row + place], canvas = figure.querySelector("canvas"), [validation, train] = lists[place], last = validation.at(-1);
      figure.firstElementChild.replaceChildren(make("b", { className: place ? "second" : "first", textContent: "AB"[place] }), ` ${name.replaceAll("_", " ")} ${number(last)}`);
      canvas.setAttribute("aria-label", `${name} of ${run.run} over ${many(run.history.length, "epoch")}, validation ${number(last)}`);
      chart(canvas, [{ values: lists[1 - place][0], colour: colours[1 - place], dash: "dotted", width: 1.5, alpha: .7 }, { values: train, colour: colours[place], width: 1, alpha: .6 }, { values: validation, colour: colours[place] }], range, true);
    });
  });
  const names = [...new Set(runs.flatMap(run => Object.keys(run.scores)))];
  const row = (name, values, isSmaller) => {
    const [a, b] = values, isBoth = typeof a === "number" && typeof b === "number", change = isBoth ? b - a : null, isBetter = change && isSmaller !== null && (change < 0) === isSmaller;
    return make("tr", {}, make("td", { textContent: name }), make("td", { textContent: number(a) }), make("td", { textContent: number(b) }), make("td", { className: !change || isSmaller === null ? "" : isBetter ? "good" : "bad", textContent: change === null ? "–" : `${change > 0 ? "+" : change < 0 ? "−" : ""}${number(Math.abs(change))}` }));
  };
  const body = [...names.map(name => row(`test ${name.replaceAll("_", " ")}`, runs.map(run => run.scores[name] ?? null), smaller(name))), row("epochs", runs.map(run => run.epochs), null), row("best epoch", runs.map(run => run.bestEpoch), null), row("parameters", runs.map(run => run.parameters), null), row("seconds an epoch", runs.map(run => run.secondsPerEpoch), null)];
  const table = make("div", { className: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, make("th"), make("th", { className: "first", textContent: "A" }), make("th", { className: "second", textContent: "B" }), make("th", { textContent: "B − A" }))), make("tbody", {}, ...body)));
  const text = value => value === null ? "–" : typeof value === "object" ? flow(value) : String(value), every = Object.entries(differences), differing = every.slice(0, 12);
  const told = differing.length ? make("div", {}, make("table", { className: "words" }, make("thead", {}, make("tr", {}, ...["what differs", "A", "B"].map(textContent => make("th", { textContent })))), make("tbody", {}, ...differing.map(([key, [a, b]]) => make("tr", {}, make("td", { textContent: key.replaceAll(".", ".\u200b") }), make("td", { textContent: text(a).slice(0, 40) }), make("td", { textContent: text(b).slice(0, 40) })))))) : make("p", { className: "soft", textContent: "Their configs and data are the same." });
  $("compared").replaceChildren(table, told, every.length > 12 ? make("p", { className: "soft", textContent: `and ${every.length - 12} more: nncli runs diff A B` }) : "", make("p", { className: "soft", textContent: "Both sides have the same scale. The thick line and its last value are of the validation set, the thin line of the training set; dotted is the other's validation. One training each: whether a difference is more than chance, nncli compare tells with several seeds." }));
}
for (const id of ["first", "second"]) { $(id).addEventListener("change", () => trying(compare)); $(`try-${id}`).addEventListener("click", () => tryRun($(id).value)); }
