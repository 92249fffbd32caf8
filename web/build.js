// Bundles the editor into ../server/static, with the licences of all that is in it.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const target = new URL("../server/static/", import.meta.url);
process.chdir(fileURLToPath(new URL(".", import.meta.url)));

const sources = readdirSync(".").filter((name) => /\.js$|^package-lock\.json$/.test(name)).sort();
const hash = createHash("sha256");
for (const name of sources) hash.update(readFileSync(name));

const result = await build({
  entryPoints: ["editor.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  legalComments: "none",
  alias: { "style-mod": "./sheet.js" },
  banner: { js: `/* Built from web/ (sha256:${hash.digest("hex").slice(0, 16)}); licences: editor.licences.txt */` },
  outfile: fileURLToPath(new URL("editor.js", target)),
  metafile: true,
});

const packages = new Set();
for (const path of Object.keys(result.metafile.inputs)) {
  const found = path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) packages.add(found[1]);
}
const notices = [...packages].sort().map((name) => {
  const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
  return `${name} ${version}\n\n${readFileSync(`node_modules/${name}/LICENSE`, "utf8").trim()}\n`;
});
writeFileSync(new URL("editor.licences.txt", target), notices.join(`\n${"-".repeat(80)}\n\n`));
