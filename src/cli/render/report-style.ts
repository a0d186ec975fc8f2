/** How a report looks in a browser, by day and by night; colours of states as everywhere in Waymark. */
export const reportStyle = `
:root { --ink: #1d2026; --quiet: #5b6068; --paper: #fff; --line: #d9dce1; --code: #f1f3f5;
  --good: #0e9d75; --reused: #40646c; --active: #0067e9; --waiting: #b0760f; --bad: #a1020c; --crashed: #540061 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eaee; --quiet: #a3a8b1; --paper: #12151b; --line: #333944; --code: #1f242d;
    --good: #59e3b5; --reused: #bed8f7; --active: #2f8dff; --waiting: #f8cc55; --bad: #f5302a; --crashed: #ce4ca8 }
}
* { box-sizing: border-box }
body { margin: 0; padding: 2rem 1rem; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif }
main, footer { max-width: 60rem; margin: 0 auto; overflow-wrap: anywhere }
h1 { margin: 0; font-size: 1.4rem; line-height: 1.3 }
h2 { margin: 1.5rem 0 .5rem; font-size: 1rem }
.facts, footer { color: var(--quiet) }
.facts { margin: .25rem 0 0 }
footer { margin-top: 2rem; font-size: .85rem }
.mark { display: inline-block; min-width: 1.25em; text-indent: 0 }
.good { color: var(--good) } .reused { color: var(--reused) } .active { color: var(--active) } .waiting { color: var(--waiting) }
.bad { color: var(--bad) } .crashed { color: var(--crashed) } .quiet { color: var(--quiet) }
table { width: 100%; border-collapse: collapse }
th, td { padding: .4rem .5rem .4rem 0; border-top: 1px solid var(--line); text-align: left; vertical-align: top }
th { width: 14rem; font-weight: 600 }
th { padding-left: 1.5em; text-indent: -1.5em }
ul { margin: 1.5rem 0 0; padding: 0; list-style: none }
li { display: flex; gap: .5rem; padding: .4rem 0; border-top: 1px solid var(--line) }
li > div { flex: 1; min-width: 0 }
.label { flex: none; width: 5rem; color: var(--quiet); font-weight: 400 }
code { display: inline-block; max-width: 100%; padding: .1em .35em; border-radius: 4px; background: var(--code); font: .9em ui-monospace, monospace; user-select: all }
@media (max-width: 40rem) {
  body { padding: 1rem }
  tr { display: block; padding: .4rem 0; border-top: 1px solid var(--line) }
  th, td { display: block; width: auto; padding: 0 0 0 1.5em; border: 0 }
}
@media print { body { padding: 0 } }
`
