"""Charts to choose from, drawn as buttons: each is reached by keyboard, says its numbers, and is redrawn in place. Python alone says what is
chosen; the browser says what was pressed."""
from collections.abc import Callable, Collection

import streamlit as st

from dashboard.figures.cohort import Chart
from dashboard.views import session

_HTML = """
<div class="room"><div class="legend" aria-hidden="true"></div><div class="chart" role="group"></div><div class="tip" aria-hidden="true"></div></div>
"""
_CSS = """
.room { --page: var(--st-background-color); --text: var(--st-text-color); --mark: var(--st-link-color);
  --line: color-mix(in srgb, var(--text) 60%, var(--page)); --faint: color-mix(in srgb, var(--text) 14%, var(--page));
  position: relative; display: flex; flex-direction: column; font: 400 12px/1.3 var(--st-font); color: var(--text); }
.chart { flex: 1; min-height: 0; overflow: auto; scrollbar-width: thin; }
button { all: unset; box-sizing: border-box; cursor: pointer; }
button:focus-visible { outline: 2px solid var(--mark); outline-offset: -2px; border-radius: 3px; }
.some button:not([aria-checked=true]) .part, .some button:not([aria-checked=true]) .second { opacity: .4; }
button[aria-checked=true] { font-weight: 700; }
.part { box-sizing: border-box; transition: width .12s, height .12s; }
.solid { background: var(--mark); }
.hollow { border: 1px solid var(--mark); }
.dotted { background: radial-gradient(var(--line) 1px, transparent 1.2px) 0 0 / 5px 5px; }
.hatched { background: repeating-linear-gradient(135deg, var(--line) 0 1px, transparent 1px 5px); border: 1px solid var(--line); }
.lying button { display: grid; grid-template-columns: minmax(90px, 42%) 1fr 38px; gap: 8px; align-items: center; width: 100%; height: 21px; }
.lying button:hover, .standing button:hover { background: var(--faint); }
.lying .label { text-align: right; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.lying .bar { display: flex; height: 13px; }
.lying button[aria-checked=true] .bar, .standing button[aria-checked=true] .solid { outline: 2px solid var(--text); outline-offset: 1px; }
.standing { display: grid; grid-template: 1fr auto / minmax(0, 1fr); }
.standing .columns { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(0, 1fr); column-gap: 3px; min-height: 0; padding-right: 8px; }
.standing button { display: grid; grid-template-rows: 14px 1fr 16px; text-align: center; min-height: 0; }
.standing .text { font-size: 10px; white-space: nowrap; }
.standing .label { white-space: nowrap; }
.standing .bar { position: relative; border-bottom: 1px solid var(--line); }
.standing .part { position: absolute; bottom: 0; left: 8%; width: 84%; }
.second { position: absolute; left: calc(50% - 4px); width: 8px; height: 8px; box-sizing: border-box; rotate: 45deg;
  border: 1.5px solid var(--text); background: var(--page); }
.bands { display: grid; grid-auto-flow: column; text-align: center; column-gap: 3px; padding-right: 8px; white-space: nowrap; }
.bands span { border-top: 2px solid var(--line); color: color-mix(in srgb, var(--text) 75%, var(--page)); }
.bands span:empty { border-color: transparent; }
.grid { display: grid; gap: 1px; align-items: center; padding: 3px; }
.grid .row { line-height: 1.05; text-align: right; padding-right: 6px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.grid .column { writing-mode: vertical-rl; rotate: 180deg; justify-self: center; align-self: start; white-space: nowrap; font-size: 11px; }
.grid button { height: 100%; min-height: 13px; border: 1px solid var(--faint); }
.grid button:hover { border-color: var(--text); }
.grid.some button:not([aria-checked=true]) { opacity: .5; }
.grid button[aria-checked=true] { outline: 2.5px solid var(--text); outline-offset: 0; z-index: 1; }
.pills { display: flex; flex-wrap: wrap; gap: 5px; align-content: center; overflow: visible; }
.pills button { display: flex; gap: 5px; align-items: center; height: 28px; padding: 0 10px; border: 1px solid var(--line); border-radius: 99px; }
.pills button:hover { background: var(--faint); }
.pills button[aria-checked=true] { border: 2px solid var(--text); padding: 0 9px; background: var(--faint); }
.pills .text { font-weight: 700; }
.pills [data-tone=red] .label { color: var(--st-red-text-color); }
.pills [data-tone=orange] .label { color: var(--st-orange-text-color); }
.pills [data-tone=violet] .label { color: var(--st-violet-text-color); }
.pills [data-tone=blue] .label { color: var(--st-blue-text-color); }
.legend { display: flex; gap: 12px; flex-wrap: wrap; padding-bottom: 3px; }
.legend:empty { display: none; }
.legend span { display: flex; gap: 5px; align-items: center; }
.legend i { display: inline-block; width: 12px; height: 10px; position: relative; }
.legend i.second { left: 0; width: 8px; height: 8px; margin: 0; }
.corner { display: flex; gap: 4px; align-items: center; align-self: end; justify-content: end; padding-right: 6px; white-space: nowrap; }
.corner .ramp { width: 34px; height: 10px; background: linear-gradient(to right, var(--page), var(--st-primary-color)); border: 1px solid var(--line); }
.tip { position: absolute; left: 0; right: 0; bottom: 0; padding: 2px 6px; background: var(--page); border: 1px solid var(--line); border-radius: 4px;
  pointer-events: none; }
.tip:empty { display: none; }
"""
# The default export runs again whenever the data change, and nothing is taken down in between: everything is set, nothing added.
_JS = """
export default function({ data, parentElement, setTriggerValue }) {
  const room = parentElement.querySelector(".room"), chart = room.querySelector(".chart"), tip = room.querySelector(".tip");
  const drawn = data.chart, old = new Map([...chart.querySelectorAll("button")].map(one => [one.dataset.code, one]));
  const focused = chart.getRootNode().activeElement?.dataset?.code, top = chart.scrollTop;
  let selected = new Set(data.selected);
  const make = (tag, name, text) => { const one = document.createElement(tag); one.className = name; if (text) one.textContent = text; return one; };

  const paint = () => {
    chart.classList.toggle("some", selected.size > 0);
    for (const one of chart.querySelectorAll("button")) one.setAttribute("aria-checked", selected.has(one.dataset.code));
  };
  const press = (code, event) => {
    const add = event.shiftKey || event.ctrlKey || event.metaKey;
    if (add) selected.has(code) ? selected.delete(code) : selected.add(code);
    else selected = new Set(selected.size === 1 && selected.has(code) ? [] : [code]);
    paint();
    setTriggerValue("press", { code, add, nonce: `${Date.now()}-${performance.now()}` });
  };
  const button = mark => {
    const one = old.get(mark.code) ?? make("button", "");
    one.type = "button";
    one.dataset.code = mark.code;
    one.dataset.tone = mark.tone;
    one.setAttribute("role", "checkbox");
    one.setAttribute("aria-label", mark.words);
    one.title = drawn.layout === "pills" ? mark.words : "";
    one.onclick = event => press(mark.code, event);
    one.onpointerenter = () => { tip.textContent = drawn.layout === "pills" ? "" : mark.words; };
    one.onpointerleave = one.onblur = () => { tip.textContent = ""; };
    one.onfocus = () => { stop(one); if (one.matches(":focus-visible") && drawn.layout !== "pills") tip.textContent = mark.words; };
    if (mark.level !== null) {
      one.style.background = `color-mix(in srgb, var(--st-primary-color) ${Math.round(100 * mark.level)}%, var(--page))`;
      return one;
    }
    const bar = make("span", "bar"), across = drawn.layout === "lying" ? "width" : "height";
    for (const [look, length] of mark.parts) { const part = make("span", `part ${look}`); part.style[across] = `${length}%`; if (length) bar.append(part); }
    if (mark.second !== null) { const second = make("span", "second"); second.style.bottom = `${mark.second}%`; bar.append(second); }
    const label = make("span", "label", mark.label), text = make("span", "text", mark.text);
    one.replaceChildren(...{ lying: [label, bar, text], standing: [text, bar, label], pills: [label, text] }[drawn.layout]);
    return one;
  };
  const buttons = drawn.marks.map(button);
  const stop = one => { for (const other of buttons) other.tabIndex = other === one ? 0 : -1; };
  const step = { lying: { ArrowDown: 1, ArrowUp: -1 }, standing: { ArrowRight: 1, ArrowLeft: -1 }, pills: { ArrowRight: 1, ArrowLeft: -1 },
    grid: { ArrowRight: 1, ArrowLeft: -1, ArrowDown: drawn.columns.length, ArrowUp: -drawn.columns.length } }[drawn.layout];
  chart.onkeydown = event => {
    const next = buttons[buttons.indexOf(chart.getRootNode().activeElement) + (step[event.key] ?? NaN)];
    if (next) { event.preventDefault(); next.focus(); }
  };

  room.style.height = drawn.layout === "pills" ? "" : `${data.height}px`;
  chart.className = `chart ${drawn.layout}`;
  chart.setAttribute("aria-label", data.name);
  room.querySelector(".legend").replaceChildren(...drawn.legend.map(([look, text]) => {
    const one = make("span", ""); one.append(...(look ? [make("i", look)] : []), text); return one; }));
  chart.style.gridTemplateColumns = drawn.layout === "grid" ? `minmax(80px, 41%) repeat(${drawn.columns.length}, minmax(0, 1fr))` : "";
  if (drawn.layout === "standing") {
    const columns = make("div", "columns"), bands = make("div", "bands");
    columns.append(...buttons);
    bands.style.gridTemplateColumns = drawn.bands.map(([, under]) => `minmax(0, ${under}fr)`).join(" ");
    bands.append(...drawn.bands.map(([text]) => make("span", "", text)));
    chart.replaceChildren(columns, bands);
  } else if (drawn.layout === "grid") {
    const wide = drawn.columns.length, corner = make("span", "corner");
    corner.append("0 %", make("i", "ramp"), drawn.most);
    chart.replaceChildren(...drawn.rows.flatMap((row, at) => [make("span", "row", row), ...buttons.slice(at * wide, (at + 1) * wide)]),
      corner, ...drawn.columns.map(column => make("span", "column", column)));
  } else chart.replaceChildren(...buttons);
  chart.scrollTop = top;
  paint();
  const back = buttons.find(one => one.dataset.code === focused);
  if (buttons.length) stop(back ?? buttons[0]);
  if (back) back.focus({ preventScroll: true });
}
"""
_component = st.components.v2.component("marks", html=_HTML, css=_CSS, js=_JS)


def show(chart: Chart, selected: Collection[str], *, name: str, key: str, height: int | None = None, on_click: Callable[[str, bool], None]) -> None:
    """`on_click` is called with the code of a mark, and whether it is to be added to what is chosen."""
    known = {mark.code for mark in chart.marks}

    def pressed() -> None:
        found = (session.recall(key) or {}).get("press")
        if isinstance(found, dict) and found.get("code") in known:
            on_click(found["code"], found.get("add") is True)

    _component(key=key, height=height or "content", on_press_change=pressed, data={
        "chart": {**vars(chart), "marks": [vars(mark) for mark in chart.marks]}, "selected": sorted(known.intersection(selected)),
        "name": name, "height": height,
        # what was pressed may have changed nothing: the picture is then painted as it was
        "answered": ((session.recall(key) or {}).get("press") or {}).get("nonce")})
