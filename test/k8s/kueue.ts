/*
 * The part of Kueue's API, kueue.x-k8s.io/v1beta2, that the manifests use, after its reference. No package of models has it.
 */

type Meta<Kind extends string> = {
  apiVersion: 'kueue.x-k8s.io/v1beta2';
  kind: Kind;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
};

type Selector = {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'; values?: string[] }[];
};

export type IResourceFlavor = Meta<'ResourceFlavor'> & {
  spec?: { nodeLabels?: Record<string, string>; nodeTaints?: { key: string; value?: string; effect: string }[] };
};

export type IClusterQueue = Meta<'ClusterQueue'> & {
  spec: {
    cohortName?: string;
    namespaceSelector?: Selector;
    queueingStrategy?: 'StrictFIFO' | 'BestEffortFIFO';
    stopPolicy?: 'None' | 'Hold' | 'HoldAndDrain';
    resourceGroups?: {
      coveredResources: string[];
      flavors: {
        name: string;
        resources: {
          name: string;
          nominalQuota: string | number;
          borrowingLimit?: string | number;
          lendingLimit?: string | number;
        }[];
      }[];
    }[];
  };
};

export type ILocalQueue = Meta<'LocalQueue'> & {
  spec: { clusterQueue: string; stopPolicy?: 'None' | 'Hold' | 'HoldAndDrain' };
};
