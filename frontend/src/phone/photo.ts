// A photo of a slip, made small before it is kept: drawn anew, so that nothing but the picture remains.
const LONGEST_SIDE = 1_600;
const QUALITY = 0.8;

/** The picture as a small JPEG; throws where it is none. */
export async function shrunk(file: Blob): Promise<ArrayBuffer> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  const pencil = canvas.getContext("2d");
  if (!pencil) throw new Error("no canvas");
  pencil.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const drawn = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
  if (!drawn) throw new Error("no picture");
  return drawn.arrayBuffer();
}
