/* ---- camera ---- */
let camera = null;
function stopCamera() {
  if (!camera) return;
  clearInterval(camera.timer); camera.stream.getTracks().forEach(track => track.stop());
  camera = null; $("video").hidden = true; $("camera").textContent = "Camera";
}
$("camera").addEventListener("click", async () => {
  if (camera) { stopCamera(); return; }
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: 640, height: 640 } });
    const video = $("video"), frame = document.createElement("canvas");
    video.srcObject = stream; video.hidden = false; await video.play();
    const look = latest(async () => {
      if (!camera) return;
      const side = Math.min(video.videoWidth, video.videoHeight);
      frame.width = frame.height = Math.min(side, 400);
      frame.getContext("2d").drawImage(video, (video.videoWidth - side) / 2, (video.videoHeight - side) / 2, side, side, 0, 0, frame.width, frame.height);
      state.image = await new Promise(done => frame.toBlob(done, "image/jpeg", .9));
      await predictImage();
    }, { after: 50 });
    camera = { stream, timer: setInterval(look, 200) };
    $("camera").textContent = "Stop";
  } catch { tell(new Problem("The camera cannot be used: allow it in the browser, and open this page at 127.0.0.1 or by https.")); }
});
