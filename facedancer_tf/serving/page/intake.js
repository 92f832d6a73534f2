// The three ways in for files: drop, paste, choose. A panel is a section with a file input.

const panels = [];
let taking = Promise.resolve(); // everything that came in and is still being looked at

// Resolves when all files that came in were looked at, and shown or refused.
export const filesTaken = () => taking;

// Lets `takeFiles`, which returns a promise, have the files that are dropped on `panel`, pasted for it or chosen in its
// input. Returns the function for files that come in another way.
export function openPanel(panel, takeFiles) {
  const take = (files) => {
    if (files.length) taking = Promise.allSettled([taking, takeFiles(files)]);
  };
  panels.push({ panel, take });
  const input = panel.querySelector("input[type=file]");
  input.addEventListener("change", () => {
    const files = [...input.files];
    input.value = ""; // so that the same file can be chosen again
    take(files);
  });
  panel.addEventListener("dragover", () => panel.classList.add("over"));
  panel.addEventListener("dragleave", (event) => {
    if (!panel.contains(event.relatedTarget)) panel.classList.remove("over");
  });
  panel.addEventListener("drop", (event) => {
    panel.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  return take;
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
