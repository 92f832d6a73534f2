// Pictures and films on the page, in frames that take their shape.

const CANNOT_SHOW = "The browser cannot show this film. It can be swapped and downloaded all the same.";

// An <img>, or for a film with sound and times a <video>, that shows `file`'s `address` to people as `words`.
export function mediaOf(file, address, words) {
  const film = file.type ? file.type.startsWith("video/") : /\.(mkv|mov|mp4|webm|avi)$/i.test(file.name ?? "");
  const media = document.createElement(film ? "video" : "img");
  if (film) {
    Object.assign(media, { controls: true, muted: true, loop: true, playsInline: true });
    media.setAttribute("aria-label", words);
    media.addEventListener("error", () => media.replaceWith(sentenceFrame()), { once: true });
  } else media.alt = words;
  media.addEventListener(film ? "loadedmetadata" : "load", () => fitFrame(media));
  media.src = address;
  return media;
}

// Gives `frame` the proportions of the `media` in it.
export function fitFrame(media, frame = media.parentElement) {
  const ratio = (media.naturalWidth || media.videoWidth) / (media.naturalHeight || media.videoHeight);
  if (ratio > 0) frame?.style.setProperty("--ratio", ratio);
}

function sentenceFrame() {
  const words = document.createElement("p");
  words.className = "unshown";
  words.textContent = CANNOT_SHOW;
  return words;
}
