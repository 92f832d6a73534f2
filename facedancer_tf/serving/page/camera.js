// One still picture from the camera: on a press only, and after the browser has asked. Before and after it is off.

import { complain, forgive } from "./messages.js";

const dialog = document.getElementById("camera");
const view = document.getElementById("camera-view");
const WANTED = { width: { ideal: 1920 }, height: { ideal: 1080 } };
let take = null; // takes the picture's file
let stream = null;
let asking = false; // a second press meanwhile would open a stream that nobody ends

document.getElementById("camera-take").addEventListener("click", takePicture);
document.getElementById("camera-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", switchOff);

// Lets the button of `place` ("source", "target") give one picture to `takeFiles`.
export function offerCamera(place, takeFiles) {
  const button = document.getElementById(`${place}-camera`);
  button.hidden = !navigator.mediaDevices?.getUserMedia; // browsers give a camera to local and to https pages only
  button.addEventListener("click", async () => {
    if (asking) return;
    asking = true;
    forgive(place);
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: WANTED });
    } catch (error) {
      complain(place, reason(error));
      return;
    } finally {
      asking = false;
    }
    take = takeFiles;
    view.srcObject = stream;
    dialog.showModal();
  });
}

function reason(error) {
  if (error.name === "NotAllowedError") return "The browser does not allow the camera; allow it, or choose a picture.";
  if (error.name === "NotFoundError") return "There is no camera; choose a picture.";
  return "The camera does not start; end other programs that use it, or choose a picture.";
}

async function takePicture() {
  if (!view.videoWidth) return; // it has not begun yet
  const canvas = document.createElement("canvas");
  canvas.width = view.videoWidth;
  canvas.height = view.videoHeight;
  canvas.getContext("2d").drawImage(view, 0, 0);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.95));
  const takeFiles = take;
  dialog.close();
  takeFiles([new File([blob], "camera.jpg", { type: "image/jpeg" })]);
}

function switchOff() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = view.srcObject = take = null;
}
