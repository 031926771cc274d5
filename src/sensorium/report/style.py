"""The page's style: one column on a phone, light and dark, no font and no file from elsewhere."""

LIGHT = """
--page:#ffffff;--box:#f6f7f9;--ink:#1b1f24;--soft:#57606a;--edge:#d8dee4;--accent:#1f66b0;
--second:#c2541b;--third:#6f42b5;--fourth:#1a7f4b;--good:#1a7f4b;--bad:#b42318;--on:#ffffff;
"""
DARK = """
--page:#14171a;--box:#1d2126;--ink:#e6e9ec;--soft:#a0aab4;--edge:#363d45;--accent:#6cb0f5;
--second:#f0a064;--third:#c3a3f5;--fourth:#5cc58c;--good:#5cc58c;--bad:#f47a70;--on:#0d1013;
"""

STYLE = (
    ":root{color-scheme:light dark;"
    + LIGHT
    + "}@media (prefers-color-scheme:dark){:root{"
    + DARK
    + """}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:1120px;margin:0 auto;padding:24px 20px 64px}
h1{font-size:clamp(1.35rem,3.2vw,2rem);line-height:1.25;margin:.2em 0 .4em;text-wrap:balance}
h2{font-size:1.3rem;margin:2.2em 0 .6em;padding-bottom:.25em;border-bottom:1px solid var(--edge)}
h3{font-size:1rem;margin:0 0 .5em}
p{margin:.4em 0 .8em;max-width:75ch}
.over{color:var(--soft);margin:0;font-size:.9rem}
.muted{color:var(--soft);font-size:.9rem}
.also{font-size:1.05rem;margin:.1em 0}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em;overflow-wrap:anywhere}
h1 code{font-size:.95em}
code{background:var(--box);border-radius:4px;padding:0 .25em}
pre{background:var(--box);border:1px solid var(--edge);border-radius:8px;padding:12px;overflow:auto;
max-height:70vh;overflow-wrap:normal}
nav{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:.92rem;margin:18px 0 0}
a{color:var(--accent)}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:12px 24px;margin:20px 0}
dl.facts dt{color:var(--soft);font-size:.82rem}
dl.facts dd{margin:0;overflow-wrap:anywhere}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;font-size:.93rem;font-variant-numeric:tabular-nums}
th,td{padding:5px 14px 5px 0;text-align:left;vertical-align:middle;border-bottom:1px solid var(--edge)}
th{color:var(--soft);font-weight:500;font-size:.85rem;vertical-align:bottom}
td.figure,th.figure{text-align:right;white-space:nowrap}
td:first-child{overflow-wrap:anywhere;min-width:7em}
table.text td{vertical-align:top;min-width:6em;max-width:36em;overflow-wrap:anywhere}
table.strips td{border-bottom-color:transparent;padding-top:2px;padding-bottom:2px}
table.ladder td:first-child{min-width:11em}
table small{display:block;color:var(--soft);font-size:.8rem;line-height:1.25}
.chosen{font-weight:650}
.badge{display:inline-block;font-size:.75rem;font-weight:600;border-radius:9px;padding:0 8px;margin-left:6px;
background:var(--accent);color:var(--on);white-space:nowrap}
.badge.good{background:var(--good)}.badge.bad{background:var(--bad)}.badge.plain{background:var(--soft)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));gap:16px}
.cards.wide{grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr))}
.card{background:var(--box);border:1px solid var(--edge);border-radius:10px;padding:14px;min-width:0}
.card p{margin:.2em 0}
.card .said{margin:0 0 .5em}
.cells{display:grid;grid-template-columns:minmax(4em,auto) 1fr;gap:6px 12px;margin:0;font-size:.92rem}
.cells dt{color:var(--soft);overflow-wrap:anywhere}
.cells dd{margin:0;min-width:0;overflow-wrap:anywhere;white-space:pre-line}
.cells img{display:block;max-width:160px;height:auto;border:1px solid var(--edge);border-radius:4px}
.cells img.tiny{width:112px;image-rendering:pixelated}
.cells audio,.cells video{width:100%;max-width:260px;height:36px;display:block}
.cells video{height:auto}
.gone{color:var(--soft);font-style:italic}
.true{color:var(--good);font-weight:600}.false{color:var(--bad);font-weight:600}
details{margin:.8em 0}
summary{cursor:pointer;color:var(--accent)}
svg{display:block}
svg.chart{width:100%;max-width:560px;height:auto}
svg.heat{width:auto;max-width:100%}
svg.column{width:100%;max-width:320px;height:auto;margin:.3em 0}
svg.missing{max-width:none}
.scroll+.cards,p+.cards{margin-top:14px}
.card .pair{margin:.5em 0}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:12px}
figure{margin:0;min-width:0;overflow-wrap:anywhere;font-size:.92rem}
figure img,.cells img{max-width:100%}
figure img{display:block;max-width:160px;height:auto;border:1px solid var(--edge);border-radius:4px}
figure img.tiny{width:112px;max-width:100%;image-rendering:pixelated}
figure audio,figure video{width:100%;height:36px;display:block}
figcaption{color:var(--soft);font-size:.82rem}
svg.spark{width:100%;max-width:260px;height:auto}
.curve.thin{stroke-width:1.2;stroke-dasharray:none}
svg.strip{width:240px;height:24px}
svg text{font-size:12px;fill:var(--soft)}
svg text.title{fill:var(--ink)}
svg text.middle{text-anchor:middle}svg text.end{text-anchor:end}
svg text.in{fill:var(--ink);font-size:11px}svg text.strong{fill:var(--on)}
.grid{stroke:var(--edge);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
.ideal{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:5 4}
.mark{fill:var(--accent)}.mark2{fill:var(--second)}
.mark.best{fill:var(--second)}.mark.plus{fill:var(--good)}.mark.minus{fill:var(--bad)}.mark.flat{fill:var(--soft)}
.whisker{stroke:var(--accent);stroke-width:2}
.whisker.best{stroke:var(--second)}.whisker.plus{stroke:var(--good)}.whisker.minus{stroke:var(--bad)}
.whisker.flat{stroke:var(--soft)}
.mark.soft{fill-opacity:.3}
.point{fill:var(--accent);fill-opacity:.45}
.reach{stroke:var(--accent);stroke-opacity:.25;stroke-width:1.5}
.curve{fill:none;stroke-width:2}
.curve.line0{stroke:var(--accent)}.curve.line1{stroke:var(--second);stroke-dasharray:6 3}
.curve.line2{stroke:var(--third)}.curve.line3{stroke:var(--fourth)}
.spot.line0{fill:var(--accent)}.spot.line1{fill:var(--second)}
.spot.line2{fill:var(--third)}.spot.line3{fill:var(--fourth)}
.cell.right{fill:var(--accent)}.cell.wrong{fill:var(--second)}
@media (max-width:640px){main{padding:16px 14px 48px}th,td{padding-right:10px}h2{margin-top:1.7em}
svg.strip{width:140px}svg.strip text{font-size:17px}
td:first-child,table.ladder td:first-child{min-width:5em}table.ladder small{display:none}.card{padding:11px}}
@media print{.card{break-inside:avoid}nav{display:none}}
"""
)
