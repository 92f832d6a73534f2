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
  for (const model of models) select.add(new Option(`${model.name} (${model.size_px} px)`, model.name, model.default, model.default));
  choice.hidden = models.length < 2;
  showLicence();
}

// Says that a file is larger than the server takes, before it is sent for nothing; "" where it is not.
export function sizeProblem(file, kind) {
  const bytes = known[`${kind}_bytes`] ?? Infinity;
  if (file.size <= bytes) return "";
  return `this ${kind} has ${Math.ceil(file.size / MEBIBYTE)} MB, and the server takes ${Math.floor(bytes / MEBIBYTE)} MB at most; choose a smaller one`;
}

select.addEventListener("change", showLicence);

function showLicence() {
  const model = models.find(({ name }) => name === select.value);
  licence.textContent = model?.licence ? `Licence: ${model.licence}` : "";
}
