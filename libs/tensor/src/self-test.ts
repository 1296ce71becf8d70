import { readFile } from 'node:fs/promises';
import type { Kernels, Tensor } from './kernels.ts';

/** One quantity that the engine computed, against the stored one. */
export type SelfTestResult = { readonly name: string; readonly largestError: number; readonly passed: boolean };

/** The numbers were computed in float64 by PyTorch (`make_self_test.py`); float32 engines come within this. */
const TOLERANCE = 1e-5;

type Numbers = { [operation: string]: { [quantity: string]: number[] } };

/**
 * Whether the engine computes right on this machine: convolution, its input and kernel gradients, BatchNorm and its
 * gradients against stored numbers. Takes milliseconds.
 */
export async function selfTest(kernels: Kernels): Promise<SelfTestResult[]> {
  const expected: Numbers = JSON.parse(await readFile(new URL('self-test.json', import.meta.url), 'utf8'));
  const tensors: Tensor[] = [];
  const own = <T extends Tensor>(tensor: T): T => {
    tensors.push(tensor);
    return tensor;
  };
  const wave = (shape: number[], p: number): Tensor => {
    const length = shape.reduce((product, n) => product * n, 1);
    return own(
      kernels.fromArray(
        Float32Array.from({ length }, (_, i) => Math.sin(0.7 * i + p)),
        shape,
      ),
    );
  };
  const results: SelfTestResult[] = [];
  const compare = (operation: string, quantity: string, tensor: Tensor) => {
    const found = kernels.read(own(tensor));
    const errors = expected[operation][quantity].map((value, i) => Math.abs(found[i] - value));
    const largestError = Math.max(...errors);
    results.push({ name: `${operation} ${quantity}`, largestError, passed: largestError < TOLERANCE });
  };
  try {
    for (const stride of [1, 2]) {
      const [x, kernel] = [wave([1, 4, 4, 2], 0), wave([3, 3, 2, 2], 1)];
      const y = kernels.conv2d(x, kernel, stride);
      const dy = wave([...y.shape], 2);
      compare(`conv${stride}`, 'y', y);
      compare(`conv${stride}`, 'dx', kernels.conv2dInputGradient(dy, kernel, x.shape, stride));
      compare(`conv${stride}`, 'dKernel', kernels.conv2dKernelGradient(dy, x, kernel.shape, stride));
    }
    const [x, scale, offset, dy] = [wave([2, 3, 3, 2], 0), wave([2], 1), wave([2], 2), wave([2, 3, 3, 2], 3)];
    const { y, saved } = kernels.batchNorm(x, scale, offset, { relu: false, statistics: false });
    for (const tensor of saved) own(tensor);
    compare('batchNorm', 'y', y);
    const gradient = kernels.batchNormGradient(dy, x, scale, saved);
    for (const quantity of ['dx', 'dScale', 'dOffset'] as const) compare('batchNorm', quantity, gradient[quantity]);
    return results;
  } finally {
    for (const tensor of tensors) kernels.free(tensor);
  }
}
