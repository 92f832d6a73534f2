// Finds the faces of a picture, and lays a numbered button on each.

import { sendForJson } from "./api.js";
import { ready } from "./readiness.js";

const group = document.getElementById("faces");
const all = document.getElementById("all-faces");
const hint = document.getElementById("faces-hint");
const several = document.getElementById("faces-choice");

// Resolves to { width, height, faces: [{ number, box: [x, y, width, height] }] }, in pixels of the upright picture.
export async function facesOf(file) {
  const body = new FormData();
  body.append("picture", file);
  await ready;
  return sendForJson("v1/detect", { method: "POST", body });
}

all.addEventListener("click", () => choose("all"));

// What the API takes: a number, "all", or "largest" while nothing else is known.
export const chosenFace = () => group.dataset.chosen ?? "largest";

export function clearFaces() {
  group.replaceChildren();
  delete group.dataset.chosen;
  several.hidden = true;
}

export function showFaces({ width, height, faces }) {
  clearFaces();
  group.append(...faces.map((face) => faceButton(face, width, height)));
  if (!faces.length) return;
  const largest = faces.reduce((best, face) => (area(face) > area(best) ? face : best));
  choose(String(largest.number));
  several.hidden = faces.length < 2;
  hint.textContent = `${faces.length} faces: press the one to swap.`;
}

const area = ({ box: [, , width, height] }) => width * height;

function faceButton({ number, box: [x, y, boxWidth, boxHeight] }, width, height) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "face";
  button.dataset.face = number;
  button.setAttribute("aria-label", `Face ${number}`);
  const label = document.createElement("span");
  label.textContent = number;
  button.append(label);
  const places = { left: x / width, top: y / height, width: boxWidth / width, height: boxHeight / height };
  for (const [side, share] of Object.entries(places)) button.style[side] = `${100 * share}%`;
  button.addEventListener("click", () => choose(String(number)));
  return button;
}

function choose(face) {
  group.dataset.chosen = face;
  all.setAttribute("aria-pressed", String(face === "all"));
  for (const button of group.children) {
    button.setAttribute("aria-pressed", String(face === "all" || face === button.dataset.face));
  }
}
