/**
 * What `nss reproduce` can do, a line each. Here rather than with the experiments, whose library takes a while to load: the help text
 * must not wait for it.
 */
export const experimentSummaries: Readonly<Record<string, string>> = {
  fig3: 'error against FLOPs of Elite Spaces and of the search space, CIFAR-10',
  fig4: 'the same on CIFAR-100',
  fig5: 'NAS in spaces of growing size against the Elite Space: how many draws meet the target',
  fig6: 'errors of networks that keep design rules against those of Elite Spaces',
  fig9: 'as figure 3 at all thirteen targets, CIFAR-10',
  fig10: 'the same on CIFAR-100',
  table1: 'NAS on Elite Spaces and on the search space: FLOPs, draws, errors trained from scratch, CIFAR-10',
  table2: 'the same on CIFAR-100',
  observations: 'how often d1 <= d3 <= d2 and w1 <= w3 <= w2 hold in Elite Spaces (section 4.5)',
  baselines: 'Elite Spaces against spaces found without the task loss and random ones of the same cost',
  fidelity: 'whether the evaluation super network ranks networks as training from scratch does',
};
