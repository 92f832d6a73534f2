// The panel of the result: a picture to compare, or a film; its likeness, notes and masks; the download.

import { compare, hideComparison } from "./compare.js";
import { likenessItem } from "./likeness.js";
import { mediaOf } from "./media.js";
import { announce, sentence } from "./messages.js";

const section = document.getElementById("result");
const film = document.getElementById("result-film");
const download = document.getElementById("download");
const fullScreen = document.getElementById("full-screen");
const ENDINGS = {
  "image/gif": ".gif", "image/png": ".png", "image/webp": ".webp", "image/apng": ".png", "video/mp4": ".mp4",
  "video/quicktime": ".mov", "video/webm": ".webm", "video/x-matroska": ".mkv", "video/x-msvideo": ".avi",
};
let addresses = []; // of the result that is shown, to free them

fullScreen.hidden = !document.fullscreenEnabled;
fullScreen.addEventListener("click", () => section.querySelector(".frame:not([hidden])").requestFullscreen());

// `target`: { file, kind }; the result: { file, masks: [{ size_px, file }], likeness, notes }, a film's { file, notes }.
export async function showResult(target, { file, masks = [], likeness = [], notes }) {
  addresses.forEach(URL.revokeObjectURL);
  addresses = [];
  const address = addressOf(file);
  section.hidden = false;
  document.body.classList.add("has-result");
  film.replaceChildren();
  film.hidden = target.kind === "picture";
  if (film.hidden) await compare(addressOf(target.file), address);
  else {
    hideComparison();
    film.append(mediaOf(file, address, "Result: the film with the face of the source"));
  }
  download.href = address;
  const stem = target.file.name.replace(/\.[^.]*$/, "");
  download.download = `${stem}_swapped${ENDINGS[file.type] ?? ""}`;
  fill("likeness", likeness.map((face) => likenessItem(face, likeness.length > 1)));
  fill("notes", notes.map(noteItem));
  fill("mask-list", masks.map(maskFigure));
  document.getElementById("masks").hidden = masks.length === 0;
  announce("The result is there.");
  document.getElementById("result-heading").focus({ preventScroll: true });
  section.scrollIntoView({ block: "nearest" });
}

function addressOf(file) {
  addresses.push(URL.createObjectURL(file));
  return addresses.at(-1);
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

function maskFigure({ size_px, file }) {
  const figure = document.createElement("figure");
  const image = new Image();
  image.src = addressOf(file);
  image.alt = `AFFA mask at ${size_px} px`;
  const caption = document.createElement("figcaption");
  caption.textContent = `${size_px} px`;
  figure.append(image, caption);
  return figure;
}
