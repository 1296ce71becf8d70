import type { Architecture, SearchSpace, StageMixture } from '@nss/space';
import type { Checkpoint, Trainer, WeightStep } from './trainer.ts';

/** A trainer that computes formulas in place of tensors, and the log of what it was asked. */
export type AnalyticTrainer = Trainer & { readonly log: string[] };

/** Stored weights by checkpoint id, for example a Map; share it between trainers as trainers share a checkpoint store. */
export type AnalyticCheckpoints = {
  get(checkpointId: string): Promise<StoredSkill | undefined> | StoredSkill | undefined;
  set(checkpointId: string, stored: StoredSkill): unknown;
};

export type StoredSkill = { readonly skill: number; readonly digest: string };

/**
 * A deterministic trainer for tests. Its "weights" are one number, the skill, which every weight step raises; loss falls
 * smoothly with skill, depth and width, so larger networks make fewer errors and theta's gradient is exact.
 */
export function analyticTrainer(space: SearchSpace, checkpoints: AnalyticCheckpoints = new Map()): AnalyticTrainer {
  let skill = 0;
  const log: string[] = [];
  const termsOf = (depths: readonly number[], widths: readonly number[]) =>
    space.stages.map((stage, i) => ({
      depth: Math.exp(-depths[i] / stage.depth.max),
      width: Math.exp(-widths[i] / stage.width.max),
    }));
  const factor = () => 0.5 * (1 + Math.exp(-skill));
  const lossOf = ({ stages }: Architecture) => {
    const terms = termsOf(
      stages.map(({ depth }) => depth),
      stages.map(({ width }) => width),
    );
    return factor() * terms.reduce((loss, { depth, width }) => loss + depth + width, 0);
  };
  const find = async ({ checkpointId, digest }: Checkpoint) => {
    const stored = await checkpoints.get(checkpointId);
    if (stored?.digest !== digest) throw new Error(`checkpoint ${checkpointId} is not the one that was saved`);
    return stored;
  };
  return {
    log,
    async weightSteps(split, steps: readonly WeightStep[]) {
      log.push(`weights ${split} ${steps.map(({ iteration }) => iteration).join(' ')}`);
      return steps.map(({ architecture, learningRate }) => {
        const loss = lossOf(architecture);
        skill += learningRate * loss * 0.1;
        return loss;
      });
    },
    async thetaStep(iteration, mixture: readonly StageMixture[]) {
      log.push(`theta ${iteration}`);
      const expected = (values: readonly number[], weights: readonly number[]) =>
        values.reduce((sum, value, j) => sum + value * weights[j], 0);
      const terms = termsOf(
        mixture.map(({ depths, depthWeights }) => expected(depths, depthWeights)),
        mixture.map(({ widths, widthWeights }) => expected(widths, widthWeights)),
      );
      return {
        loss: factor() * terms.reduce((loss, { depth, width }) => loss + depth + width, 0),
        gradients: mixture.map(({ depths, widths }, i) => ({
          depthWeights: depths.map((depth) => (-factor() * terms[i].depth * depth) / space.stages[i].depth.max),
          widthWeights: widths.map((width) => (-factor() * terms[i].width * width) / space.stages[i].width.max),
        })),
      };
    },
    async taskLosses(iteration, architectures) {
      log.push(`theta ${iteration}`);
      return architectures.map(lossOf);
    },
    async evaluate(architectures) {
      log.push(`evaluate ${architectures.length}`);
      const losses = architectures.map(lossOf);
      return { errorsPercent: losses.map((loss) => 100 * (1 - Math.exp(-loss))), losses };
    },
    async exportNetwork(artifact) {
      log.push(`export ${artifact}`);
    },
    async save(checkpointId): Promise<Checkpoint> {
      log.push(`save ${checkpointId}`);
      const digest = `SHA-256=${skill}`;
      await checkpoints.set(checkpointId, { skill, digest });
      return { checkpointId, digest, bytes: 8 };
    },
    async load(checkpoint) {
      log.push(`load ${checkpoint.checkpointId}`);
      skill = (await find(checkpoint)).skill;
    },
    async average(shares) {
      log.push(`average ${shares.length}`);
      const total = shares.reduce((sum, { samples }) => sum + samples, 0);
      let mean = 0;
      for (const { checkpoint, samples } of shares) mean += (samples / total) * (await find(checkpoint)).skill;
      skill = mean;
    },
  };
}
