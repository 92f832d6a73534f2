// The panel of the source: one picture or several, each shown at once and looked at by the server.

import { facesOf } from "./faces.js";
import { showFilled } from "./intake.js";
import { kindOf } from "./kinds.js";
import { mediaOf } from "./media.js";
import { announce, complain, forgive } from "./messages.js";
import { limits, sizeProblem } from "./models.js";

const panel = document.getElementById("source");
const list = document.getElementById("source-list");
const MOVING = "this is a film or a moving picture; choose a still one";
const entries = []; // { file, item, address }

export const sourceFiles = () => entries.map((entry) => entry.file);

// Shows `files`; resolves when the server has looked at them. Those without a face are gone then.
export async function addSources(files) {
  forgive("source");
  const checks = [];
  for (const file of files) {
    if (entries.length >= limits().sources) {
      complain("source", `“${file.name}” is one too many: a source has ${limits().sources} pictures at most`);
      break;
    }
    const kind = await kindOf(file);
    const problem = kind === "film" ? MOVING : sizeProblem(file, kind);
    if (problem) complain("source", `“${file.name}”: ${problem}`);
    else checks.push(check(add(file)));
  }
  await Promise.all(checks);
}

function add(file) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "remove";
  button.textContent = "×";
  button.setAttribute("aria-label", `Remove ${file.name}`);
  const item = document.createElement("li");
  item.className = "frame";
  const address = URL.createObjectURL(file);
  item.append(mediaOf(file, address, `Source: ${file.name}`), button);
  const entry = { file, item, address };
  button.addEventListener("click", () => {
    removeEntry(entry);
    forgive("source");
    document.getElementById("source-files").focus();
  });
  entries.push(entry);
  list.append(item);
  show();
  return entry;
}

async function check(entry) {
  try {
    const { faces } = await facesOf(entry.file);
    if (faces.length) announce(`${entry.file.name} is a source.`);
    else refuse(entry, "there is no face in it; choose a picture that shows one");
  } catch (error) {
    refuse(entry, error.message.replace(/^the picture:? /, ""));
  }
}

function refuse(entry, reason) {
  if (!entries.includes(entry)) return; // the user took it away first
  complain("source", `“${entry.file.name}”: ${reason}`);
  removeEntry(entry);
}

function removeEntry(entry) {
  const index = entries.indexOf(entry);
  if (index < 0) return;
  entries.splice(index, 1);
  URL.revokeObjectURL(entry.address);
  entry.item.remove();
  show();
}

function show() {
  list.hidden = entries.length === 0;
  list.classList.toggle("several", entries.length > 1);
  showFilled(panel, entries.length > 0);
}
