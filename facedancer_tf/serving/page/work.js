// What is shown while something runs: words, a bar, and a way to end it.

import { announce } from "./messages.js";

const region = document.getElementById("work");
const bar = document.getElementById("progress");
const words = document.getElementById("progress-text");
const cancel = document.getElementById("cancel");
const swap = document.getElementById("swap");

// Shows the work's region. Returns its `signal` (the user cancelled), `show`, `end`, and `wait`: waits for a promise as
// long as the user does not cancel.
export function beginWork(text) {
  const controller = new AbortController();
  const { signal } = controller;
  const abort = () => controller.abort();
  const cancelled = new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  cancelled.catch(() => {}); // it is heard where something waits
  let spoken = "";

  // `share` in [0, 1], or null while nobody knows; screen readers hear of every quarter.
  function show(text, share = null) {
    words.textContent = text;
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    const news = share === null ? text : `${Math.floor(share * 4) * 25} %`;
    if (news !== spoken) announce((spoken = news));
  }

  function end() {
    cancel.removeEventListener("click", abort);
    if (region.contains(document.activeElement)) swap.focus();
    region.hidden = true;
    swap.removeAttribute("aria-disabled");
  }

  cancel.addEventListener("click", abort);
  swap.setAttribute("aria-disabled", "true");
  region.hidden = false;
  show(text);
  return { signal, show, end, wait: (promise) => Promise.race([promise, cancelled]) };
}
