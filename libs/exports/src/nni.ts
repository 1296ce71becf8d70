import { type ExportedSpace, parametersOf } from './exported-space.ts';

/** NNI's search space file (JSON). Its upper bounds are exclusive. */
export function toNni({ space }: ExportedSpace): string {
  const entries = parametersOf(space).map(({ name, range }) => [
    name,
    { _type: 'randint', _value: [range.min, range.max + 1] },
  ]);
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`;
}
