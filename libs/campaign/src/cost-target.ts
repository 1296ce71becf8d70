/**
 * Reads a cost in multiply-adds: `8MF`, `600 MF`, `1.6GF`, `250kF`, a plain number such as `8000000` or `8e6`. Upper and
 * lower case are the same and the F may be left out. Anything else, zero and negative costs give undefined.
 */
export function parseMultiplyAdds(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?(?:e\+?\d{1,2})?)\s*(?:([kmg])f?)?$/i.exec(text.trim());
  if (!match) return undefined;
  const exponent = { k: 3, m: 6, g: 9 }[match[2]?.toLowerCase() as 'k' | 'm' | 'g'] ?? 0;
  // Shifting the exponent in the text keeps 1.6GF at exactly 1.6e9.
  const [digits, shift = '0'] = match[1].toLowerCase().split('e');
  const cost = Number(`${digits}e${Number(shift) + exponent}`);
  return cost > 0 && cost <= Number.MAX_SAFE_INTEGER ? cost : undefined;
}
