// How the report looks, on screens and on paper.

export const styles = `
:root { color-scheme: light }
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 0 }
main { max-width: 78rem; margin: 0 auto; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.8rem; margin: 0 0 .5rem } h2 { margin-top: 2.2rem; border-bottom: 1px solid #ccc } h3 { margin: 1.4rem 0 .3rem }
.statement { background: #fff3cd; border-left: 4px solid #b58900; padding: .5rem .8rem; font-weight: 600 }
.cautions { background: #f4f4f4; padding: .6rem 1rem .6rem 2rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .8rem; width: 100% }
th, td { text-align: left; padding: .25rem .5rem; border-bottom: 1px solid #e2e2e2; white-space: nowrap; font-variant-numeric: tabular-nums }
thead th { border-bottom: 2px solid #999; white-space: normal; vertical-align: bottom } tbody th { font-weight: 600 }
figure { margin: 1rem 0; break-inside: avoid } figcaption { font-weight: 600 } figure p { font-size: .88rem; margin: .2rem 0; color: #333 }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem }
svg { width: 100%; max-width: 56rem; height: auto } svg text { font: 12px system-ui, sans-serif; fill: #222 }
.grid { stroke: #e3e3e3 } .reference { stroke: #888; stroke-dasharray: 4 3 }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; font-size: .85rem } .key i { display: inline-block; width: .9rem; height: .3rem; margin-right: .4rem; vertical-align: middle }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; font-size: .88rem } dt { font-weight: 600 } dd { margin: 0 }
code { overflow-wrap: anywhere; font-size: .85rem }
@media print { main { max-width: none; padding: 0 } h2 { break-after: avoid } th, td { padding: .15rem .35rem; font-size: .72rem; white-space: normal } }
`
