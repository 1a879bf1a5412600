/* ---- the training ---- */
const PHASES = {
  none: () => "Nothing is trained yet.",
  starting: () => "Starting TensorFlow…",
  training: told => `Training epoch ${told.epochs + 1} of ${told.asked}${told.until ? `, pauses after ${told.until}` : ""}`,
  paused: told => `Paused after epoch ${told.epochs} of ${told.asked}`,
  stopping: () => "Stopping…",
  finishing: () => "Testing and writing the run…",
  finished: told => `Finished after ${many(told.epochs, "epoch")}`,
  interrupted: told => told.epochs ? `Interrupted after epoch ${told.epochs}; it can go on` : "Stopped before the first epoch",
  failed: () => "It failed",
};
function showButtons() {
  const told = state.training, isRunning = RUNNING.includes(told.phase), isPaused = told.phase === "paused", isSound = Boolean(state.checked?.network && !state.checked.problems.length);
  const canGo = isPaused ? told.isOurs : !isRunning && isSound;
  for (const id of ["go-all", "go-one", "go-some"]) $(id).disabled = !canGo;
  $("go-all").textContent = isPaused ? "Train the rest" : "Train";
  $("pause").disabled = !(["starting", "training"].includes(told.phase) && told.isOurs);
  $("stop").disabled = !isRunning; $("stop").textContent = told.phase === "stopping" ? "Stop at once" : "Stop";
  const result = told.result, canResume = !isRunning && result?.hasState;
  $("resume").hidden = !canResume; $("try").hidden = !(result?.hasModel);
  if (canResume) $("resume").textContent = told.phase === "finished" ? `Go on for ${many(Number($("some").value) || 1, "epoch")}` : "Go on";
  $("phase").replaceChildren(PHASES[told.phase](told), told.run ? make("div", { className: "soft", textContent: told.run }) : "");
  const within = told.phase === "training" ? told.within : null, share = ((told.epochs ?? 0) + (within ? within.batch / within.batches : 0)) / (told.asked || 1);
  $("progress").hidden = !isRunning; $("progress").firstElementChild.style.width = `${100 * share}%`; $("progress").setAttribute("aria-valuenow", Math.round(100 * share));
  $("within").hidden = !within; $("within").textContent = within ? `batch ${number(within.batch)} of ${number(within.batches)}, loss so far ${number(within.loss)}` : "";
  showBar();
  $("failure").hidden = !told.error; $("failure").textContent = told.error ?? "";
}
const smaller = name => /loss|error|brier|deviance/.test(name);
function showScores() {
  const result = state.training.result, held = $("scores"); held.replaceChildren();
  if (!result || !Object.keys(result.scores).length) return;
  const rows = Object.entries(result.scores).map(([name, value]) => make("tr", {}, make("td", { textContent: name.replaceAll("_", " ") }), make("td", { textContent: number(value) }), make("td", { textContent: number(result.baseline[name]) })));
  held.append(make("h3", { textContent: `On the test set, with the weights of epoch ${result.bestEpoch}` }), make("table", {}, make("thead", {}, make("tr", {}, ...["", "network", "baseline"].map(textContent => make("th", { textContent })))), make("tbody", {}, ...rows)));
}
function showTraining(told) {
  const wasRunning = RUNNING.includes(state.training.phase);
  state.history = told.run !== state.run || told.first === 0 ? told.history ?? [] : [...state.history.slice(0, told.first), ...(told.history ?? [])];
  if (told.epochs !== undefined) state.history = state.history.slice(0, told.epochs);
  state.run = told.run ?? null; state.training = told;
  showButtons(); showCurves(); showHealth(); showScores(); showOpenRuns();
  if (!told.frames) forgetFrames(); else if (told.frames !== state.live.next) followFrames();
  if (wasRunning && !RUNNING.includes(told.phase)) loadRuns(true);
}
let isPolling = false, next = null, isLost = false;
async function poll() {
  if (isPolling) return;
  isPolling = true; clearTimeout(next);
  try {
    const first = state.history.length;
    let told = { ...await ask(`training?first=${first}`), first };
    if (told.run !== state.run && first) told = { ...await ask("training?first=0"), first: 0 };
    if (isLost) { isLost = false; tell(null); }
    if (state.isBeginning) { isPolling = false; return; } // this is of the training before
    // Another page may have started it; what has not changed is not drawn again.
    if (RUNNING.includes(told.phase) || told.phase !== state.training.phase || told.run !== state.run) showTraining(told);
  } catch (problem) { isLost = true; tell(problem); }
  isPolling = false;
  const pause = isLost ? 3000 : !RUNNING.includes(state.training.phase) ? 4000 : state.training.phase === "paused" ? 800 : 350;
  next = setTimeout(() => { if (!document.hidden) poll(); }, pause);
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
function act(path, body) { return trying(async () => { showTraining({ ...await ask(path, body), first: 0 }); poll(); }); }
/* A new training: what was shown of the last one goes at once. */
async function begin(path, body) {
  showTraining({ phase: "starting", run: null, history: [], first: 0, epochs: 0, asked: state.checked?.network?.epochs ?? 0 });
  state.isBeginning = true;
  await trying(async () => { const told = await ask(path, body); state.isBeginning = false; showTraining({ ...told, first: 0 }); poll(); });
  state.isBeginning = false;
  if ($("problem").hidden) return;
  const told = $("problem").textContent; // it did not begin
  await poll(); tell(new Problem(told));
}
function go(epochs) {
  if (state.training.phase === "paused") return act("allow", { epochs });
  if (RUNNING.includes(state.training.phase)) return undefined;
  return begin("start", { draft: state.draft, epochs });
}
$("go-all").addEventListener("click", () => go(null));
$("go-one").addEventListener("click", () => go(1));
$("go-some").addEventListener("click", () => go(Math.max(1, Math.round(Number($("some").value)) || 1)));
$("some").addEventListener("input", showButtons);
$("pause").addEventListener("click", () => act("allow", { epochs: 0 }));
$("stop").addEventListener("click", () => act("stop", {}));
$("resume").addEventListener("click", () => begin("resume", { run: state.run, more: state.training.phase === "finished" ? Math.max(1, Math.round(Number($("some").value)) || 1) : 0, epochs: null }));
/* Trainings that ended before their time: with the server, or killed. */
function showOpenRuns() {
  const isRunning = RUNNING.includes(state.training.phase), open = state.runs.filter(each => each.isOpen && each.run !== state.run).slice(0, 3);
  $("open-runs").replaceChildren(...open.map(each => {
    const button = make("button", { textContent: "Go on", disabled: isRunning });
    button.addEventListener("click", () => begin("resume", { run: each.run, more: 0, epochs: null }));
    return make("div", { className: "buttons" }, button, make("span", { className: "soft", textContent: `${each.run}: ${each.status} after ${many(each.epochs ?? 0, "epoch")}` }));
  }));
}
function tryRun(run) { return trying(async () => { const { model } = await ask("open", { run }); location.href = `/run?model=${encodeURIComponent(model)}${token ? `#token=${token}` : ""}`; }); }
$("try").addEventListener("click", () => tryRun(state.run));
