// Asks one of face-api's own networks for the answers that tests/networks/*_golden.npz hold.
//
//   node scripts/face_api_golden.js <unpacked @vladmandic/face-api folder> <model> <size> crops.bin answer.bin
//
// model: the name of its files, for instance face_recognition_model; crops.bin: uint8 RGB [B, size, size, 3], one
// after another; answer.bin: float32 [B, numbers]. scripts/convert_face_api.py --golden writes the one and reads the
// other.
const fs = require("fs");
const path = require("path");
const vm = require("vm");

const NETWORKS = {
  face_recognition_model: "FaceRecognitionNet",
  face_landmark_68_model: "FaceLandmark68Net",
  face_expression_model: "FaceExpressionNet",
};

async function main([folder, model, size, cropsPath, answerPath]) {
  // The package's self-contained build is made for browsers; these three lines are all it asks of one.
  Object.defineProperty(process, "versions", { value: {} });
  globalThis.window = globalThis;
  globalThis.document = { createElement: () => ({}) };
  vm.runInThisContext(fs.readFileSync(path.join(folder, "dist", "face-api.js"), "utf8"));
  await faceapi.tf.setBackend("cpu");
  await faceapi.tf.ready();
  const files = path.join(folder, "model", model);
  const manifest = JSON.parse(fs.readFileSync(`${files}-weights_manifest.json`));
  const bytes = new Uint8Array(fs.readFileSync(`${files}.bin`)).buffer;
  const net = new faceapi[NETWORKS[model]]();
  net.loadFromWeightMap(faceapi.tf.io.decodeWeights(bytes, manifest.flatMap((group) => group.weights)));
  const crops = new Uint8Array(fs.readFileSync(cropsPath));
  const pictures = [];
  for (let start = 0; start < crops.length; start += size * size * 3) {
    const picture = Float32Array.from(crops.subarray(start, start + size * size * 3));
    pictures.push(faceapi.tf.tensor3d(picture, [Number(size), Number(size), 3]));
  }
  const input = new faceapi.NetInput(pictures);
  fs.writeFileSync(answerPath, Buffer.from((await net.forwardInput(input).data()).buffer));
}

main(process.argv.slice(2));
