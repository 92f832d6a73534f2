// The panel of the target: one picture with its faces, or one film.

import { clearFaces, facesOf, showFaces } from "./faces.js";
import { showFilled } from "./intake.js";
import { kindOf } from "./kinds.js";
import { announce, complain, forgive } from "./messages.js";

const panel = document.getElementById("target");
const view = document.getElementById("target-view");
const people = document.getElementById("people-choice");
const NO_FACE = "There is no face in this picture; choose one that shows a face.";

// What is shown: { file, kind: "picture" or "film", faceless, address, checked: resolves when it was looked at }.
let target = null;

export const currentTarget = () => target;
export const complainOfNoFace = () => complain("target", NO_FACE);

export async function setTarget([file]) {
  forgive("target");
  const kind = await kindOf(file);
  clear();
  const next = { file, kind, faceless: false, address: URL.createObjectURL(file) };
  target = next;
  view.prepend(mediaOf(next));
  view.hidden = false;
  people.hidden = kind !== "film";
  showFilled(panel, true);
  next.checked = kind === "picture" ? check(next) : Promise.resolve();
  if (kind === "film") announce(`${file.name} is the target, a film.`);
  await next.checked;
}

function clear() {
  if (target) URL.revokeObjectURL(target.address);
  target = null;
  clearFaces();
  view.querySelector("img, video")?.remove();
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

// An <img> or a <video> of `file` at `address`, which makes its frame as large as its column allows.
export function mediaOf({ file, kind, address }, words = "Target") {
  const moving = kind === "film" && !file.type.startsWith("image/");
  const media = document.createElement(moving ? "video" : "img");
  if (moving) Object.assign(media, { controls: true, muted: true, loop: true, playsInline: true });
  else media.alt = `${words}: ${file.name}`;
  if (moving) media.setAttribute("aria-label", `${words}: ${file.name}`);
  media.addEventListener(moving ? "loadedmetadata" : "load", () => fitFrame(media));
  media.src = address;
  return media;
}

export function fitFrame(media) {
  const ratio = (media.naturalWidth || media.videoWidth) / (media.naturalHeight || media.videoHeight);
  if (ratio > 0) media.parentElement?.style.setProperty("--ratio", ratio);
}
