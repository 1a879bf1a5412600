/* ---- the server ---- */
const $ = id => document.getElementById(id);
let token = new URLSearchParams(location.hash.slice(1)).get("token");
class Problem extends Error {}
/* The answer to a request, null where `isExpected(status)`. What went wrong is told in the server's words. */
async function request(path, { headers = {}, body, isExpected = () => false } = {}) {
  if (token) headers.Authorization = `Bearer ${token}`;
  let answer;
  try { answer = await fetch(path, { method: body === undefined ? "GET" : "POST", headers, body, cache: "no-store" }); }
  catch { throw new Problem("The server does not answer. Is it still running?"); }
  if (answer.status === 401) { $("token").hidden = false; throw new Problem("The server asks for a token."); }
  if (isExpected(answer.status)) return null;
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({ error: `status ${answer.status}` }));
    throw new Problem(told.fix ? `${told.error} (${told.fix})` : told.error);
  }
  return answer;
}
function tell(problem) {
  if (problem && !(problem instanceof Problem)) console.error(problem);
  $("problem").hidden = !problem; $("problem").textContent = problem ? problem.message : "";
}
async function trying(work) { try { await work(); tell(null); } catch (problem) { tell(problem); } }
/* One request at a time, the newest wish last: answers keep up with a stroke or with typing, however fast. */
function latest(work, { before = 0, after = 0 }) {
  const pause = time => new Promise(done => setTimeout(done, time));
  let isBusy = false, isWanted = false;
  async function again() {
    isWanted = true;
    if (isBusy) return;
    isBusy = true;
    while (isWanted) { if (before) await pause(before); isWanted = false; await trying(work); if (after) await pause(after); }
    isBusy = false;
  }
  again.idle = async () => { while (isBusy) await pause(20); };
  return again;
}
