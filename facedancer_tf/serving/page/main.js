// Wires the page: what comes in, the swap, the result.

import { offerCamera } from "./camera.js";
import { chosenFace } from "./faces.js";
import { swapFilm } from "./film_swap.js";
import { filesTaken, openPanel } from "./intake.js";
import { announce, complain, forgive } from "./messages.js";
import { chosenModel, loadModels } from "./models.js";
import { closeOptions } from "./options.js";
import { swapPicture } from "./picture_swap.js";
import { ready } from "./readiness.js";
import { showResult } from "./result.js";
import { addSources, sourceFiles } from "./sources.js";
import { complainOfNoFace, currentTarget, setTarget } from "./target.js";
import { beginWork } from "./work.js";

const byId = (id) => document.getElementById(id);

offerCamera("source", openPanel(byId("source"), addSources));
offerCamera("target", openPanel(byId("target"), setTarget));
loadModels().catch((error) => complain("swap", error));

byId("swap").addEventListener("click", (event) => {
  if (event.currentTarget.getAttribute("aria-disabled") !== "true") swap();
});

async function swap() {
  forgive("swap");
  closeOptions();
  const work = beginWork("Waiting for the models");
  try {
    await work.wait(filesTaken());
    const target = currentTarget();
    if (!complete(target)) return;
    await work.wait(ready);
    await showResult(target, await swapped(target, work));
  } catch (error) {
    if (work.signal.aborted) announce("Cancelled.");
    else complain("swap", error);
  } finally {
    work.end();
  }
}

// Whether all is there; if not, says what is missing beside it and goes there.
function complete(target) {
  if (sourceFiles().length === 0) return missing("source", "source-files", "Choose a picture of the source first.");
  if (!target) return missing("target", "target-file", "Choose a target first.");
  if (!target.faceless) return true;
  complainOfNoFace();
  return byId("target-file").focus();
}

function missing(place, inputId, words) {
  complain(place, words);
  return byId(inputId).focus();
}

function swapped({ file, kind }, work) {
  const request = { sources: sourceFiles(), target: file, model: chosenModel() };
  if (kind === "film") return swapFilm({ ...request, person: byId("people").value }, work);
  return swapPicture({ ...request, face: chosenFace(), masks: byId("with-masks").checked }, work);
}
