// Talking to the server. Every refusal is a sentence for the reader; nothing is retried behind their back.
import { say, token } from "./page";

export class Refusal extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly status: number,
  ) {
    super(message);
  }
}

export async function ask<T>(path: string): Promise<T> {
  return read<T>(await send(path, { headers: { Accept: "application/json" } }));
}

export async function tellServer<T>(path: string, body: unknown = {}): Promise<T> {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": token };
  return read<T>(await send(path, { method: "POST", headers, body: JSON.stringify(body) }));
}

async function send(path: string, options: RequestInit): Promise<Response> {
  try {
    return await fetch(path, { ...options, credentials: "same-origin" });
  } catch {
    throw new Refusal(say("no_network"), "no_network", 0);
  }
}

async function read<T>(answer: Response): Promise<T> {
  const body = (await answer.json().catch(() => ({}))) as { error?: { message: string; code: string } };
  if (!answer.ok) throw new Refusal(body.error?.message ?? say("no_answer"), body.error?.code ?? "", answer.status);
  return body as T;
}
