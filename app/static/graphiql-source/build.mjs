// Writes graphiql.js, graphiql.css and LICENSES.txt into the folder given as the argument.
import { build } from 'esbuild';
import { readFile, readdir, writeFile } from 'node:fs/promises';

const folder = process.argv[2];
const { metafile, outputFiles } = await build({
  entryPoints: ['main.jsx'],
  outdir: folder,
  entryNames: 'graphiql',
  bundle: true,
  minify: true,
  format: 'iife',
  target: 'es2022',
  legalComments: 'none',
  metafile: true,
  write: false,
  define: { 'process.env.NODE_ENV': '"production"', 'globalThis.process': 'undefined' },
});

for (const { path, text } of outputFiles) {
  // The embedded fonts are two thirds of the styles; the reader's own sans serif will do.
  await writeFile(path, text.replace(/@font-face\{[^}]*\}/g, ''));
}

const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
const packages = new Set(
  inputs
    .filter(([path, { bytesInOutput }]) => bytesInOutput && path.includes('node_modules/'))
    .map(([path]) => path.match(/^.*node_modules\/(@[^/]+\/)?[^/]+/)[0]),
);
const byText = new Map();
for (const path of [...packages].sort()) {
  const { name, version, license } = JSON.parse(await readFile(`${path}/package.json`, 'utf8'));
  const file = (await readdir(path)).find((each) => /^licen[cs]e/i.test(each));
  const text = file ? (await readFile(`${path}/${file}`, 'utf8')).trim() : '(no text in the package)';
  byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}, ${license}`]);
}
const parts = [...byText].map(([text, names]) => `${names.join('\n')}\n${'-'.repeat(72)}\n${text}\n`);
const head = 'graphiql.js and graphiql.css are made of these packages, under these licences.\n';
await writeFile(`${folder}/LICENSES.txt`, [head, ...parts].join(`\n${'='.repeat(72)}\n`));
