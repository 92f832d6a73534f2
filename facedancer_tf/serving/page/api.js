// Requests to the server's API. Addresses are relative to the page, so that it may lie below any path of a proxy.

import { sentence } from "./messages.js";
import { askForToken } from "./token.js";

let token = ""; // in memory only; a page that is loaded anew asks again
let asking = null; // one question for all requests that were refused at once

// What the server, or the way to it, refused: `message` is one sentence for people, `code` is for programs.
export class ApiError extends Error {
  constructor(message, code, status = 0) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

// Sends a request and returns its Response; throws ApiError, or AbortError where `signal` ended it.
export async function send(path, { method = "GET", body, signal } = {}) {
  for (;;) {
    const sent = token;
    const response = await attempt(path, { method, body, signal });
    if (response.status !== 401) return checked(response);
    if (sent !== token) continue; // another request has asked meanwhile
    asking ??= askForToken(sent !== "").finally(() => (asking = null));
    const answer = await asking;
    if (answer === null) throw await refusal(response);
    token = answer;
  }
}

export const sendForJson = async (path, request) => (await send(path, request)).json();

// Fetches a file as a Blob, because <img>, <video> and downloads could not send the token themselves.
export const fetchFile = async (path, signal) => (await send(path, { signal })).blob();

// Deletes something of ours on the server, also while the page is being closed.
export function remove(path) {
  attempt(path, { method: "DELETE", keepalive: true }).catch(() => {
    // The server deletes it by itself after an hour.
  });
}

async function attempt(path, options) {
  const headers = { Accept: "application/json" };
  if (token) headers.Authorization = `Bearer ${token}`;
  try {
    return await fetch(path.replace(/^\//, ""), { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server does not answer; see whether it still runs, and try again.", "unreachable");
  }
}

async function checked(response) {
  if (response.ok) return response;
  throw await refusal(response);
}

async function refusal(response) {
  const { code, message } = await response.json().catch(() => ({}));
  const wait = response.headers.get("Retry-After");
  const words = sentence(message ?? `the server refused the request (${response.status})`);
  const again = wait && /^\d+$/.test(wait) ? ` Free again in about ${wait} s.` : "";
  return new ApiError(words + again, code ?? "unknown", response.status);
}
