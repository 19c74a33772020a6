"""The body map to choose from. Python alone says what is chosen; the browser says what was clicked."""
from collections.abc import Callable, Collection

import pandas as pd
import streamlit as st

from dashboard.codelists import LOCATION
from dashboard.figures import bodymap
from dashboard.views import session

_BUTTONS = "".join(f'<button type="button" data-code="{code}" role="checkbox" aria-checked="false">{label} <span></span></button>'
                   for code, label in bodymap.ANSWERS.items())
_IDLE = "Click filters, Shift adds"
_HTML = f"""
<div class="map">
{bodymap.markup()}
<div class="beside">
<p class="tip" aria-hidden="true" data-idle="{_IDLE}">{_IDLE}</p>
<p class="legend"><span class="ends"><span>0 %</span><i class="ramp"></i><span class="most"></span></span>
<span><svg class="sample" viewBox="0 0 16 9"><rect width="16" height="9" fill="url(#few)"/></svg> fewer than {bodymap.LEAST}</span></p>
<div class="answers" role="group" aria-label="Answers without a place on the body">{_BUTTONS}</div>
</div>
</div>
"""
_CSS = """
.map {
  --page: var(--st-background-color); --text: var(--st-text-color);
  --line: color-mix(in srgb, var(--text) LINE%, var(--page));
  font: 400 12px/1.35 var(--st-font); color: var(--text);
  display: flex; gap: 10px; justify-content: center; align-items: stretch;
}
.map > svg { flex: 0 1 auto; min-width: 0; height: 100%; max-width: 100%; aspect-ratio: WIDTH / HEIGHT; }
.regions path { stroke: var(--line); stroke-width: .5; stroke-linejoin: round; cursor: pointer; fill: var(--page); outline: none; }
.some .regions path:not([data-on=true]) { fill-opacity: .45; }
.details, .outline, .pointed, .chosen, .focus { fill: none; stroke: var(--line); stroke-linecap: round; stroke-linejoin: round; pointer-events: none; }
.details { stroke-width: .4; }
.outline { stroke-width: .9; }
.pointed { stroke-width: 1.8; }
.chosen { stroke: var(--text); stroke-width: 2.4; }
.focus { stroke: var(--st-link-color); stroke-width: 2; stroke-dasharray: 4 2.5; }
pattern path { stroke: var(--line); }
.letters { fill: var(--text); font-size: 12px; pointer-events: none; }
.beside { flex: 0 1000 150px; min-width: 112px; display: flex; flex-direction: column; justify-content: center; gap: 8px; }
.tip { margin: 0; height: 6.75em; overflow: hidden; }
.legend { margin: 0; display: flex; flex-direction: column; gap: 2px; white-space: nowrap; }
.ends { display: flex; align-items: center; gap: 5px; }
.ramp { flex: 1; height: 9px; border: 1px solid var(--line);
  background: linear-gradient(to right, var(--page) 8%, color-mix(in srgb, var(--st-primary-color) PALEST%, var(--page)) 8%,
  color-mix(in srgb, var(--st-primary-color) FULLEST%, var(--page))); }
.sample { width: 16px; height: 9px; border: 1px solid var(--line); box-sizing: border-box; }
.answers { display: flex; flex-direction: column; gap: 2px; }
button { font: inherit; color: inherit; background: none; border: 1px solid color-mix(in srgb, var(--text) 55%, var(--page)); border-radius: 99px;
  padding: 1px 9px; cursor: pointer; display: flex; justify-content: space-between; gap: 6px; min-height: 24px; align-items: center; white-space: nowrap; }
button:hover { border-color: var(--text); }
button:focus-visible { outline: 2px solid var(--st-link-color); outline-offset: 1px; }
button[aria-checked=true] { border: 2px solid var(--text); padding: 0 8px; font-weight: 600; }
""".replace("LINE%", f"{bodymap.LINE:.0%}").replace("PALEST%", f"{bodymap.PALEST:.0%}").replace("FULLEST%", f"{bodymap.FULLEST:.0%}").replace(
    "WIDTH / HEIGHT", f"{bodymap.WIDTH} / {bodymap.HEIGHT}")
# The default export runs again whenever the data change, and nothing is taken down in between: everything is set, nothing added.
_JS = """
export default function({ data, parentElement, setTriggerValue }) {
  const map = parentElement.querySelector(".map"), tip = map.querySelector(".tip");
  const parts = [...map.querySelectorAll("[data-code]")], boxes = parts.filter(part => part.hasAttribute("role"));
  const shapes = parts.filter(part => part.matches("path")), stops = boxes.filter(part => part.matches("path"));
  const outline = (name, codes) => map.querySelector(name).setAttribute(
    "d", shapes.filter(part => codes.has(part.dataset.code)).map(part => part.getAttribute("d")).join(""));
  const boxOf = code => boxes.find(part => part.dataset.code === code);
  const tell = text => { tip.textContent = text.replaceAll(" %", "\u00a0%"); };
  const rest = () => {
    const found = boxes.find(part => part.matches(":focus"));
    tell(found ? data.shades[found.dataset.code].text : tip.dataset.idle);
  };
  let selected = new Set(data.selected);

  const paint = () => {
    map.classList.toggle("some", selected.size > 0);
    for (const part of parts) part.dataset.on = selected.has(part.dataset.code);
    for (const part of boxes) part.setAttribute("aria-checked", selected.has(part.dataset.code));
    outline(".chosen", selected);
  };
  const press = (code, event) => {
    const add = event.shiftKey || event.ctrlKey || event.metaKey;
    if (!add) selected = new Set(selected.has(code) && selected.size === 1 ? [] : [code]);
    else if (!selected.delete(code)) selected.add(code);
    paint();
    setTriggerValue("press", { code, add, nonce: `${Date.now()}-${performance.now()}` });
  };
  const stop = box => { for (const other of stops) other.setAttribute("tabindex", other === box ? "0" : "-1"); };

  map.style.height = `${data.height}px`;
  map.querySelector(".most").textContent = data.most;
  map.querySelector(".ends").style.display = data.most ? "" : "none";
  for (const part of parts) {
    const code = part.dataset.code, { text, share, few, fill } = data.shades[code];
    part.onpointerenter = () => { tell(text); outline(".pointed", new Set([code])); };
    part.onpointerleave = () => { rest(); outline(".pointed", new Set()); };
    part.onclick = event => { boxOf(code).focus({ preventScroll: true }); press(code, event); };
    if (shapes.includes(part)) part.style.fill = few ? "url(#few)" : fill ? `color-mix(in srgb, var(--st-primary-color) ${fill}%, var(--page))` : "";
    else part.querySelector("span").textContent = share;
  }
  for (const box of boxes) {
    const code = box.dataset.code;
    box.setAttribute("aria-label", data.shades[code].text);
    box.onfocus = () => {
      rest();
      outline(".focus", new Set(box.matches(":focus-visible") ? [code] : []));
      if (stops.includes(box)) stop(box);
    };
    box.onblur = () => { tell(tip.dataset.idle); outline(".focus", new Set()); };
  }
  for (const box of stops) box.onkeydown = event => {
    if (event.repeat && !event.key.startsWith("Arrow")) return;
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (event.key === "Enter" || event.key === " ") press(box.dataset.code, event);
    else if (step) stops[(stops.indexOf(box) + step + stops.length) % stops.length].focus();
    else return;
    outline(".focus", new Set([parentElement.activeElement.dataset.code]));
    event.preventDefault();
  };
  if (!stops.some(box => box.getAttribute("tabindex") === "0")) stop(stops[0]);
  rest();
  paint();
}
"""
_component = st.components.v2.component("body_map", html=_HTML, css=_CSS, js=_JS)


def show(where: pd.DataFrame, selected: Collection[str], *, unit: str, key: str, height: int, on_click: Callable[[str, bool], None]) -> None:
    """`on_click` is called with a code of the list, `none` or `not_recorded`, and whether it is to be added to what is chosen."""
    shown = bodymap.shades(where, unit=unit)
    known = {code for code in (*LOCATION.bit, *bodymap.ANSWERS) if code in shown}

    def pressed() -> None:
        found = _press(key)
        if isinstance(found.get("code"), str) and found["code"] in known:
            on_click(found["code"], found.get("add") is True)

    _component(key=key, height=height, on_press_change=pressed, data={
        "shades": {code: {"fill": round(100 * bodymap.strength(shade["level"])), **{part: shade[part] for part in ("few", "share", "text")}}
                   for code, shade in shown.items()},
        "height": height, "most": bodymap.highest(where), "selected": sorted(known.intersection(selected)),
        # a click that changes nothing has to change the data all the same, so that the browser takes back what it painted
        "pressed": _press(key).get("nonce")})


def _press(key: str) -> dict:
    found = (session.recall(key) or {}).get("press")
    return found if isinstance(found, dict) else {}
