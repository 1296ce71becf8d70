import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Header } from 'tar';
import { cifarRecords } from './synthetic.ts';

/* Archives that nobody packs by mistake: entries that climb, link, are devices or lie about their size, and bytes that were changed. */

type Entry = {
  readonly path: string;
  readonly type: Header['type'];
  readonly linkpath: string;
  readonly body: Uint8Array;
  /** As the header has it. */
  readonly size: number;
  readonly isSumRight: boolean;
};

const BLOCK = 512;
const GOOD = ['batch_1.bin', 'batch_2.bin', 'batch_3.bin', 'test.bin'].map((name) => `small-bin/${name}`);

/** What the descriptions of tests ask for, so that an archive may also be right. */
const goodEntry = (path: string, i: number): Entry => {
  const body = cifarRecords(2 * i, 2, 1);
  return { path, type: 'File', linkpath: '', body, size: body.length, isSumRight: true };
};

/** An entry of any kind; `outside` is a folder that it may aim at. */
const entry = (outside: string): fc.Arbitrary<Entry> => {
  const place = fc.constantFrom(
    ...GOOD,
    ...GOOD.map((path) => `./${path}`),
    'small-bin',
    'small-bin/',
    '.',
    '..',
    '/',
    '../escaped',
    '../../../../escaped',
    'small-bin/../../escaped',
    'small-bin/batch_1.bin/../../../escaped',
    'small-bin/batch_1.bin/below',
    `${outside}/escaped`,
    'C:\\escaped',
    'small-bin\\batch_1.bin',
    'a'.repeat(99),
    '\u0000',
    '__proto__',
  );
  return fc
    .record({
      path: place,
      type: fc.constantFrom(
        'File',
        'OldFile',
        'Link',
        'SymbolicLink',
        'CharacterDevice',
        'BlockDevice',
        'Directory',
        'FIFO',
        'ContiguousFile',
        'ExtendedHeader',
        'GlobalExtendedHeader',
        'NextFileHasLongPath',
        'NextFileHasLongLinkpath',
        'SparseFile',
      ),
      linkpath: fc.oneof(place, fc.constantFrom('/etc/passwd', outside, `${outside}/kept.txt`, '../../../kept.txt')),
      body: fc.oneof(
        fc.constant(cifarRecords(0, 1, 1)),
        fc.uint8Array({ maxLength: 2_000 }),
        fc.constantFrom('30 path=../../escaped\n', '../../../escaped').map((text) => Buffer.from(text)),
      ),
      lie: fc.option(fc.constantFrom(0, 1, 2 ** 20, 2 ** 33, 2 ** 33 - 1), { freq: 4 }),
      isSumRight: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    })
    .map(({ lie, ...rest }) => ({ ...rest, size: lie ?? rest.body.length }) as Entry);
};

/** Bytes of a tar.gz. */
export function hostileTarGz(outside: string): fc.Arbitrary<Buffer> {
  const entries = fc
    .tuple(fc.boolean(), fc.array(entry(outside), { maxLength: 5 }), fc.nat(4))
    .map(([isWhole, hostile, at]) => (isWhole ? GOOD.map(goodEntry).toSpliced(at, 0, ...hostile) : hostile));
  return changed(entries.map((all) => Buffer.concat([...all.map(blocksOf), Buffer.alloc(2 * BLOCK)])));
}

/** Such bytes gzipped; of half of them a few are changed, before or after, or there are fewer or more. */
export function changed(plain: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const noise = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 });
  const change = fc.oneof(
    { weight: 6, arbitrary: fc.constant((bytes: Buffer) => gzipSync(bytes)) },
    noise.map((spots) => (bytes: Buffer) => gzipSync(noisy(bytes, spots))),
    noise.map((spots) => (bytes: Buffer) => noisy(gzipSync(bytes), spots)),
    fc.nat().map((to) => (bytes: Buffer) => cutShort(gzipSync(bytes), to)),
    fc.nat().map((to) => (bytes: Buffer) => gzipSync(cutShort(bytes, to))),
    fc.uint8Array({ maxLength: 600 }).map((more) => (bytes: Buffer) => Buffer.concat([gzipSync(bytes), more])),
    fc.constant((bytes: Buffer) => gzipSync(gzipSync(bytes))),
    fc.constant((bytes: Buffer) => bytes),
  );
  return fc.tuple(plain, change).map(([bytes, apply]) => apply(bytes));
}

function noisy(bytes: Buffer, spots: readonly (readonly [number, number])[]): Buffer {
  const other = Buffer.from(bytes);
  for (const [at, flip] of spots) if (other.length > 0) other[at % other.length] ^= flip;
  return other;
}

const cutShort = (bytes: Buffer, to: number) => bytes.subarray(0, bytes.length === 0 ? 0 : to % bytes.length);

function blocksOf({ body, isSumRight, ...header }: Entry): Buffer {
  const block = Buffer.alloc(BLOCK);
  new Header({ ...header, mode: 0o4755, mtime: new Date(0), uid: 0, gid: 0 }).encode(block, 0);
  if (!isSumRight) block[148] ^= 1;
  return Buffer.concat([block, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK)]);
}
