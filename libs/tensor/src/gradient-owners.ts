import type { Kernels, Tensor } from './kernels.ts';

/** Counts the owners of gradients, which several values can receive unchanged, so that those with one owner are computed in place. */
export class GradientOwners {
  readonly #kernels: Kernels;
  /** Of the tensors that have several. */
  readonly #counts = new Map<Tensor, number>();

  constructor(kernels: Kernels) {
    this.#kernels = kernels;
  }

  /** One more owner. */
  share(tensor: Tensor): Tensor {
    this.#counts.set(tensor, (this.#counts.get(tensor) ?? 1) + 1);
    return tensor;
  }

  /** One owner less; the last one frees the tensor. */
  drop(tensor: Tensor): void {
    const count = this.#counts.get(tensor) ?? 1;
    if (count > 2) this.#counts.set(tensor, count - 1);
    else if (count === 2) this.#counts.delete(tensor);
    else this.#kernels.free(tensor);
  }

  /** a + b, both of which are dropped. */
  sum(a: Tensor, b: Tensor): Tensor {
    const [first, second] = this.#counts.has(a) ? [b, a] : [a, b];
    const sum = this.#take(first, (taken) =>
      taken ? this.#kernels.addInto(first, second) : this.#kernels.add(first, second),
    );
    this.drop(second);
    return sum;
  }

  /** The gradient before the ReLU whose output is y; dy is dropped. */
  reluGradient(dy: Tensor, y: Tensor): Tensor {
    return this.#take(dy, (taken) =>
      taken ? this.#kernels.reluGradientInto(dy, y) : this.#kernels.reluGradient(dy, y),
    );
  }

  /** Drops a tensor while something is computed from it, which may take it over when it is the last owner's. */
  #take(tensor: Tensor, compute: (taken: boolean) => Tensor): Tensor {
    const taken = !this.#counts.has(tensor);
    const result = compute(taken);
    if (!taken) this.drop(tensor);
    return result;
  }
}
