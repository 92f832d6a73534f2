// The panel of the result: a picture to compare, or a film; its likeness, notes and masks; the download.

import { compare, hideComparison } from "./compare.js";
import { likenessItem } from "./likeness.js";
import { announce, sentence } from "./messages.js";
import { mediaOf } from "./target.js";

const section = document.getElementById("result");
const film = document.getElementById("result-film");
const download = document.getElementById("download");
const full = document.getElementById("full-screen");
let addresses = []; // of the result that is shown, to free them

full.hidden = !document.fullscreenEnabled;
full.addEventListener("click", () => section.querySelector(".frame:not([hidden])").requestFullscreen());

// `target`: { file, kind }; `result`: as the swaps return it.
export function showResult(target, { address, masks = [], likeness = [], notes }) {
  for (const old of addresses) URL.revokeObjectURL(old);
  const before = URL.createObjectURL(target.file); // its own, because another target may be chosen meanwhile
  addresses = [before, address, ...masks.map((mask) => mask.address)];
  const picture = target.kind === "picture";
  film.hidden = picture;
  film.replaceChildren();
  if (picture) compare(before, address);
  else {
    hideComparison();
    film.append(mediaOf({ ...target, address }, "Result"));
  }
  download.href = address;
  download.download = `${target.file.name.replace(/\.[^.]*$/, "")}_swapped${picture ? ".png" : target.file.name.match(/\.[^.]*$/)?.[0] ?? ""}`;
  fill("likeness", likeness.map((face) => likenessItem(face, likeness.length > 1)));
  fill("notes", notes.map(noteItem));
  fill("mask-list", masks.map(maskFigure));
  document.getElementById("masks").hidden = masks.length === 0;
  document.body.classList.add("has-result");
  section.hidden = false;
  announce("The result is there.");
  document.getElementById("result-heading").focus({ preventScroll: true });
  section.scrollIntoView({ block: "nearest" });
}

function fill(id, children) {
  const list = document.getElementById(id);
  list.replaceChildren(...children);
  list.hidden = children.length === 0;
}

function noteItem(text) {
  const item = document.createElement("li");
  item.textContent = sentence(text);
  return item;
}

function maskFigure({ size_px, address }) {
  const figure = document.createElement("figure");
  const image = new Image();
  image.src = address;
  image.alt = `AFFA mask at ${size_px} px`;
  const caption = document.createElement("figcaption");
  caption.textContent = `${size_px} px`;
  figure.append(image, caption);
  return figure;
}
