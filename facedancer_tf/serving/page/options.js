// The sheet of options closes as people expect: by Escape, and by a press elsewhere.

const options = document.getElementById("options");

document.addEventListener("pointerdown", (event) => {
  if (!options.contains(event.target)) closeOptions();
});
options.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  closeOptions();
  options.querySelector("summary").focus();
});

export function closeOptions() {
  options.open = false;
}
