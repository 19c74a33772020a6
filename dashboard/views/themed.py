"""Tables and charts have the colours of the theme in which they were made: where it changes while they are looked at, they are made anew."""
import streamlit as st

# a colour that follows the theme says when it has changed, whoever changed it: the system at dusk, or the reader
_CSS = "i { position: absolute; background: var(--st-background-color); transition: background-color 1ms; }"
_JS = """
export default function({ parentElement, setTriggerValue }) {
  parentElement.querySelector("i").ontransitionend = () => setTriggerValue("turned", `${Date.now()}`);
}
"""
_component = st.components.v2.component("themed", html='<i aria-hidden="true"></i>', css=_CSS, js=_JS)


def watch() -> None:
    _component(key="themed", height="content", on_turned_change=lambda: None)
