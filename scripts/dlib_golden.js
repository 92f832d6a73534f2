// Asks face-api's own network for the embeddings that tests/networks/dlib_golden.npz holds.
//
//   node scripts/dlib_golden.js <unpacked @vladmandic/face-api folder> crops.bin embeddings.bin
//
// crops.bin: uint8 RGB [B, 150, 150, 3], one after another; embeddings.bin: float32 [B, 128].
// scripts/convert_dlib.py --golden writes the one and reads the other.
const fs = require("fs");
const path = require("path");
const vm = require("vm");

async function main([folder, cropsPath, embeddingsPath]) {
  // The package's self-contained build is made for browsers; these three lines are all it asks of one.
  Object.defineProperty(process, "versions", { value: {} });
  globalThis.window = globalThis;
  globalThis.document = { createElement: () => ({}) };
  vm.runInThisContext(fs.readFileSync(path.join(folder, "dist", "face-api.js"), "utf8"));
  await faceapi.tf.setBackend("cpu");
  await faceapi.tf.ready();
  const model = path.join(folder, "model", "face_recognition_model");
  const manifest = JSON.parse(fs.readFileSync(`${model}-weights_manifest.json`));
  const bytes = new Uint8Array(fs.readFileSync(`${model}.bin`)).buffer;
  const net = new faceapi.FaceRecognitionNet();
  net.loadFromWeightMap(faceapi.tf.io.decodeWeights(bytes, manifest.flatMap((group) => group.weights)));
  const crops = new Uint8Array(fs.readFileSync(cropsPath));
  const pictures = [];
  for (let start = 0; start < crops.length; start += 150 * 150 * 3) {
    const picture = Float32Array.from(crops.subarray(start, start + 150 * 150 * 3));
    pictures.push(faceapi.tf.tensor3d(picture, [150, 150, 3]));
  }
  const input = new faceapi.NetInput(pictures);
  fs.writeFileSync(embeddingsPath, Buffer.from((await net.forwardInput(input).data()).buffer));
}

main(process.argv.slice(2));
