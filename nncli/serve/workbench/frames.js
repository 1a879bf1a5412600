/* ---- the network while it learns ---- */
state.live = { id: "", next: 0, films: {}, frames: {}, epochs: [], place: null };
function forgetFrames() { stopPlaying(); state.live = { id: "", next: 0, films: {}, frames: {}, epochs: [], place: null }; showFrame(); }
const followFrames = latest(async () => {
  for (let isMore = true; isMore;) {
    const { id, lines, next } = await ask(`frames?known=${state.live.id}&first=${state.live.next}`);
    if (id === null) return;
    if (id !== state.live.id) { forgetFrames(); state.live.id = id; }
    for (const line of lines) if (line.film) {
      const frames = state.live.frames[line.film] ??= new Map();
      frames.set(line.epoch, line);
      if (!state.live.epochs.includes(line.epoch)) state.live.epochs = [...state.live.epochs, line.epoch].sort((a, b) => a - b);
    } else state.live.films = line;
    isMore = next > state.live.next && lines.length > 0; state.live.next = next;
  }
  showFrame();
}, {});
/* The last frame, unless another one was chosen. */
function showFrame() {
  const { films, frames, epochs, place } = state.live, names = Object.keys(films).filter(name => frames[name]);
  $("learning").hidden = !names.length;
  if (!names.length) { $("films").replaceChildren(); delete $("films").dataset.names; return; }
  figures($("films"), names);
  const at = place === null ? epochs.length - 1 : Math.min(place, epochs.length - 1), epoch = epochs[at];
  $("frame").max = epochs.length - 1; $("frame").value = at;
  $("frame").setAttribute("aria-valuetext", `epoch ${epoch}`);
  $("frame-told").textContent = epoch ? `after epoch ${epoch}` : "untrained";
  names.forEach((name, i) => {
    const line = frames[name].get(epoch), figure = $("films").children[i];
    if (line) (name === "boundary" ? drawBoundary : drawWeights)(figure, films[name], line.values ??= bytesOf(line.bytes), line.shape);
  });
}
function classShade(share, index, panel) { return mix(panel, rgb(CLASSES[index % CLASSES.length]), share); }
function drawBoundary(figure, film, values) {
  const canvas = figure.querySelector("canvas"), [context, width, height] = sharp(canvas), { side, limits: [left, right, low, high] } = film, panel = rgb(colour("--panel"));
  const isNumber = film.kind === "numbers", frame = { left: 40, top: 6, right: 6, bottom: 34 }, inner = [width - frame.left - frame.right, height - frame.top - frame.bottom];
  const shade = place => {
    if (film.kind === "classes") return classShade(.75 * values[2 * place + 1] / 255, values[2 * place], panel);
    const share = values[place] / 255;
    return isNumber ? warm(share) : share >= .5 ? classShade(1.5 * (share - .5), 1, panel) : classShade(1.5 * (.5 - share), 0, panel);
  };
  const picture = paint(make("canvas"), side, side, (row, column) => shade((side - 1 - row) * side + column));
  const x = value => frame.left + (value - left) / (right - left) * inner[0], y = value => frame.top + (high - value) / (high - low) * inner[1];
  context.drawImage(picture, frame.left, frame.top, ...inner);
  for (const [a, b, target] of film.points) {
    context.beginPath(); context.arc(x(a), y(b), 3.2, 0, 7); context.strokeStyle = colour("--panel"); context.lineWidth = 1.2;
    context.fillStyle = isNumber ? `rgb(${warm((target - film.range[0]) / (film.range[1] - film.range[0] || 1))})` : CLASSES[target % CLASSES.length];
    context.fill(); context.stroke();
  }
  context.font = "12px system-ui"; context.fillStyle = colour("--soft");
  const short = value => number(Number(value.toPrecision(2)));
  [[left, "left"], [right, "right"]].forEach(([value, align]) => { context.textAlign = align; context.fillText(short(value), x(value), height - 20); });
  context.textAlign = "right"; context.fillText(short(high), frame.left - 5, frame.top + 10); context.fillText(short(low), frame.left - 5, height - frame.bottom);
  context.textAlign = "center"; context.fillText(film.inputs[0].slice(0, 40), frame.left + inner[0] / 2, height - 4);
  context.save(); context.translate(14, frame.top + inner[1] / 2); context.rotate(-Math.PI / 2); context.fillText(film.inputs[1].slice(0, 30), 0, 0); context.restore();
  const legend = isNumber ? [make("span", { textContent: `${number(film.range[0])} (dark) to ${number(film.range[1])} (light)` })] : film.names.slice(0, 10).map((name, i) => { const dot = make("span", { textContent: "● " }); dot.style.color = CLASSES[i]; return make("span", { className: "named" }, dot, name); });
  figure.firstElementChild.replaceChildren(make("b", { textContent: `what it answers${film.output && film.kind !== "classes" ? `: ${film.output}` : ""}` }), " ", ...legend.flatMap(each => [each, " "]));
  canvas.setAttribute("aria-label", `answers of the network over ${film.inputs.join(" and ")}, with the points of the training set`);
}
function drawWeights(figure, film, values, [units, height, width, channels]) {
  const grain = Math.max(1, Math.ceil(16 / width)), wide = width * grain + 1, tall = height * grain + 1; // so that gaps are narrow beside small kernels
  const canvas = figure.querySelector("canvas"), across = Math.ceil(Math.sqrt(units)), down = Math.ceil(units / across), panel = rgb(colour("--panel"));
  const picture = paint(make("canvas"), down * tall - 1, across * wide - 1, (row, column) => {
    const y = Math.floor(row % tall / grain), x = Math.floor(column % wide / grain), unit = Math.floor(row / tall) * across + Math.floor(column / wide);
    if (y === height || x === width || unit >= units) return panel;
    const from = ((unit * height + y) * width + x) * channels;
    if (channels === 3) return [values[from], values[from + 1], values[from + 2]];
    let sum = 0; for (let c = 0; c < channels; c++) sum += values[from + c] - 128;
    return signed(sum / channels / 127);
  });
  const [context, room, high] = sharp(canvas), scale = Math.min(room / picture.width, high / picture.height);
  context.imageSmoothingEnabled = false;
  context.drawImage(picture, 0, 0, picture.width * scale, picture.height * scale);
  figure.firstElementChild.replaceChildren(make("b", { textContent: `weights of ${film.told}` }), channels === 3 ? " in colour, grey is zero" : " orange adds, blue takes away");
  canvas.setAttribute("aria-label", `weights of ${film.told}, a tile for each unit`);
}
let playing = null;
function stopPlaying() { clearInterval(playing); playing = null; $("play").textContent = "▶\uFE0E"; $("play").setAttribute("aria-label", "play from the first epoch"); }
$("play").addEventListener("click", () => {
  if (playing) { stopPlaying(); return; }
  let place = 0;
  $("play").textContent = "❚❚"; $("play").setAttribute("aria-label", "stop playing");
  playing = setInterval(() => {
    state.live.place = place; showFrame();
    if (++place >= state.live.epochs.length) { state.live.place = null; stopPlaying(); }
  }, Math.max(60, Math.min(300, 6000 / state.live.epochs.length)));
});
$("frame").addEventListener("input", () => { if (playing) stopPlaying(); const place = Number($("frame").value); state.live.place = place >= state.live.epochs.length - 1 ? null : place; showFrame(); });
