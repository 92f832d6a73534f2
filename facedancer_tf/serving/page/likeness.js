// The likeness of a swapped face to the source, in words.

// Least cosines of the model's own identity encoder, from the surest. Of SFace, 0.363 is the published bound for one
// person; the others are ours.
const WORDS = [
  [0.55, "looks much like the source"],
  [0.363, "looks like the source"],
  [0.2, "looks somewhat like the source"],
  [-1, "hardly looks like the source"],
];

// A <li> for { face, source, target }: the likeness to the source of the swapped face, and of the target's before.
export function likenessItem({ face, source, target }, several) {
  const words = WORDS.find(([least]) => source >= least)?.[1] ?? WORDS.at(-1)[1];
  const item = document.createElement("li");
  const sentence = document.createElement("p");
  sentence.textContent = `${several ? `Face ${face}` : "The face"} ${words}.`;
  const meter = document.createElement("meter");
  Object.assign(meter, { min: 0, max: 1, value: Math.max(0, source) });
  meter.setAttribute("aria-label", "Likeness to the source");
  const numbers = document.createElement("p");
  numbers.className = "hint";
  const [now, was] = [source.toFixed(2), target.toFixed(2)];
  numbers.textContent = `Likeness ${now}, before the swap ${was}. The same picture has 1.`;
  item.append(sentence, meter, numbers);
  return item;
}
