// The models at hand, and the server's limits.

import { sendForJson } from "./api.js";

const choice = document.getElementById("model-choice");
const select = document.getElementById("model");
const licence = document.getElementById("licence");
let models = [];
let known = { sources: 8 };
const MEBIBYTE = 2 ** 20;

export const limits = () => known;
export const chosenModel = () => select.value;

// Fills the choice; it stays hidden where there is nothing to choose.
export async function loadModels() {
  const answer = await sendForJson("v1/models");
  known = { ...known, ...answer.limits };
  models = answer.models;
  for (const { name, size_px, default: first } of models) {
    select.add(new Option(`${name} (${size_px} px)`, name, first, first));
  }
  choice.hidden = models.length < 2;
  showLicence();
}

// Says that a file is larger than the server takes, before it is sent for nothing; "" where it is not.
export function sizeProblem(file, kind) {
  const bytes = known[`${kind}_bytes`] ?? Infinity;
  if (file.size <= bytes) return "";
  const [has, most] = [Math.ceil(file.size / MEBIBYTE), Math.floor(bytes / MEBIBYTE)];
  return `this ${kind} has ${has} MB, and the server takes ${most} MB at most; choose a smaller one`;
}

select.addEventListener("change", showLicence);

function showLicence() {
  const model = models.find(({ name }) => name === select.value);
  licence.textContent = model?.licence ? `Licence: ${model.licence}` : "";
}
