import { visibleLength } from './table.ts';
import type { Terminal } from './terminal.ts';

/** A bar of `width` characters, filled by a share from 0 to 1. */
export function bar(share: number, width = 24): string {
  const filled = Math.round(Math.min(1, Math.max(0, share || 0)) * width);
  return '━'.repeat(filled) + '╌'.repeat(width - filled);
}

/** Lines at the bottom of the terminal that are drawn over until they are done. */
export type LiveBlock = {
  /** Shows these lines in place of those before. */
  show(lines: readonly string[]): void;
  /** Leaves what is shown where it is; what is shown next starts below. */
  keep(): void;
  /** Takes away what is shown. */
  clear(): void;
};

/** A live block on stderr. Where nobody watches it does nothing: whoever uses it prints plain lines instead. */
export function liveBlock(terminal: Terminal): LiveBlock {
  if (!terminal.interactive) return { show: () => {}, keep: () => {}, clear: () => {} };
  let shown = 0;
  const up = () => (shown > 0 ? `\x1b[${shown}A` : '');
  return {
    show(lines) {
      if (lines.length === 0 && shown === 0) return;
      const width = (terminal.stderr.columns || 80) - 1;
      // One write a frame, every line cleared to its end: nothing flickers.
      const text = lines.map((line) => `${cutTo(line, width)}\x1b[K\n`).join('');
      terminal.stderr.write(`${up()}${text}\x1b[J`);
      shown = lines.length;
    },
    keep() {
      shown = 0;
    },
    clear() {
      if (shown > 0) terminal.stderr.write(`${up()}\x1b[J`);
      shown = 0;
    },
  };
}

/** A line that wraps would break the count of lines to go up. */
function cutTo(line: string, width: number): string {
  if (visibleLength(line) <= width) return line;
  let text = '';
  let length = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences take no room
  for (const [part] of line.matchAll(/\x1b\[[0-9;]*m|./gu)) {
    if (part.length > 1 && part.startsWith('\x1b')) text += part;
    else if (length < width - 1) {
      text += part;
      length++;
    }
  }
  return `${text}…`;
}
