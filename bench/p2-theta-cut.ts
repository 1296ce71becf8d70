import { type Part, rowOf } from './part.ts';

type Cut = { temperature: number; cut: number; time: number; loss: number; gradient: number };

/** Mixtures for each temperature. */
const DRAWS = 6;

/** P2-cut: what the cut of theta steps saves and changes while theta is even; one thread. */
export const thetaCut: Part = {
  id: 'P2-cut',
  what: 'time and error of theta steps that leave out what has next to no weight',
  async measure({ workload }) {
    const found = await workload<Cut[]>('theta-cut', [DRAWS], { threads: 1 });
    return found.flatMap(({ temperature, cut, time, loss, gradient }) => {
      const id = `P2-cut/${temperature}/${cut}`;
      const what = `cut ${cut} at temperature ${temperature}`;
      return [
        rowOf(`${id}/time`, `${what}: time against the whole step`, time, 'x'),
        rowOf(`${id}/loss`, `${what}: largest change of the loss`, loss, 'nats'),
        rowOf(`${id}/gradient`, `${what}: change of theta's gradient (root mean square)`, 100 * gradient, '%'),
      ];
    });
  },
};
