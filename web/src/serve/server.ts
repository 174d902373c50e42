// SPDX-License-Identifier: Apache-2.0
//
// What the page asks its server.

import { readError, readImages, readLine, readModel, readServer, type Model, type SampleImage, type Told } from "./read_answers";

// The server wants a token, or another one.
export class TokenNeeded extends Error {}

export async function modelOf(token: string): Promise<Model> {
  const { version, name } = readServer(await textOf(await fetch("v2", { headers: headers(token) })));
  const taken = readModel(await textOf(await fetch(`v2/models/${encodeURIComponent(name)}`, { headers: headers(token) })));
  return { name, version, ...taken };
}

// Images to try; none where the server has none.
export async function imagesOf(model: Model, token: string): Promise<SampleImage[]> {
  return readImages(await textOf(await fetch("demo/images", { headers: headers(token) })), model);
}

// Tells what the server tells, until its answer.
export async function certify(pixels: number[], model: Model, token: string, stop: AbortSignal, tell: (told: Told) => void): Promise<void> {
  const shape = [model.channels, model.height, model.width];
  const body = JSON.stringify({ inputs: [{ name: "image", datatype: "UINT8", shape, data: pixels }] });
  const response = await fetch("demo", { method: "POST", headers: { "Content-Type": "application/json", ...headers(token) }, body, signal: stop });
  if (!response.ok) await textOf(response);
  let answered = false;
  for await (const line of linesOf(response.body)) {
    const told = readLine(line, model);
    if (told.kind === "error") throw new Error(told.error);
    tell(told);
    answered ||= told.kind === "answer";
  }
  if (!answered) throw new Error("the server ended before its answer");
}

function headers(token: string): Record<string, string> {
  return token === "" ? {} : { Authorization: `Bearer ${token}` };
}

// The body. Throws what the server says where it refuses.
async function textOf(response: Response): Promise<string> {
  const body = await response.text();
  if (response.status === 401) throw new TokenNeeded("this server wants a token");
  if (!response.ok) throw new Error(readError(body) ?? `the server answered with status ${response.status}`);
  return body;
}

// Whole lines; what is behind the last of them is left out.
async function* linesOf(stream: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  if (stream === null) return;
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
