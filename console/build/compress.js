// Lays a Brotli and a gzip of each built file beside it; those are what the binary embeds.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url);
const files = (await readdir(dist, { recursive: true, withFileTypes: true })).filter(
  (file) => file.isFile() && !/^\.|\.(br|gz)$/.test(file.name),
);
for (const file of files) {
  const path = `${file.parentPath ?? file.path}/${file.name}`;
  const content = await readFile(path);
  const options = { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } };
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(content, options),
    promisify(gzip)(content, { level: 9 }),
  ]);
  await writeFile(`${path}.br`, br);
  await writeFile(`${path}.gz`, gz);
}
