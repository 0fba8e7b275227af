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
.levels > span {{ display: inline-flex; gap: .4em; align-items: center; font-weight: 700; }}
.st-key-figures {{ display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem; }}
.st-key-figures > * {{ width: auto; min-width: 0; }}
[class*="st-key-alert_card"] {{ flex-wrap: nowrap; }}
.figure {{ font-size: 2.25rem; font-weight: 700; line-height: 1.1; font-variant-numeric: tabular-nums; }}
.text {{ border-left: 3px solid {ink.line}; margin: .25rem 0 .5rem; padding: .25rem .75rem; white-space: pre-line; }}
.mark {{ font-weight: 700; }}
.moment {{ border-left: 3px solid {ink.line}; padding: 0 .75rem; }}
.figure.none {{ color: {ink.quiet}; font-weight: 400; }}
.stButton button, .stLinkButton a, .stPageLink a, .stButtonGroup button {{ min-height: 44px; min-width: 44px; }}
[data-testid^="stBaseButton-primary"], [data-testid^="stBaseButton-primary"] p {{ color: {ink.paper}; }}
.qr {{ background: white; padding: .75rem; width: min(18rem, 100%); border: 1px solid {ink.line}; }}
.qr img {{ display: block; width: 100%; height: auto; }}
.changes {{ overflow-x: auto; margin-top: .25rem; }}
.changes td, .changes th {{ text-align: left; vertical-align: top; padding: .1rem 1rem .1rem 0;
    overflow-wrap: anywhere; }}
.changes th {{ font-weight: 400; color: {ink.quiet}; }}
.changes ins {{ text-decoration: none; font-weight: 700; }}
.stPopover button, .stFormSubmitButton button, .stDownloadButton button {{ min-height: 44px; }}
[data-testid^="stBaseButton-primary"] {{ color: {ink.paper}; }}
[class*="st-key-wide_"] {{ padding-right: 4.5rem; }}
.st-key-phone_pages {{ display: none; }}
@media (max-width: 640px) {{
    .st-key-phone_pages {{ display: flex; gap: 0 .25rem; }}
    .st-key-figures {{ grid-template-columns: 1fr 1fr; gap: .5rem; }}
    [class*="st-key-alert_card"] {{ flex-wrap: wrap; }}
    h1 {{ font-size: 1.8rem !important; }}
    .stMainBlockContainer {{ padding-top: 4.25rem; }}
}}
@media (max-width: 640px) {{ .stMainBlockContainer {{ padding-left: .75rem; padding-right: .75rem; }} }}
</style>"""


def wall(ink: Ink) -> str:
    """What makes a page the wall: all of the screen, no bar, no scrolling, letters for five metres."""
    counts = "\n".join(
        f".wall-{look.key} {{ background: {look.fill}; color: {look.on_fill}; }}" for look in palette.LOOKS.values()
    )
    return f"""<style>
.stApp {{ background: {ink.paper}; color: {ink.text}; overflow: hidden; color-scheme: dark; }}
.stAppHeader, .stMain::-webkit-scrollbar {{ display: none; }}
.stMain {{ overflow: hidden; }}
.stMainBlockContainer {{ max-width: none; padding: 1rem 1.75rem 0; font-size: 1.5rem; }}
.stApp p, .stApp li, .stApp h1, .stApp h2, .stApp td, .stApp th {{ color: {ink.text}; }}
.stApp .wall-title {{ font-size: 1.75rem; font-weight: 400; line-height: 1.3; padding: 0; margin: 0 26rem 0 0; }}
.stApp .wall-verdict {{ font-size: 2.25rem; font-weight: 700; line-height: 1.2; margin: .25rem 26rem .75rem 0;
    min-height: 5.4rem; display: flex; align-items: center; }}
.wall-clock {{ position: fixed; top: .75rem; right: 1.75rem; font-size: 4rem; font-weight: 700; line-height: 1.1;
    font-variant-numeric: tabular-nums; }}
.wall-age {{ position: fixed; top: 5.5rem; right: 1.75rem; font-size: 1.75rem; text-align: right; line-height: 1.2; }}
.wall-counts {{ display: grid; grid-template-columns: repeat(5, 1fr); gap: 1rem; }}
.wall-count {{ display: flex; align-items: center; gap: 1rem; border: 2px solid {ink.outline}; border-radius: 10px;
    padding: .25rem 1.25rem; font-size: 1.9rem; line-height: 1.2; min-height: 6.5rem; }}
.wall-number {{ font-size: 4.5rem; font-weight: 700; line-height: 1; font-variant-numeric: tabular-nums; }}
{counts}
.wall-count.wall-zero {{ background: none; color: {ink.quiet}; border-color: {ink.line}; }}
.wall-count.wall-zero .wall-number {{ font-weight: 400; }}
.stApp .wall-part {{ font-size: 1.6rem; font-weight: 700; padding: 0; margin: .5rem 0 .25rem; }}
.wall-worst {{ width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }}
.wall-worst th {{ font-size: 1.25rem; font-weight: 400; text-align: right; padding: 0 .5rem; }}
.wall-worst td {{ font-size: 1.75rem; text-align: right; padding: .2rem .5rem; white-space: nowrap; height: 3.5rem;
    border-top: 1px solid {ink.line}; }}
.wall-worst td:nth-child(-n+2), .wall-worst th:nth-child(-n+2) {{ text-align: left; }}
.wall-worst small {{ font-size: 1.35rem; color: {ink.quiet}; }}
.wall-worst tr.wall-worse td:first-child {{ border-left: 8px solid {ink.text}; }}
.stApp ul.wall-alerts {{ list-style: none; padding: 0; margin: 0; }}
.stApp ul.wall-alerts li {{ font-size: 1.6rem; line-height: 1.7; margin: 0; padding: 0; white-space: nowrap;
    overflow: hidden; text-overflow: ellipsis; }}
.wall-alerts li > span:first-child {{ color: {ink.quiet}; display: inline-block; min-width: 8.5rem; }}
</style>"""


def grey(ink: Ink) -> str:
    """What the wall looks like while its data are old: without colour, framed, the age in place of the verdict."""
    return f"""<style>
.stMainBlockContainer [data-testid="stVegaLiteChart"], .wall-counts, .wall-worst, .wall-alerts {{
    filter: grayscale(1); opacity: .6; }}
.stApp {{ box-shadow: inset 0 0 0 14px {ink.quiet}; }}
.stApp .wall-verdict {{ visibility: hidden; }}
.wall-age.wall-old {{ font-size: 3.75rem; font-weight: 700; left: 1.75rem; right: 20rem; text-align: left; }}
</style>"""


NIGHTLY = """<script>
// Once a night the page begins anew, so that no memory of weeks gathers in the browser; only while the server answers.
window.lighttrapNightly ??= (() => {
    const again = () => fetch("_stcore/health").then(
        answer => answer.ok ? location.reload() : Promise.reject(answer.status)).catch(() => setTimeout(again, 60000));
    const at = new Date(); at.setHours(4, 30, 0, 0);
    if (at <= new Date()) at.setDate(at.getDate() + 1);
    return setTimeout(again, at - new Date());
})();
</script>"""
