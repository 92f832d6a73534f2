// Tells pictures from films by a file's first bytes, because a file's name and type often say nothing.

const HEAD_BYTES = 4096;

// Resolves to "picture" or "film". Moving pictures (GIF, APNG, animated WebP) are films; what is neither counts as a
// picture, so that the server says what it is.
export async function kindOf(file) {
  const bytes = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer());
  const text = String.fromCharCode(...bytes);
  if (text.startsWith("GIF8")) return "film";
  if (text.startsWith("\x89PNG")) return text.includes("acTL") ? "film" : "picture";
  const webp = text.startsWith("RIFF") && text.startsWith("WEBP", 8);
  if (webp) return text.slice(0, 64).includes("ANIM") ? "film" : "picture";
  if (text.startsWith("\xff\xd8") || text.startsWith("BM")) return "picture";
  const film = text.startsWith("ftyp", 4) || text.startsWith("\x1aE\xdf\xa3") || text.startsWith("RIFF");
  return film || file.type.startsWith("video/") ? "film" : "picture";
}
