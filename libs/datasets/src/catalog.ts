import { DatasetError } from './errors.ts';

/** A data set this package knows. */
export type DatasetName = (typeof datasetNames)[number];

/** All data sets, easiest first. */
export const datasetNames = ['fashion-mnist', 'cifar10', 'cifar100'] as const;

/** A file of the official release. */
export type Archive = {
  file: string;
  bytes: number;
  sha256: string;
  /** Where the release can be downloaded; the first that works counts. */
  urls: readonly string[];
};

/** What is known about a data set without having it. */
export type DatasetInfo = {
  name: string;
  title: string;
  classes: number;
  /** Colour channels of the original images; networks always get 3. */
  channels: 1 | 3;
  /** Side of the original square images, in pixels. */
  imageSide: number;
  trainImages: number;
  testImages: number;
  archives: readonly Archive[];
  homePage: string;
  licence: string;
  citation: string;
};

/** How records lie in the archives. */
export type RecordFormat =
  /** One tar.gz; a record is `labelBytes` label bytes (the last one counts), then the pixels, channel after channel. */
  | { kind: 'cifar'; folder: string; trainFiles: readonly string[]; testFiles: readonly string[]; labelBytes: number }
  /** Four gzipped IDX files. */
  | { kind: 'idx'; trainImages: string; trainLabels: string; testImages: string; testLabels: string };

/** A Debian package that holds the archives; its files may be gzipped differently, hence their own sums. */
export type DebianPackage = { package: string; folder: string; sha256: Readonly<Record<string, string>> };

export type DatasetDescription = DatasetInfo & {
  format: RecordFormat;
  /** Does a file of a mirror belong to this data set? */
  mirrorFiles: RegExp;
  debian?: DebianPackage;
};

export function isDatasetName(name: string): name is DatasetName {
  return (datasetNames as readonly string[]).includes(name);
}

/** What is known about a data set. Throws DatasetError `unknown-dataset`. */
export function datasetInfo(name: string): DatasetInfo {
  return describeDataset(name);
}

export function describeDataset(name: string): DatasetDescription {
  if (isDatasetName(name)) return descriptions[name];
  const message = `there is no data set "${name}"; use ${datasetNames.join(', ')}`;
  throw new DatasetError('unknown-dataset', message, { violations: [{ field: 'name', message }] });
}

const toronto = 'https://www.cs.toronto.edu/~kriz/';
const zalando = [
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/',
  'https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/',
];
const fashionArchive = (file: string, bytes: number, sha256: string): Archive => ({
  file,
  bytes,
  sha256,
  urls: zalando.map((home) => home + file),
});

const cifar = {
  channels: 3,
  imageSide: 32,
  trainImages: 50_000,
  testImages: 10_000,
  homePage: 'https://www.cs.toronto.edu/~kriz/cifar.html',
  licence: 'none stated; the authors ask that the report be cited',
  citation: 'A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009',
} as const;

const descriptions: Record<DatasetName, DatasetDescription> = {
  'fashion-mnist': {
    name: 'fashion-mnist',
    title: 'Fashion-MNIST',
    classes: 10,
    channels: 1,
    imageSide: 28,
    trainImages: 60_000,
    testImages: 10_000,
    homePage: 'https://github.com/zalandoresearch/fashion-mnist',
    licence: 'MIT',
    citation:
      'H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms, arXiv:1708.07747, 2017',
    archives: [
      fashionArchive(
        'train-images-idx3-ubyte.gz',
        26_421_880,
        '3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84',
      ),
      fashionArchive(
        'train-labels-idx1-ubyte.gz',
        29_515,
        'a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845',
      ),
      fashionArchive(
        't10k-images-idx3-ubyte.gz',
        4_422_102,
        '346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073',
      ),
      fashionArchive(
        't10k-labels-idx1-ubyte.gz',
        5_148,
        '67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5',
      ),
    ],
    format: {
      kind: 'idx',
      trainImages: 'train-images-idx3-ubyte.gz',
      trainLabels: 'train-labels-idx1-ubyte.gz',
      testImages: 't10k-images-idx3-ubyte.gz',
      testLabels: 't10k-labels-idx1-ubyte.gz',
    },
    mirrorFiles: /fashion-mnist/,
    // The package holds the same data; only the gzip headers lack the file name.
    debian: {
      package: 'dataset-fashion-mnist',
      folder: '/usr/share/datasets/fashion-mnist',
      sha256: {
        'train-images-idx3-ubyte.gz': 'b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7',
        'train-labels-idx1-ubyte.gz': '0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056',
        't10k-images-idx3-ubyte.gz': 'cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa',
        't10k-labels-idx1-ubyte.gz': '8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05',
      },
    },
  },
  cifar10: {
    ...cifar,
    name: 'cifar10',
    title: 'CIFAR-10',
    classes: 10,
    archives: [
      {
        file: 'cifar-10-binary.tar.gz',
        bytes: 170_052_171,
        sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
        urls: [`${toronto}cifar-10-binary.tar.gz`],
      },
    ],
    format: {
      kind: 'cifar',
      folder: 'cifar-10-batches-bin',
      trainFiles: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
      testFiles: ['test_batch.bin'],
      labelBytes: 1,
    },
    mirrorFiles: /(^|\/)cifar-10-[^/]*\.tar\.gz$/,
  },
  cifar100: {
    ...cifar,
    name: 'cifar100',
    title: 'CIFAR-100',
    classes: 100,
    archives: [
      {
        file: 'cifar-100-binary.tar.gz',
        bytes: 168_513_733,
        sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
        urls: [`${toronto}cifar-100-binary.tar.gz`],
      },
    ],
    // A record starts with the coarse label (20 superclasses); the fine one (100 classes) follows and is the one used.
    format: {
      kind: 'cifar',
      folder: 'cifar-100-binary',
      trainFiles: ['train.bin'],
      testFiles: ['test.bin'],
      labelBytes: 2,
    },
    mirrorFiles: /(^|\/)cifar-100-[^/]*\.tar\.gz$/,
  },
};
