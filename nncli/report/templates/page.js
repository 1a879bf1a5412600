"use strict";
(function () {
  const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#8c510a"];
  const dashes = [[], [6, 3], [2, 3], [8, 3, 2, 3]];
  const whole = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000];  // epochs between ticks
  const charts = JSON.parse(document.getElementById("charts").textContent);
  function ink(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  // The first colour alone is too dark to be seen well on dark paper.
  function paint(place) { return place % colours.length ? colours[place % colours.length] : ink("--first"); }
  function width(box) { return Math.max(240, box.clientWidth - 18); }
  function draw(box, chart) {
    // Functions, so that a redraw takes the colours of dark, light or paper.
    const line = () => ink("--line");
    const axis = { stroke: () => ink("--soft"), grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
    const format = (plot, value) => (value === null || value === undefined ? "-" : Number(value.toPrecision(4)).toString());
    // A million and more have no room beside the axis.
    const short = (each) => (Math.abs(each) < 1e6 && Math.abs(each) >= 1e-4 || !each ? String(Number(each.toPrecision(6))) : String(Number(each.toPrecision(2)).toExponential()).replace("e+", "e"));
    const up = Object.assign({ size: 60, values: (plot, places) => places.map(short) }, axis);
    if (chart.log) {  // a line for each power of ten, or for some
      up.splits = (plot, place, low, high) => {
        const first = Math.ceil(Math.log10(low) - 1e-9), last = Math.floor(Math.log10(high) + 1e-9), step = Math.ceil((last - first + 1) / 7);
        return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, index) => 10 ** (first + index * step));
      };
      up.filter = (plot, places) => places;
    }
    const series = chart.series.map((each, place) => {
      const colour = () => paint(each.colour === undefined ? place : each.colour);
      return {
        label: each.name, stroke: each.hidden ? "transparent" : colour, width: each.hidden ? 0 : 2, spanGaps: true,
        dash: dashes[(each.dash || 0) % dashes.length], points: { show: chart.x.length < 2 }, value: format,
      };
    });
    const bands = (chart.bands || []).map((each) => ({ series: each.series, fill: colours[each.colour % colours.length] + "33" }));
    const plot = new uPlot({
      title: chart.title, width: width(box), height: 280, cursor: { drag: { x: true, y: false } },
      scales: { x: { time: false }, y: chart.log ? { distr: 3 } : {} }, axes: [Object.assign({ label: chart.across || "epoch", incrs: whole }, axis), up],
      series: [{ label: chart.across || "epoch", value: format }].concat(series), bands: bands,
      hooks: { draw: [(u) => (chart.marks || []).forEach((mark) => {
        const x = u.valToPos(mark, "x", true);
        u.ctx.save(); u.ctx.strokeStyle = ink("--soft"); u.ctx.setLineDash([3, 4]);
        u.ctx.beginPath(); u.ctx.moveTo(x, u.bbox.top); u.ctx.lineTo(x, u.bbox.top + u.bbox.height); u.ctx.stroke(); u.ctx.restore();
      })] },
    }, [chart.x].concat(chart.series.map((each) => each.values)), box);
    // The ends of a band need no place in the legend; its first row is that of the values across.
    box.querySelectorAll(".u-legend .u-series").forEach((row, place) => {
      if (place > 0 && chart.series[place - 1].hidden) row.style.display = "none";
    });
    return () => { plot.setSize({ width: width(box), height: 280 }); plot.redraw(false, true); };
  }
  const again = charts.map((chart, place) => draw(document.getElementById("chart-" + place), chart));
  const redraw = () => again.forEach((each) => each());
  window.addEventListener("resize", redraw);
  ["print", "(prefers-color-scheme: dark)"].forEach((media) => matchMedia(media).addEventListener("change", redraw));
})();
