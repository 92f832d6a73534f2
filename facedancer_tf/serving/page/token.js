// Asks for the server's token, where it has one.

import { complain, forgive } from "./messages.js";

const dialog = document.getElementById("token");
const field = document.getElementById("token-value");

document.getElementById("token-close").addEventListener("click", () => dialog.close(""));

// Resolves to what was typed, or to null where the user closed the question. `refused`: the last answer was wrong.
export function askForToken(refused) {
  if (refused) complain("token", "This is not the server's token.");
  else forgive("token");
  field.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  field.focus();
  return new Promise((resolve) => {
    const answer = () => resolve(dialog.returnValue === "send" ? field.value.trim() : null);
    dialog.addEventListener("close", answer, { once: true });
  });
}
