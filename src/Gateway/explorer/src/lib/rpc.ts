/** JSON-RPC 2.0 over HTTP, with the node that this page came from, or the one named by ?node=. */

export class RpcError extends Error {
  constructor(readonly code: number, message: string, readonly data: Record<string, unknown>) {
    super(message);
  }
}

export interface Call {
  method: string;
  params: unknown;
}

interface Answer {
  id: number;
  result?: unknown;
  error?: { code: number; message: string; data?: Record<string, unknown> };
}

/** Where the node is; the folder of this page, unless the address says otherwise. */
export const node = new URL(new URLSearchParams(location.search).get('node') ?? './', location.href);

let lastId = 0;

export async function call<T>(method: string, params: unknown = {}): Promise<T> {
  const [answer] = await post([{ method, params }]);
  return resultOf<T>(answer);
}

/** Several calls in one request: their results, or the error of each that failed. */
export async function callAll<T>(calls: Call[]): Promise<(T | RpcError)[]> {
  if (calls.length === 0) {
    return [];
  }
  return (await post(calls)).map((answer) => {
    try {
      return resultOf<T>(answer);
    } catch (error) {
      if (error instanceof RpcError) {
        return error;
      }
      throw error;
    }
  });
}

async function post(calls: Call[]): Promise<Answer[]> {
  const requests = calls.map(({ method, params }) => ({ jsonrpc: '2.0', id: ++lastId, method, params }));
  const response = await fetch(node, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(requests.length === 1 ? requests[0] : requests),
  });
  const body: unknown = await response.json();
  const answers = (Array.isArray(body) ? body : [body]) as Answer[];
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  // A request that is refused as a whole is answered once, without an id.
  return requests.map(({ id }) => byId.get(id) ?? answers[0]!);
}

function resultOf<T>(answer: Answer | undefined): T {
  if (answer?.error) {
    throw new RpcError(answer.error.code, answer.error.message, answer.error.data ?? {});
  }
  if (answer?.result === undefined) {
    throw new Error('the node does not speak JSON-RPC');
  }
  return answer.result as T;
}
