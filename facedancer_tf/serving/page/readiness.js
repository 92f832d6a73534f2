// Says whether the server's models are loaded, and lets others wait for that.

const status = document.getElementById("status");
const EVERY_MS = 400;
const UNREACHABLE_EVERY_MS = 2000;
const WORDS = {
  loading: "The models are loading; this takes some seconds.",
  ready: "Ready",
  stopping: "The server is ending; it takes nothing new.",
  silent: "The server does not answer.",
};

// Resolves when the models are loaded.
export const ready = waitUntilReady();

async function waitUntilReady() {
  for (;;) {
    const state = await ask();
    if (status.textContent !== WORDS[state]) status.textContent = WORDS[state];
    status.dataset.state = state;
    if (state === "ready") return;
    await new Promise((resolve) => setTimeout(resolve, state === "silent" ? UNREACHABLE_EVERY_MS : EVERY_MS));
  }
}

async function ask() {
  try {
    const { status: state } = await (await fetch("healthz")).json();
    return state in WORDS ? state : "silent";
  } catch {
    return "silent";
  }
}
