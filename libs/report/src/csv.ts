/** One field; undefined and numbers that are not finite become empty fields. */
export type CsvField = string | number | undefined;

/** Writes CSV as RFC 4180 says, with a header line; numbers in full precision. */
export function writeCsv(header: readonly string[], rows: readonly (readonly CsvField[])[]): string {
  return [header, ...rows].map((row) => `${row.map(csvField).join(',')}\r\n`).join('');
}

function csvField(field: CsvField): string {
  if (field === undefined || (typeof field === 'number' && !Number.isFinite(field))) return '';
  const text = String(field);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
