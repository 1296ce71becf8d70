/**
 * Short name of a cost target, as used in labels and file names: `8mf`, `600mf`, `1.6gf` (multiply-adds; MF and GF are
 * 10^6 and 10^9). Different targets have different labels. Resource ids allow no dot: write it as a hyphen there.
 */
export function targetLabel(multiplyAdds: number): string {
  return multiplyAdds < 1e9 ? `${multiplyAdds / 1e6}mf` : `${multiplyAdds / 1e9}gf`;
}

/** A cost for people, to three significant digits: `8.02 MF`, `600 MF`, `1.6 GF`. */
export function formatMultiplyAdds(multiplyAdds: number): string {
  const rounded = Number(multiplyAdds.toPrecision(3));
  return rounded < 1e9
    ? `${Number((rounded / 1e6).toPrecision(3))} MF`
    : `${Number((rounded / 1e9).toPrecision(3))} GF`;
}
