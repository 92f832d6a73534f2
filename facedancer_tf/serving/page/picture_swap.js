// Swaps a face in a picture.

import { fetchFile, remove, sendForJson } from "./api.js";

// `request`: { sources: [File], target: File, face, model, masks }. Resolves to
// { file, masks: [{ size_px, file }], likeness, notes }. The server's copy is deleted as soon as the page has it.
export async function swapPicture(request, work) {
  const body = new FormData();
  for (const source of request.sources) body.append("source", source);
  body.append("target", request.target);
  body.append("face", request.face);
  body.append("model", request.model);
  body.append("masks", String(request.masks));
  work.show("Swapping");
  const { signal } = work;
  const answer = await sendForJson("v1/swap", { method: "POST", body, signal });
  try {
    const file = await fetchFile(answer.picture, signal);
    const masks = [];
    for (const { size_px, picture } of answer.masks) masks.push({ size_px, file: await fetchFile(picture, signal) });
    return { file, masks, likeness: answer.likeness, notes: answer.notes };
  } finally {
    remove(`v1/results/${answer.id}`);
  }
}
