/* ---- the code ---- */
const codeText = () => state.tab === "yaml" ? state.checked?.yaml : state.checked?.script;
function showText() {
  const text = codeText(), checked = state.checked;
  const reason = checked?.noScript ?? (checked?.problems.length ? "No script while there are mistakes." : "…");
  $("text").classList.toggle("yaml", state.tab === "yaml");
  $("text").textContent = text ?? (state.tab === "script" ? reason : "…");
  for (const tab of ["yaml", "script"]) $(`tab-${tab}`).setAttribute("aria-selected", String(state.tab === tab));
  $("arrays").hidden = state.tab !== "script"; $("arrays").disabled = !text;
  $("copy").disabled = $("save").disabled = !text; $("edit").hidden = state.tab !== "yaml"; $("edit").disabled = !text;
}
for (const tab of ["yaml", "script"]) $(`tab-${tab}`).addEventListener("click", () => { closeEditor(); state.tab = tab; $("copied").textContent = ""; showText(); });
document.querySelector(".tabs").addEventListener("keydown", event => {
  if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
  state.tab = state.tab === "yaml" ? "script" : "yaml"; showText(); $(`tab-${state.tab}`).focus();
});
$("copy").addEventListener("click", async () => {
  try { await navigator.clipboard.writeText(codeText()); }
  catch { // not at an address that the browser trusts
    const range = document.createRange(); range.selectNodeContents($("text"));
    getSelection().removeAllRanges(); getSelection().addRange(range); document.execCommand("copy");
  }
  $("copied").textContent = "copied";
  setTimeout(() => { $("copied").textContent = ""; }, 2000);
});
function saveAs(content, name) { const link = make("a", { href: URL.createObjectURL(content), download: name }); link.click(); setTimeout(() => URL.revokeObjectURL(link.href), 1000); }
const fileName = () => state.draft.name || "network";
$("save").addEventListener("click", () => saveAs(new Blob([codeText()]), fileName() + (state.tab === "yaml" ? ".yaml" : ".py")));
$("arrays").addEventListener("click", () => trying(async () => saveAs(await ask("arrays", { draft: state.checked.draft }, true), state.checked.arrays)));
/* What has no field is typed; the page then shows what it can of it, and keeps the rest. */
function closeEditor() { $("editing").hidden = true; $("text").hidden = false; $("edit-told").textContent = ""; }
$("edit").addEventListener("click", () => { $("editor").value = state.checked.yaml; $("editing").hidden = false; $("text").hidden = true; $("edit-told").textContent = ""; $("editor").focus(); $("editor").setSelectionRange(0, 0); });
$("edit-cancel").addEventListener("click", () => { closeEditor(); $("edit").focus(); });
$("editing").addEventListener("submit", async event => {
  event.preventDefault();
  try { state.draft = (await ask("read", { text: $("editor").value })).draft; }
  catch (problem) { $("edit-told").textContent = problem.message; return; }
  closeEditor(); $("edit").focus();
  await trying(async () => { await showTargets(); show(); });
});
$("editor").addEventListener("keydown", event => {
  if (event.key === "Escape" && $("editor").value === state.checked.yaml) $("edit-cancel").click(); // what was typed stays
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); $("editing").requestSubmit(); }
});
