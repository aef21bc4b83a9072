"""How the report looks, and the little that moves in it.

Owns the style sheet and the script. Both stand in the page and are named by their digest in its
content policy, so nothing else there can style or run. Without the script all is there to read.
"""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#16202b;--soft:#54606e;--line:#d9dee5;
--code:#eef1f5;--fail:#b3261e;--failbg:#fdeceb;--warn:#8a5300;--warnbg:#fff4df;--pass:#1b6b3a;
--passbg:#e8f5ec;--unknown:#4b5563;--unknownbg:#eef0f3;--one:#2457a6;--two:#b5532a;--grid:#e3e7ec;
--link:#1d4ed8}
@media(prefers-color-scheme:dark){:root{--bg:#0f141a;--card:#171e26;--ink:#e6ebf1;--soft:#a3afbd;
--line:#2c3743;--code:#0f151c;--fail:#ff9a91;--failbg:#3a1a1a;--warn:#ffc566;--warnbg:#33270f;
--pass:#7fd8a0;--passbg:#13291c;--unknown:#b6c0cc;--unknownbg:#222b35;--one:#7db2ff;--two:#ffa57a;
--grid:#26303b;--link:#8db9ff}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,
"Segoe UI",Roboto,"Noto Sans",sans-serif}
main,header,footer,nav{max-width:68rem;margin:0 auto;padding:0 1.25rem}
a{color:var(--link)}
a:focus-visible,summary:focus-visible,button:focus-visible,input:focus-visible{outline:3px solid
var(--link);outline-offset:2px;border-radius:.25rem}
header{padding-top:2rem}
h1{font-size:1.15rem;margin:0;font-weight:600;letter-spacing:.01em}
h2{font-size:1.3rem;margin:2.75rem 0 .75rem;line-height:1.25}
h3{font-size:1.05rem;margin:0;line-height:1.35;overflow-wrap:anywhere}
p{margin:.4rem 0}
.soft{color:var(--soft)}
.small{font-size:.875rem}
.meta{color:var(--soft);margin:.15rem 0 1.25rem;overflow-wrap:anywhere}
.banner{border-radius:.75rem;padding:1.35rem 1.5rem;border:1px solid;border-left-width:.5rem}
.banner .big{font-size:1.9rem;line-height:1.2;font-weight:700;margin:0;letter-spacing:-.01em}
.banner ul{margin:.8rem 0 0;padding:0;list-style:none}
.banner li{margin:.35rem 0;display:flex;gap:.6rem;overflow-wrap:anywhere}
.banner li a{color:inherit}
.fail{--mine:var(--fail);--minebg:var(--failbg)}
.warn{--mine:var(--warn);--minebg:var(--warnbg)}
.pass{--mine:var(--pass);--minebg:var(--passbg)}
.unknown{--mine:var(--unknown);--minebg:var(--unknownbg)}
.banner{background:var(--minebg);border-color:var(--mine)}
.banner .big{color:var(--mine)}
.alert{border:2px solid var(--fail);background:var(--failbg);border-radius:.75rem;
padding:.75rem 1.25rem;margin:0 0 1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;padding:0;margin:1rem 0 0}
.card{background:var(--card);border:1px solid var(--line);border-left:.35rem solid var(--mine);
border-radius:.6rem;padding:1rem 1.2rem;margin:.8rem 0}
.card:target,tr:target{outline:3px solid var(--link)}
.head{display:flex;gap:.65rem;align-items:baseline}
.badge{flex:none;color:var(--mine);background:var(--minebg);border:1px solid;border-radius:1rem;
padding:.05rem .6rem;font-size:.8rem;font-weight:700;white-space:nowrap}
.where{color:var(--soft);font-size:.85rem;margin:.1rem 0 .5rem}
.next{background:var(--code);border-radius:.45rem;padding:.6rem .85rem;margin:.6rem 0;
overflow-wrap:anywhere}
.next b{display:block;font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;
color:var(--soft)}
code,pre,.mono{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;
font-size:.86em}
code.run{display:block;width:fit-content;max-width:100%;background:var(--card);border:1px solid
var(--line);border-radius:.35rem;padding:.15rem .55rem;margin:.25rem 0;white-space:pre-wrap;
user-select:all}
.soft code.run{display:inline;border:0;padding:0;background:none}
.seen{list-style:none;margin:.5rem 0 0;padding:0}
.seen li{border-top:1px solid var(--line);padding:.4rem 0}
.seen code{display:block;white-space:pre-wrap;overflow-wrap:anywhere}
.seen span{color:var(--soft);font-size:.8rem;overflow-wrap:anywhere}
details{background:var(--card);border:1px solid var(--line);border-radius:.6rem;margin:.6rem 0;
padding:.2rem 1.2rem}
summary{cursor:pointer;padding:.6rem 0;font-weight:600}
.plain{list-style:none;margin:.2rem 0 .8rem;padding:0}
.plain li{padding:.4rem 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
.wide{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:.6rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .75rem;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:600;font-size:.8rem;white-space:nowrap}
td{overflow-wrap:anywhere;min-width:3.5rem}
td.kind{white-space:nowrap}
td.time{white-space:nowrap;font-variant-numeric:tabular-nums}
td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tr.bad td.what{font-weight:600}
tr.day th{background:var(--code)}
figure{background:var(--card);border:1px solid var(--line);border-radius:.6rem;margin:.8rem 0;
padding:.9rem 1.1rem}
figcaption{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;align-items:baseline}
figcaption b{font-size:1.02rem}
.plot{width:100%;height:auto;display:block;margin-top:.4rem;overflow:visible}
.plot text{fill:var(--soft);font:12px system-ui,sans-serif}
.grid{stroke:var(--grid);stroke-width:1}
.axis{stroke:var(--soft);stroke-width:1}
.l1{stroke:var(--one);fill:none;stroke-width:1.8;stroke-linejoin:round}
.l2{stroke:var(--two);fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-dasharray:6 3}
.b1{fill:var(--one);opacity:.16}
.b2{fill:var(--two);opacity:.14}
.most{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 4}
.gap{fill:var(--soft);opacity:.13}
.mark{stroke:var(--fail);stroke-width:1;stroke-dasharray:3 3}
.mark.calm{stroke:var(--soft)}
.plot .flag{fill:var(--fail);font-weight:700;font-size:11px}
.plot .flag.calm{fill:var(--soft)}
.key{white-space:nowrap}
.key svg{width:1.7rem;height:.7rem;vertical-align:middle;margin-right:.35rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.2rem;margin:0}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
.filter{display:none;gap:.4rem;flex-wrap:wrap;margin:.6rem 0;align-items:center}
.moves .filter{display:flex}
.filter button,.filter input{font:inherit;font-size:.85rem;padding:.25rem .7rem;border-radius:1rem;
border:1px solid var(--line);background:var(--card);color:var(--ink)}
.filter button[aria-pressed=true]{border-color:var(--link);box-shadow:inset 0 0 0 1px var(--link);
font-weight:700}
.filter input{flex:1 1 12rem;min-width:9rem}
footer{color:var(--soft);font-size:.85rem;padding-top:2.5rem;padding-bottom:3rem}
[hidden]{display:none!important}
@media(max-width:40rem){body{font-size:15px}main,header,footer,nav{padding-left:.8rem;
padding-right:.8rem}.banner{padding:1rem}.banner .big{font-size:1.5rem}
.card{padding:.8rem}.head{flex-wrap:wrap;gap:.3rem .6rem}dl{grid-template-columns:1fr}
dt{margin-top:.4rem;font-size:.85rem}
.moments thead,.files thead{display:none}.moments tr,.files tr{display:block;
border-top:1px solid var(--line);padding:.45rem .8rem}
.moments td,.files td,.moments th,.files th{display:block;border:0;padding:.05rem 0;width:auto;
text-align:left}.moments td.time,.moments td.kind,.moments td.no{display:inline-block;
margin-right:.6rem;min-width:0}.plot text{font-size:17px}.plot .flag{font-size:17px}
.plot .utc{display:none}}
@media print{:root{color-scheme:light;--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;
--code:#f3f3f3;--fail:#a11710;--failbg:#fff;--warn:#7a4a00;--warnbg:#fff;--pass:#1b6b3a;
--passbg:#fff;--unknown:#444;--unknownbg:#fff;--one:#2457a6;--two:#b5532a;--grid:#ddd;--link:#000}
body{font-size:10.5pt}nav,.filter{display:none!important}main,header,footer{max-width:none}
.card,figure,tr,.banner{break-inside:avoid}h2{break-after:avoid}.wide{overflow:visible}
header{padding-top:0}}
"""

# Filters the timeline by kind and by words. Nothing is fetched, nothing is kept.
SCRIPT = """
document.documentElement.classList.add("moves");
for (const box of document.querySelectorAll(".filter")) {
  const rows = [...document.querySelectorAll("#" + box.dataset.rows + " tbody tr")];
  const words = box.querySelector("input");
  const told = box.querySelector("output");
  let kind = "";
  const show = () => {
    const text = words.value.toLowerCase();
    let seen = 0;
    for (const row of rows) {
      if (row.className === "day") continue;
      row.hidden = Boolean(kind) ? row.dataset.kind !== kind : false;
      if (row.textContent.toLowerCase().indexOf(text) === -1) row.hidden = true;
      if (row.hidden === false) seen += 1;
    }
    told.textContent = seen + " shown";
  };
  words.addEventListener("input", show);
  for (const button of box.querySelectorAll("button")) button.addEventListener("click", () => {
    kind = button.dataset.kind === kind ? "" : button.dataset.kind;
    for (const each of box.querySelectorAll("button")) {
      each.setAttribute("aria-pressed", String(each.dataset.kind === kind));
    }
    show();
  });
}
window.addEventListener("beforeprint", () => {
  for (const each of document.querySelectorAll("details[data-print]")) each.open = true;
});
"""
