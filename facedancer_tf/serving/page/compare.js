// The slider between the target and the result, laid over each other.

import { fitFrame } from "./target.js";

const figure = document.getElementById("compare");
const before = document.getElementById("before");
const after = document.getElementById("after");
const slider = document.getElementById("compare-slider");
const FIRST_LOOK = 0; // percent of the target: the result is seen whole at first

slider.addEventListener("input", move);
after.addEventListener("load", () => fitFrame(after));

export function compare(targetAddress, resultAddress) {
  before.src = targetAddress;
  after.src = resultAddress;
  slider.value = FIRST_LOOK;
  move();
  figure.hidden = false;
}

export function hideComparison() {
  figure.hidden = true;
}

function move() {
  figure.style.setProperty("--at", `${slider.value}%`);
  slider.setAttribute("aria-valuetext", `${slider.value} % target`);
}
