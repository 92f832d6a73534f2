// The likeness of a swapped face to the source, in words.

// Least cosines of the model's identity encoder (SFace, which counts 0.363 as one person), from the surest.
const WORDS = [
  [0.55, "looks much like the source"],
  [0.363, "looks like the source"],
  [0.2, "looks somewhat like the source"],
  [-1, "hardly looks like the source"],
];

// A <li> for { face, source, target }: a sentence, the numbers, and a bar.
export function likenessItem({ face, source, target }, several) {
  const words = WORDS.find(([least]) => source >= least)[1];
  const item = document.createElement("li");
  const sentence = document.createElement("p");
  sentence.textContent = `${several ? `Face ${face}` : "The face"} ${words}.`;
  const meter = document.createElement("meter");
  Object.assign(meter, { min: 0, max: 1, value: Math.max(0, source) });
  meter.setAttribute("aria-label", "Likeness to the source");
  const numbers = document.createElement("p");
  numbers.className = "hint";
  numbers.textContent = `Likeness to the source ${source.toFixed(2)}, to the target ${target.toFixed(2)} (1 is the same picture).`;
  item.append(sentence, meter, numbers);
  return item;
}
