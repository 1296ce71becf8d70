import { palette } from './figures/theme.ts';

const variables = (scheme: 'light' | 'dark') =>
  Object.entries(palette)
    .map(([name, colours]) => `--${name}: ${colours[scheme]};`)
    .join(' ');

/** The style sheet of the page: one column, booktabs-like tables, figures that shrink with it; dark where the reader's system is. */
export const styleSheet = `
:root { color-scheme: light dark; ${variables('light')} }
@media (prefers-color-scheme: dark) { :root { ${variables('dark')} } }
@media print { :root { color-scheme: light; ${variables('light')} } }
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 3rem 1.5rem 5rem; max-width: 60rem;
  font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  counter-reset: section figure table;
}
header { border-bottom: 1px solid var(--grid); padding-bottom: 1.25rem; }
header p { margin: .25rem 0; color: var(--muted); }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; margin: 3.2rem 0 .6rem; counter-increment: section; }
h2::before { content: counter(section) "\\2003"; color: var(--muted); font-weight: 400; }
h3 { font-size: 1.05rem; margin: 2.2rem 0 .4rem; }
h2, h3 { break-after: avoid; }
p, ul { margin: .6rem 0; max-width: 46rem; }
a { color: inherit; text-decoration-color: var(--muted); text-underline-offset: .2em; }
nav ol { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: 1rem 0 0; padding: 0; font-size: .9rem; }
code, pre { font: .88em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; }
pre { overflow-x: auto; padding: .8rem 1rem; border: 1px solid var(--grid); border-radius: 4px; }
.lead { font-size: 1.08rem; }
.note { border-left: 3px solid var(--matched); padding: .1rem 0 .1rem .9rem; color: var(--ink); }
ul.note { list-style: none; }
figure { margin: 1.6rem 0 2rem; break-inside: avoid; }
figure svg { display: block; width: 100%; height: auto; }
figure svg .mark-rect path { shape-rendering: crispEdges; }
figcaption, caption { font-size: .875rem; line-height: 1.5; color: var(--muted); text-align: left; max-width: 50rem; }
figcaption { margin-top: .7rem; }
figcaption::before, caption::before { color: var(--ink); font-weight: 600; }
figcaption::before { counter-increment: figure; content: "Figure " counter(figure) ".\\2002"; }
caption::before { counter-increment: table; content: "Table " counter(table) ".\\2002"; }
.key { margin: 0 0 .5rem; font-size: .875rem; max-width: none; display: flex; flex-wrap: wrap; gap: .2rem 1.3rem; align-items: center; }
.key span { display: inline-flex; align-items: center; gap: .45em; }
.key i { flex: none; width: .7em; height: .7em; border-radius: 50%; background: var(--colour); }
.key i.hollow { background: none; border: 2px solid var(--colour); }
.key i.line { width: 1.5em; height: 0; border-radius: 0; background: none; border-top: 2px solid var(--colour); }
.key i.dashed { width: 1.5em; height: 0; border-radius: 0; background: none; border-top: 2px dashed var(--colour); }
.key i.box { border-radius: 1px; }
.key i.band { width: 1.2em; height: .9em; border-radius: 0; opacity: .25; }
.key i.ramp { width: 9em; height: .8em; border-radius: 0; background: linear-gradient(to right, transparent, var(--elite)); border: 1px solid var(--grid); }
.key i.arrow { width: 0; height: 0; border-radius: 0; background: none; border: .35em solid transparent; border-right: .5em solid var(--colour); border-left: 0; }
.scroll { overflow-x: auto; margin: 1.4rem 0 1.8rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; font-variant-numeric: tabular-nums; }
caption { padding-bottom: .5rem; }
thead { border-top: 2px solid var(--ink); border-bottom: 1px solid var(--ink); }
tbody { border-bottom: 2px solid var(--ink); }
tbody + tbody { border-top: 1px solid var(--grid); }
th { font-weight: 600; text-align: left; vertical-align: bottom; }
th, td { padding: .32rem .7rem .32rem 0; }
th:last-child, td:last-child { padding-right: 0; }
td { vertical-align: top; }
.number { text-align: right; }
td.number { white-space: nowrap; }
td.whole { white-space: nowrap; }
.space { width: 18rem; }
td code { overflow-wrap: normal; }
tr.chosen td { font-weight: 600; }
tr.group td { border-top: 1px solid var(--grid); }
.failed { color: var(--failure); }
details { margin: 1rem 0; }
summary { cursor: pointer; font-weight: 600; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1.25fr); gap: 0 2.5rem; }
@media (max-width: 44rem) { .pair { grid-template-columns: minmax(0, 1fr); } }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; }
  nav { display: none; }
  .scroll { overflow: visible; }
  .pair, tr { break-inside: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;
