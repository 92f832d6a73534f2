// The three ways in for files: drop, paste, choose. A panel is a section with a file input.

const panels = [];

// Gives `take` the files that are dropped on `panel`, pasted for it or chosen in its input.
export function takeFiles(panel, take) {
  panels.push({ panel, take });
  const input = panel.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // so that the same file can be chosen again
    if (files.length) take(files);
  });
  panel.addEventListener("dragover", () => panel.classList.add("over"));
  panel.addEventListener("dragleave", (event) => {
    if (!panel.contains(event.relatedTarget)) panel.classList.remove("over");
  });
  panel.addEventListener("drop", (event) => {
    panel.classList.remove("over");
    const files = [...event.dataTransfer.files];
    if (files.length) take(files);
  });
}

// A file that misses the panels must not replace the page.
for (const name of ["dragover", "drop"]) window.addEventListener(name, (event) => event.preventDefault());

document.addEventListener("paste", (event) => {
  const files = [...event.clipboardData.files];
  if (!files.length) return; // text, for a field
  event.preventDefault();
  panelForPaste().take(files);
});

// Where the focus is, else where the pointer is, else the first panel that is empty, else the last.
function panelForPaste() {
  return (
    panels.find(({ panel }) => panel.contains(document.activeElement)) ??
    panels.find(({ panel }) => panel.matches(":hover")) ??
    panels.find(({ panel }) => !panel.classList.contains("filled")) ??
    panels.at(-1)
  );
}

// Says whether the panel holds something: its invitation goes, and its button says `data-more` instead.
export function showFilled(panel, filled) {
  panel.classList.toggle("filled", filled);
  const label = panel.querySelector("label.button");
  label.dataset.first ??= label.textContent;
  label.textContent = filled ? label.dataset.more : label.dataset.first;
}
