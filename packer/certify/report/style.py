"""How the checklist looks, on a screen and on paper.

Owns one style sheet. Colours say nothing that the words beside them do not.
"""

STYLE = """
:root{--ink:#1c2430;--soft:#5c6675;--line:#dfe3e8;--paper:#fff;--ground:#f4f5f7;--good:#1a7f4b;
--bad:#b3261e;--warn:#9a6400;--skip:#8a93a0;--link:#22569c}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa4b2;--line:#333c48;
--paper:#1b212a;--ground:#12161c;--good:#54c58b;--bad:#ff8078;--warn:#e5b34d;--skip:#6f7a88;
--link:#8db8f2}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:72rem;margin:0 auto;padding:2rem 1.25rem 4rem}
header{background:var(--paper);border:1px solid var(--line);border-top:6px solid var(--good);
border-radius:8px;padding:1.5rem 1.75rem}
header.bad{border-top-color:var(--bad)}
header p{margin:.25rem 0}
.kind{color:var(--soft);font-size:.85rem}
h1{margin:0;font-size:1.6rem;line-height:1.25;overflow-wrap:anywhere}
.verdict{font-size:1.15rem;font-weight:600;color:var(--good)}
.bad .verdict{color:var(--bad)}
.bar{display:flex;gap:2px;height:10px;margin-top:1rem;border-radius:5px;overflow:hidden}
.bar i{background:var(--skip)}
.bar .pass{background:var(--good)}.bar .fail,.bar .error{background:var(--bad)}
.bar .warn{background:var(--warn)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:.75rem 1.5rem;
margin:1.5rem 0;padding:0 .25rem}
dt{color:var(--soft);font-size:.8rem}dd{margin:0;overflow-wrap:anywhere}
h2{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;
margin:2.25rem 0 .75rem;font-size:1.2rem}
h2 small{font-weight:400;font-size:.85rem;color:var(--soft)}
table{width:100%;border-collapse:collapse;background:var(--paper);border:1px solid var(--line);
border-radius:8px;overflow:hidden;table-layout:fixed}
th{text-align:left;font-size:.8rem;font-weight:600;color:var(--soft)}
th,td{padding:.55rem .8rem;border-bottom:1px solid var(--line);vertical-align:top;
overflow-wrap:anywhere}
tbody tr:last-child td{border-bottom:0}
th:nth-child(1){width:32%}th:nth-child(3){width:9rem}
section:last-child th:nth-child(3){width:38%}
td p,td ul,.todo p,.todo ul{margin:0}td ul,.todo ul{padding-left:1.1rem}
td{font-size:.9rem}.clause{color:var(--soft);font-size:.82rem}
a{color:var(--link)}
.tag{white-space:nowrap;font-weight:600;color:var(--skip)}
.tag::before{content:"";display:inline-block;width:.6em;height:.6em;margin-right:.45em;
border-radius:50%;background:currentColor}
.tag.pass{color:var(--good)}.tag.fail,.tag.error{color:var(--bad)}.tag.warn{color:var(--warn)}
.todo{background:var(--paper);border:1px solid var(--line);border-left:4px solid var(--bad);
border-radius:8px;padding:.75rem 1.25rem .75rem 2.5rem;margin:0}
.todo li{padding:.35rem 0;overflow-wrap:anywhere}.todo ul li{padding:0}
.fix{color:var(--soft)}.fix::before{content:"To mend it: "}
@media screen and (max-width:44rem){main{padding:1rem .75rem 3rem}
table,tbody,tr,td{display:block;width:auto}thead{display:none}tr{padding:.5rem 0;
border-bottom:1px solid var(--line)}tbody tr:last-child{border-bottom:0}
td{border-bottom:0;padding:.2rem .8rem}}
@media print{:root{--ink:#1c2430;--soft:#5c6675;--line:#dfe3e8;--paper:#fff;--good:#1a7f4b;
--bad:#b3261e;--warn:#9a6400;--skip:#8a93a0;--link:#22569c}
body{background:#fff;font-size:10pt}main{max-width:none;padding:0}
tr,.todo>li{break-inside:avoid}thead{display:table-header-group}h2{break-after:avoid}
header,table,.todo{border-radius:0}}
"""
