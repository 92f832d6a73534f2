// The panel of the target: one picture with its faces, or one film.

import { clearFaces, facesOf, showFaces } from "./faces.js";
import { showFilled } from "./intake.js";
import { kindOf } from "./kinds.js";
import { mediaOf } from "./media.js";
import { announce, complain, forgive } from "./messages.js";
import { sizeProblem } from "./models.js";

const panel = document.getElementById("target");
const view = document.getElementById("target-view");
const people = document.getElementById("people-choice");
const NO_FACE = "There is no face in this picture; choose one that shows a face.";

// What is shown: { file, kind: "picture" or "film", faceless, address }.
let target = null;

export const currentTarget = () => target;
export const complainOfNoFace = () => complain("target", NO_FACE);

// Shows the first file; resolves when the server has looked for faces in it.
export async function setTarget([file]) {
  forgive("target");
  const kind = await kindOf(file);
  const problem = sizeProblem(file, kind);
  if (problem) return complain("target", problem);
  clear();
  const next = { file, kind, faceless: false, address: URL.createObjectURL(file) };
  target = next;
  view.prepend(mediaOf(file, next.address, `Target: ${file.name}`));
  view.hidden = false;
  people.hidden = kind !== "film";
  showFilled(panel, true);
  if (kind === "picture") await check(next);
  else announce(`${file.name} is the target, a film.`);
}

function clear() {
  if (target) URL.revokeObjectURL(target.address);
  target = null;
  clearFaces();
  view.querySelector("img, video, .unshown")?.remove();
  view.hidden = people.hidden = true;
  showFilled(panel, false);
}

async function check(next) {
  try {
    const found = await facesOf(next.file);
    if (target !== next) return; // another one was chosen meanwhile
    next.faceless = found.faces.length === 0;
    showFaces(found);
    if (next.faceless) complainOfNoFace();
    else announce(`${next.file.name} is the target. Faces in it: ${found.faces.length}.`);
  } catch (error) {
    if (target !== next) return;
    complain("target", error);
    clear();
  }
}
