// What every agent script prints: one JSON line with what it got, and exit code 0 only if all of it was right.
// `held` names the variables an agent works with; their values are passes, which the tests then look for at the
// stand-ins. SPDX-License-Identifier: Apache-2.0
import { strict as assert } from 'node:assert';

export async function report(held, work) {
  const line = {
    ok: false,
    held: Object.fromEntries(held.map((name) => [name, process.env[name] ?? null])),
  };
  try {
    line.results = await work(assert);
    line.ok = true;
  } catch (error) {
    line.error = String(error?.stack ?? error);
  }
  console.log(JSON.stringify(line));
  process.exit(line.ok ? 0 : 1);
}

export const nonce = () => Math.random().toString(36).slice(2, 12);
