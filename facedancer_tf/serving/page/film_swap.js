// Swaps faces in a film: a job of the server, asked about until it has ended.

import { ApiError, fetchFile, remove, sendForJson } from "./api.js";

const EVERY_MS = 500;
const PATIENCE = 20; // questions in a row without an answer: ten seconds
const STAGES = {
  waiting: "Waiting for the film before this one",
  loading: "Loading the models",
  looking: "Looking who is in the film",
  swapping: "Swapping",
  writing: "Writing the film",
};

// `request`: { sources: [File], target: File, person, model }. Resolves to { file, notes }. Whatever ends this, the
// user or an error or a closed page, the job is deleted on the server, which also ends it.
export async function swapFilm(request, work) {
  const body = new FormData();
  for (const source of request.sources) body.append("source", source);
  body.append("target", request.target);
  body.append("person", request.person);
  body.append("model", request.model);
  const { signal } = work;
  work.show("Sending the film");
  const { id } = await sendForJson("v1/jobs", { method: "POST", body, signal });
  const address = `v1/jobs/${id}`;
  const forget = () => remove(address);
  window.addEventListener("pagehide", forget);
  try {
    const job = await finished(address, work);
    return { file: await fetchFile(job.result, signal), notes: job.notes };
  } finally {
    window.removeEventListener("pagehide", forget);
    forget();
  }
}

async function finished(address, work) {
  let unanswered = 0;
  for (;;) {
    let job;
    try {
      job = await sendForJson(address, { signal: work.signal });
      unanswered = 0;
    } catch (error) {
      // A lost packet or a proxy's pause does not end a film; what the server says of the job does.
      unanswered += 1;
      if (!isPassing(error) || unanswered > PATIENCE) throw error;
      await work.wait(new Promise((resolve) => setTimeout(resolve, EVERY_MS)));
      continue;
    }
    if (job.status === "done") return job;
    if (job.status === "failed") throw new ApiError(job.error.message, job.error.code);
    if (job.status === "cancelled") throw new ApiError("The server has cancelled the film.", "cancelled");
    if (job.status === "waiting") work.show(STAGES.waiting);
    else work.show(wordsFor(job), job.progress || null);
    await work.wait(new Promise((resolve) => setTimeout(resolve, EVERY_MS)));
  }
}

function wordsFor({ stage, progress, seconds_left: seconds }) {
  const parts = [STAGES[stage] ?? STAGES.swapping];
  if (progress) parts.push(`${Math.floor(100 * progress)} %`);
  if (seconds !== null) parts.push(`${duration(seconds)} left`);
  return parts.join(" · ");
}

function duration(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

function isPassing(error) {
  return error instanceof ApiError && (error.code === "unreachable" || error.status >= 502);
}
