// The read-out under survival curves: a slider over texts that stand in the page, a line in the picture, and a box a group to hide its curve.
// Without script the page shows everything, with the read-out at one time.
(() => {
  "use strict";
  const readouts = [];

  function show(readout, place) {
    const { texts, rows, slider, output, line } = readout;
    const at = Math.min(Math.max(place, 0), texts.times.length - 1);
    slider.value = String(at);
    slider.setAttribute("aria-valuetext", texts.times[at]);
    output.textContent = texts.times[at];
    rows.forEach((row, group) => {
      row.children[1].textContent = texts.estimates[group][at];
      row.children[2].textContent = texts.intervals[group][at];
    });
    if (line) line.setAttribute("transform", `translate(${texts.axis.left + texts.years[at] * texts.axis.per_year} 0)`);
  }

  function nearest(years, wanted) {
    return years.reduce((best, time, place) => (Math.abs(time - wanted) < Math.abs(years[best] - wanted) ? place : best), 0);
  }

  // A line in the picture follows the slider, and the slider follows the pointer.
  function point(readout, svg) {
    const { axis, years } = readout.texts;
    if (!axis || !svg) return;
    readout.line = document.createElementNS("http://www.w3.org/2000/svg", "path");
    readout.line.setAttribute("d", axis.panels.map(([top, bottom]) => `M0 ${top}V${bottom}`).join(""));
    readout.line.setAttribute("class", "reading");
    svg.append(readout.line);
    const follow = (event) => {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const time = (at.x - axis.left) / axis.per_year;
      if (at.y >= axis.top && at.y <= axis.bottom && time >= 0 && time <= years[years.length - 1]) show(readout, nearest(years, time));
    };
    svg.addEventListener("pointermove", follow);
    svg.addEventListener("pointerdown", follow);
  }

  function addBox(row, parts) {
    const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: true });
    box.setAttribute("aria-label", `Show the curve of ${row.children[0].textContent.trim()}`);
    box.addEventListener("change", () => parts.forEach((part) => part.classList.toggle("away", !box.checked)));
    row.children[0].classList.add("boxed");
    row.children[0].prepend(box);
  }

  function start(box) {
    const svg = box.closest("figure").querySelector("svg");
    const readout = {
      texts: JSON.parse(box.querySelector("script").textContent),
      rows: [...box.querySelectorAll("tbody tr")],
      slider: box.querySelector("input"),
      output: box.querySelector("output"),
    };
    box.querySelector(".control").hidden = false;
    readout.slider.addEventListener("input", () => show(readout, Number(readout.slider.value)));
    readout.rows.forEach((row, group) => {
      const parts = svg.querySelectorAll(`[data-place="${readout.texts.places[group]}"]`);
      if (parts.length && readout.rows.length > 1) addBox(row, parts);
    });
    point(readout, svg);
    show(readout, Number(readout.slider.value));
    readouts.push(readout);
  }

  // An address that ends in #t=5 shows every read-out at five years.
  function followAddress() {
    const wanted = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
    if (wanted) readouts.forEach((readout) => show(readout, nearest(readout.texts.years, Number(wanted[1]))));
  }

  document.querySelectorAll(".readout").forEach(start);
  window.addEventListener("hashchange", followAddress);
  followAddress();
})();
