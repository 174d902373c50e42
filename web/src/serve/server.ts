// SPDX-License-Identifier: Apache-2.0
//
// What the page asks its server, and what comes back.

export interface Model {
  name: string;
  version: string; // of the server
  channels: number;
  height: number;
  width: number;
}

// What the server tells while votes come in; the last one holds the answer.
export interface Progress {
  samples: number;
  counts: number[]; // by class, and last those for "nan"
  candidate: number;
  radius: number | null;
}

export interface Answer {
  label: number; // -1: abstains
  radius: number;
  pLower: number;
  samples: number;
  counts: number[]; // by class
  alpha: number;
  sigma: number;
  draw: string;
}

export type Told = { kind: "pictures"; pictures: number[][] } | { kind: "progress"; progress: Progress } | { kind: "answer"; answer: Answer };

// The server wants a token, or another one.
export class TokenNeeded extends Error {}

interface Tensor {
  name: string;
  data: (number | string | boolean)[];
}

export async function modelOf(token: string): Promise<Model> {
  const server = await jsonOf(await fetch("v2", { headers: headers(token) }));
  const name = String(server.models[0]);
  const metadata = await jsonOf(await fetch(`v2/models/${encodeURIComponent(name)}`, { headers: headers(token) }));
  const [, channels, height, width] = metadata.inputs[0].shape as number[];
  if (channels === undefined || height === undefined || width === undefined) throw new Error("the model's input is no image");
  return { name, version: String(server.version), channels, height, width };
}

// Tells what the server tells, until its answer.
export async function certify(pixels: number[], model: Model, token: string, stop: AbortSignal, tell: (told: Told) => void): Promise<void> {
  const shape = [model.channels, model.height, model.width];
  const body = JSON.stringify({ inputs: [{ name: "image", datatype: "UINT8", shape, data: pixels }] });
  const response = await fetch("demo", { method: "POST", headers: { "Content-Type": "application/json", ...headers(token) }, body, signal: stop });
  if (!response.ok || response.body === null) await jsonOf(response);
  else for await (const line of linesOf(response.body)) tell(toldBy(JSON.parse(line)));
}

function headers(token: string): Record<string, string> {
  return token === "" ? {} : { Authorization: `Bearer ${token}` };
}

async function jsonOf(response: Response): Promise<any> {
  const json = await response.json().catch(() => ({}));
  if (response.status === 401) throw new TokenNeeded("this server wants a token");
  if (!response.ok) throw new Error(json.error ?? `the server answered with status ${response.status}`);
  return json;
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const parts = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

function toldBy(line: any): Told {
  if (line.error !== undefined) throw new Error(String(line.error));
  if (line.pictures !== undefined) return { kind: "pictures", pictures: line.pictures };
  if (line.outputs === undefined) return { kind: "progress", progress: line };
  const output = (name: string) => (line.outputs as Tensor[]).find((tensor) => tensor.name === name)?.data ?? [];
  const number = (name: string) => Number(output(name)[0]);
  const { alpha, sigma } = line.parameters;
  const counts = output("counts").map(Number);
  return {
    kind: "answer",
    answer: { label: number("label"), radius: number("radius"), pLower: number("p_lower"), samples: number("samples"), counts, alpha, sigma, draw: String(output("draw")[0]) },
  };
}
