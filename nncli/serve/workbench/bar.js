/* ---- on a phone: what the check says and the training, while they are far down the page ---- */
function showBar() {
  const told = state.training, problems = state.checked?.problems ?? [], isRunning = RUNNING.includes(told.phase);
  $("bar-told").textContent = isRunning ? PHASES[told.phase](told) : problems.length ? `${many(problems.length, "mistake")}: ${problems[0].text}` : $("verdict").textContent;
  $("bar-told").className = !isRunning && problems.length ? "bad" : "";
  $("bar-go").disabled = $("go-all").disabled; $("bar-go").hidden = isRunning && told.phase !== "paused"; $("bar-go").textContent = $("go-all").textContent;
}
$("bar-go").addEventListener("click", () => { $("train-box").scrollIntoView(); $("go-all").click(); });
$("bar-told").addEventListener("click", event => { event.preventDefault(); (state.checked?.problems.length ? $("verdict").closest("section") : $("train-box")).scrollIntoView(); });
new IntersectionObserver(found => { $("bar").hidden = found.at(-1).isIntersecting; }).observe($("train-box"));
