import { type Method, methods } from './contracts.ts';

/** Requests that are granted, encoded, by the path of their method; and every text in them. */
export type ValidRequests = {
  readonly requests: ReadonlyMap<string, readonly Uint8Array[]>;
  readonly texts: readonly string[];
};

type Message = Record<string, unknown>;

/** Reads the jobs of a mesh, and makes of their names and specs requests of every method that takes one. */
export async function validRequests(
  ask: (method: Method, request: Uint8Array) => Promise<Uint8Array>,
): Promise<ValidRequests> {
  const found = new Map<string, Message[]>();
  const texts = new Set<string>();
  for (const list of methods.filter(({ name, service }) => name.startsWith('List') && !service.startsWith('Dead'))) {
    const all = list.decodeResponse(await ask(list, list.encode({ page_size: 3 }))) as Message;
    const jobs = Object.values(all).find(Array.isArray) as Message[] | undefined;
    if (!jobs) throw new Error(`${list.name} lists nothing: there is no request to start from`);
    const { next_page_token } = list.decodeResponse(await ask(list, list.encode({ page_size: 1 }))) as Message;
    found.set(list.path, [{ page_size: 2 }, { page_size: 1, page_token: next_page_token ?? '' }]);
    for (const method of methods.filter(({ service }) => service === list.service)) {
      const requests = jobs.flatMap((job) => requestsOf(method, job));
      if (requests.length > 0) found.set(method.path, requests);
    }
    for (const job of jobs) collectTexts(job, texts);
  }
  for (const method of methods.filter(({ service }) => service === 'FlopsEstimatorService')) {
    found.set(method.path, [COSTS]);
  }
  const requests = methods.flatMap((method) => {
    const messages = found.get(method.path);
    return messages ? [[method.path, messages.map((message) => method.encode(message))] as const] : [];
  });
  return { requests: new Map(requests), texts: [...texts] };
}

/** Requests of a method about such a job; none of one that takes no job. */
function requestsOf({ name, service }: Method, job: Message): Message[] {
  const kind = service.replace('Service', '');
  if (name.startsWith('List')) return [];
  if (!name.startsWith('Create')) return [{ name: job.name }];
  const field = kind.replace(/(?!^)[A-Z]/g, '_$&').toLowerCase();
  return [{ [`${field}_id`]: 'fuzzed-0', [field]: { spec: job.spec } }];
}

function collectTexts(value: unknown, texts: Set<string>): void {
  if (typeof value === 'string') texts.add(value);
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) collectTexts(each, texts);
}

const STAGE = {
  stride: 1,
  depth: { min: 1, max: 2 },
  width: { min: 1, max: 8 },
  depth_bin_size: 1,
  width_bin_size: 4,
};

/** What all methods of the estimator take, each some of it. */
const COSTS: Message = {
  input: { height: 8, width: 8, channels: 3, classes: 10 },
  search_space: { stem_width: 4, stages: [STAGE, STAGE] },
  depths_and_widths: [1, 2, 2, 8],
  stages: [1, 2].map(() => ({ depth: [0.5, 0.5], width: [0.25, 0.75] })),
  space: {
    stages: [1, 2].map(() => ({ depth: { min: 1, max: 2 }, width: { min: 1, max: 4 } })),
  },
  target_multiply_adds: 20_000,
};
