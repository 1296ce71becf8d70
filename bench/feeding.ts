import { type Part, rowOf } from './part.ts';

type Feeding = { readonly made: number; readonly taken: number; readonly order: number };

/** feeding: what batches cost the thread that trains with them, made by itself and made ahead by another one; shortest times. */
export const feeding: Part = {
  id: 'feeding',
  what: 'batches made by the training thread against batches made ahead',
  async measure({ workload }) {
    const { made, taken, order } = await workload<Feeding>('feeding', [], { threads: 1 });
    return [
      rowOf('feeding/made', 'a batch of 64 images of 32x32, cut and mirrored, made by who trains', made, 'ms'),
      rowOf('feeding/taken', 'the same, made ahead: getting it', taken, 'ms'),
      rowOf('feeding/order', 'the order of an epoch of 25,000 images', order, 'ms'),
    ];
  },
};
