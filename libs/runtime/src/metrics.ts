import { type Attributes, type Meter, metrics } from '@opentelemetry/api';

/**
 * A metric, as the catalogue of its owner lists it. Counters only grow, histograms count how often values lie where, gauges say how
 * things are when somebody asks.
 */
export type Metric = {
  /** With dots; Prometheus sees underscores, and `_total` behind counters: `prometheusName`. */
  readonly name: string;
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** In UCUM, for example `s`, `By`, `{job}`, `1`. */
  readonly unit: string;
  /** What a value means, and what its attributes are. */
  readonly description: string;
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
};

/** The metrics of one owner, by what its code calls them. */
export type Catalogue = { readonly [name: string]: Metric };

type Observe = (value: number, attributes?: Attributes) => void;

type InstrumentOf<Kind extends Metric['kind']> = {
  counter: { add(value: number, attributes?: Attributes): void };
  histogram: { record(value: number, attributes?: Attributes): void };
  /** `read` is called whenever somebody asks, until the function that this gives is called. What it throws is nobody's value. */
  gauge: { observe(read: (observe: Observe) => void | Promise<void>): () => void };
}[Kind];

/** What a catalogue's metrics are recorded with. */
export type Instruments<Metrics extends Catalogue> = {
  readonly [Name in keyof Metrics]: InstrumentOf<Metrics[Name]['kind']>;
};

/** Upper bounds, in seconds, for what takes from a millisecond to an hour. */
export const SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1_000, 3_600];

/**
 * Instruments for a catalogue's metrics. They record nothing, at the price of a call, in processes whose metrics nobody wants
 * (`startTelemetry`).
 *
 * @param owner the package whose metrics they are.
 */
export function instrumentsOf<Metrics extends Catalogue>(owner: string, catalogue: Metrics): Instruments<Metrics> {
  const entries = Object.entries(catalogue).map(([name, metric]) => [name, makers[metric.kind](owner, metric)]);
  return Object.fromEntries(entries);
}

/** The name that a metric has for Prometheus; a histogram has `_bucket`, `_sum` and `_count` behind it. */
export function prometheusName({ name, kind }: Metric): string {
  return `${name.replaceAll(/[^a-zA-Z0-9]+/g, '_')}${kind === 'counter' ? '_total' : ''}`;
}

const makers = {
  counter(owner: string, metric: Metric): InstrumentOf<'counter'> {
    const counter = lazily(owner, (meter) => meter.createCounter(metric.name, metric));
    return { add: (value, attributes) => counter().add(value, attributes) };
  },
  histogram(owner: string, { buckets, ...metric }: Metric): InstrumentOf<'histogram'> {
    const advice = buckets && { explicitBucketBoundaries: [...buckets] };
    const histogram = lazily(owner, (meter) => meter.createHistogram(metric.name, { ...metric, advice }));
    return { record: (value, attributes) => histogram().record(value, attributes) };
  },
  gauge(owner: string, metric: Metric): InstrumentOf<'gauge'> {
    const gauge = lazily(owner, (meter) => meter.createObservableGauge(metric.name, metric));
    return {
      observe(read) {
        const created = gauge();
        const callback: Parameters<typeof created.addCallback>[0] = (result) =>
          read((value, attributes) => result.observe(value, attributes));
        created.addCallback(callback);
        return () => created.removeCallback(callback);
      },
    };
  },
};

/** Catalogues are made before telemetry starts, when every meter would be one that forgets. */
function lazily<Instrument>(owner: string, create: (meter: Meter) => Instrument): () => Instrument {
  let made: { provider: unknown; instrument: Instrument } | undefined;
  return () => {
    const provider = metrics.getMeterProvider();
    if (made?.provider !== provider) made = { provider, instrument: create(provider.getMeter(owner)) };
    return made.instrument;
  };
}
