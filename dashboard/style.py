"""The few rules of style that Streamlit's theme has no option for."""

from __future__ import annotations

from dashboard import palette
from dashboard.palette import Ink


def sheet(ink: Ink) -> str:
    """A style sheet for a page in these colours."""
    levels = "\n".join(
        f".level-{look.key} .sign {{ background: {look.fill}; color: {look.on_fill}; }}"
        for look in palette.LOOKS.values()
    )
    return f"""<style>
.stMainBlockContainer {{ padding-top: 3.5rem; padding-bottom: 2rem; max-width: 90rem; }}
:lang(km) {{ line-height: 1.7; }}
.strip {{ background: {ink.card}; border-left: 4px solid {ink.accent}; padding: .5rem .75rem; margin: 0; }}
.fresh {{ color: {ink.quiet}; margin: 0; }}
.level {{ display: inline-flex; align-items: center; gap: .4em; white-space: nowrap; }}
.level .sign {{ display: inline-block; min-width: 1.5em; text-align: center; border: 1px solid {ink.outline};
    border-radius: 4px; line-height: 1.4; }}
{levels}
.verdict {{ font-size: 1.5rem; font-weight: 700; line-height: 1.3; margin: .25rem 0; }}
.levels {{ display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin: 0; }}
.figure {{ font-size: 2.25rem; font-weight: 700; line-height: 1.1; font-variant-numeric: tabular-nums; }}
.figure.none {{ color: {ink.quiet}; font-weight: 400; }}
.stButton button, .stLinkButton a, .stPageLink a, [data-testid="stBaseButton-segmented_control"],
[data-testid="stBaseButton-segmented_controlActive"] {{ min-height: 44px; min-width: 44px; }}
[class*="st-key-wide_"] {{ padding-right: 4.5rem; }}
.st-key-phone_pages {{ display: none; }}
@media (max-width: 640px) {{
    .st-key-phone_pages {{ display: flex; }}
    h1 {{ font-size: 1.8rem !important; }}
    .stMainBlockContainer {{ padding-top: 4.25rem; }}
}}
@media (max-width: 640px) {{ .stMainBlockContainer {{ padding-left: .75rem; padding-right: .75rem; }} }}
</style>"""
