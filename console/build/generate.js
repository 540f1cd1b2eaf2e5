// Types every document below src/ against ../schema.graphql. A document that the schema does not
// know, or a variable of the wrong type, ends the build here.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import * as typedDocumentNode from '@graphql-codegen/typed-document-node';
import * as operations from '@graphql-codegen/typescript-operations';
import { buildSchema, concatAST, parse, Source, validate } from 'graphql';

const root = fileURLToPath(new URL('..', import.meta.url));
const schemaText = await readFile(`${root}/../schema.graphql`, 'utf8');
const schema = buildSchema(schemaText);

const names = await readdir(`${root}/src/documents`);
const documents = await Promise.all(
  names
    .filter((name) => name.endsWith('.graphql'))
    .sort()
    .map(async (name) => {
      const location = `src/documents/${name}`;
      const body = await readFile(`${root}/${location}`, 'utf8');
      return { location, document: parse(new Source(body, location)) };
    }),
);

const faults = validate(schema, concatAST(documents.map(({ document }) => document)));
if (faults.length > 0) {
  for (const fault of faults) console.error(`${fault}\n`);
  console.error('The documents of the console do not fit schema.graphql.');
  process.exit(1);
}

const config = {
  strictScalars: true,
  // Text all of them: a decimal or a 64-bit integer is more than a JavaScript number holds.
  scalars: { ID: 'string', BigInt: 'string', DateTime: 'string', Decimal: 'string', JSON: 'unknown' },
  useTypeImports: true,
  enumType: 'string-literal',
  nonOptionalTypename: false,
  skipTypename: true,
};
const output = await codegen({
  filename: 'src/gql/documents.ts',
  schema: parse(schemaText),
  schemaAst: schema,
  documents,
  config,
  pluginMap: { operations, typedDocumentNode },
  plugins: [{ operations: {} }, { typedDocumentNode: {} }],
});
await mkdir(`${root}/src/gql`, { recursive: true });
await writeFile(`${root}/src/gql/documents.ts`, `/* Made by build/generate.js. */\n${output}`);
