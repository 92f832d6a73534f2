// Sentences for people: errors beside the thing that caused them, and news for those who do not see the page.

// Shows `error` (an Error or a sentence) in the alert of `place`: "source", "target", "swap" or "token".
export function complain(place, error) {
  const message = error instanceof Error ? error.message : error;
  document.getElementById(`${place}-error`).textContent = sentence(message);
}

export function forgive(...places) {
  for (const place of places) document.getElementById(`${place}-error`).textContent = "";
}

// Tells screen readers what has changed elsewhere on the page.
export function announce(text) {
  document.getElementById("announcement").textContent = text;
}

// The API's messages are parts of lines: this gives them a capital and a full stop.
export function sentence(text) {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
