// The slider between the target and the result, laid over each other.

import { fitFrame } from "./media.js";

const figure = document.getElementById("compare");
const before = document.getElementById("before");
const after = document.getElementById("after");
const slider = document.getElementById("compare-slider");

slider.addEventListener("input", () => {
  figure.classList.remove("unveiling");
  move(slider.value);
});

// Shows both; the target gives way to the whole result. Resolves when the pictures are there.
export async function compare(targetAddress, resultAddress) {
  before.src = targetAddress;
  after.src = resultAddress;
  await Promise.allSettled([before.decode(), after.decode()]);
  figure.hidden = false;
  fitFrame(after, figure);
  figure.classList.remove("unveiling");
  move(100);
  figure.getBoundingClientRect(); // so that the browser sees the beginning of the movement
  figure.classList.add("unveiling");
  move(0);
}

export function hideComparison() {
  figure.hidden = true;
}

// `share` of the target in percent.
function move(share) {
  slider.value = share;
  figure.style.setProperty("--at", `${share}%`);
  slider.setAttribute("aria-valuetext", `${share} % target`);
}
