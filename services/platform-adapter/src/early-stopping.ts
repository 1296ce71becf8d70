import { quantile } from '@nss/analysis';
import { type FieldViolation, katib } from '@nss/contracts';
import { connect, failedPrecondition, type Implementation, invalidArgument } from '@nss/rpc';
import { type Cluster, markEarlyStopped } from './cluster.ts';

/**
 * Katib's EarlyStopping service with the algorithm `medianstop` and the settings of Katib's own: a trial stops when its objective is
 * worse than the median of what the succeeded trials measured at first (Golovin et al., "Google Vizier", 2017, section 3.2.2). Nothing
 * is kept between calls. `cluster` is where trials are marked; without it nothing can be.
 */
export function earlyStoppingService(cluster: Cluster | undefined): Implementation<typeof katib.EarlyStoppingService> {
  return {
    async getEarlyStoppingRules({ experiment, trials, dbManagerAddress }, { signal }) {
      const { minTrialsRequired, startStep } = toSettings(experiment?.spec?.earlyStopping);
      const objective = experiment?.spec?.objective;
      const metricName = objective?.objectiveMetricName ?? '';
      const succeeded = trials.filter(
        ({ status }) => status?.condition === katib.TrialStatusTrialConditionType.SUCCEEDED,
      );
      if (succeeded.length < minTrialsRequired) return { earlyStoppingRules: [] };
      const logs = await observationsOf(succeeded, metricName, dbManagerAddress, signal);
      const means = logs.map((values) => values.slice(0, startStep)).flatMap((first) => meanOf(first) ?? []);
      if (means.length < minTrialsRequired) return { earlyStoppingRules: [] };
      const comparison =
        objective?.type === katib.ObjectiveType.MAXIMIZE ? katib.ComparisonType.LESS : katib.ComparisonType.GREATER;
      return { earlyStoppingRules: [{ name: metricName, value: String(quantile(means, 0.5)), comparison, startStep }] };
    },

    async setTrialStatus({ trialName }, { signal }) {
      if (!trialName) throw invalidArgument([{ field: 'trial_name', description: 'expected the name of a trial' }]);
      if (!cluster) throw failedPrecondition('trials are marked in Kubernetes, and this process does not run there');
      await markEarlyStopped(trialName, cluster, signal);
      return {};
    },

    async validateEarlyStoppingSettings({ earlyStopping }) {
      toSettings(earlyStopping);
      return {};
    },
  };
}

type Settings = {
  /** Trials that must have succeeded before any is stopped. */
  readonly minTrialsRequired: number;
  /** Values that are measured before a trial is judged, and on which the others are. */
  readonly startStep: number;
};

/** The settings, with Katib's defaults. Throws INVALID_ARGUMENT. */
function toSettings(spec: katib.EarlyStoppingSpec | undefined): Settings {
  const violations: FieldViolation[] = [];
  const { algorithmName = '', algorithmSettings = [] } = spec ?? {};
  if (algorithmName !== 'medianstop') {
    violations.push({ field: 'algorithm_name', description: `expected medianstop, found "${algorithmName}"` });
  }
  const settings: Record<string, number> = { min_trials_required: 3, start_step: 4 };
  for (const { name, value } of algorithmSettings) {
    const field = `algorithm_settings.${name}`;
    if (!Object.hasOwn(settings, name)) {
      violations.push({ field, description: 'unknown setting; expected min_trials_required or start_step' });
    } else if (!/^[1-9]\d{0,8}$/.test(value)) {
      violations.push({ field, description: `expected a whole number from 1, found "${value}"` });
    } else settings[name] = Number(value);
  }
  if (violations.length > 0) throw invalidArgument(violations);
  return { minTrialsRequired: settings.min_trials_required, startStep: settings.start_step };
}

/** What trials have measured of a metric, oldest first, from Katib's store. */
async function observationsOf(
  trials: readonly katib.Trial[],
  metricName: string,
  dbManagerAddress: string,
  signal: AbortSignal,
): Promise<number[][]> {
  const dbManager = connect(katib.DBManagerService, dbManagerAddress);
  try {
    return await Promise.all(
      trials.map(async ({ name: trialName }) => {
        const request = { trialName, metricName, startTime: '', endTime: '' };
        const { observationLog } = await dbManager.getObservationLog(request, { signal });
        return (observationLog?.metricLogs ?? []).map(({ metric }) => Number(metric?.value)).filter(Number.isFinite);
      }),
    );
  } finally {
    dbManager.close();
  }
}

const meanOf = (values: readonly number[]): number | undefined =>
  values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;
