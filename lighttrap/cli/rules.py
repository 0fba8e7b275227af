"""`lighttrap rule`: from which catch on people are warned."""

from __future__ import annotations

from typing import Annotated

import typer

from lighttrap import model, species
from lighttrap.cli import addresses, tables
from lighttrap.errors import Conflict, InputFault, NotFound
from lighttrap.store import alerts as store
from lighttrap.store import fields, orgs

cli = typer.Typer(help="From which catch on people are warned.", no_args_is_help=True)

COLUMNS = (
    *("org_id", "species", "field_id", "commune_code", "watch", "warning", "alarm", "floor", "jump_ratio"),
    *("trend_ratio", "k", "n", "clear_below", "clear_nights", "min_lamp_s", "version", "is_proposal", "author"),
)
Threshold = Annotated[float | None, typer.Option(min=1, help="Insects per trap and night.")]


@cli.command("list")
def list_(
    org: addresses.OrgOption = None,
    form: tables.FormOption = tables.Form.TABLE,
    data: addresses.DataOption = None,
) -> None:
    """The rules in force; the most exact one for a field counts: its own, its commune's, its org's."""
    with addresses.database(data) as conn:
        rows = [tuple(getattr(rule, name) for name in COLUMNS) for rule in store.list_rules(conn, org)]
    tables.show(COLUMNS, rows, form, empty="No rule is in force: lighttrap rule propose --org ORG")


@cli.command("set")
def set_(
    species_key: Annotated[str, typer.Argument(metavar="SPECIES", help="As in `lighttrap nights`.")],
    org: Annotated[str, typer.Option(help="The org whose fields it judges.")],
    author: Annotated[str, typer.Option(help="Who decides it; kept with the rule.")],
    watch: Threshold = None,
    warning: Threshold = None,
    alarm: Threshold = None,
    field: Annotated[str | None, typer.Option(help="For this field only.")] = None,
    commune: Annotated[str | None, typer.Option(help="For the fields of this commune only.")] = None,
    k: Annotated[int, typer.Option(min=1, max=30, help="So many of the last --of nights must reach a level.")] = 1,
    n: Annotated[int, typer.Option("--of", min=1, max=30, help="Known nights to look at.")] = 1,
    floor: Annotated[float | None, typer.Option(min=1, help="Least catch for --jump and --trend.")] = None,
    jump: Annotated[float | None, typer.Option(min=1.01, help="Watch at so many times the own median.")] = None,
    trend: Annotated[float | None, typer.Option(min=1.01, help="Watch when a week is so many times the last.")] = None,
    clear_below: Annotated[float, typer.Option(min=0.01, max=1, help="Calm below this share of --watch.")] = 0.5,
    clear_nights: Annotated[int, typer.Option(min=1, max=30, help="Calm nights in a row that end it.")] = 3,
    min_lamp_s: Annotated[int, typer.Option("--min-lamp", min=0, max=86_400, help="Least lamp seconds.")] = 0,
    data: addresses.DataOption = None,
) -> None:
    """Puts a rule in force in place of the one before, and judges the last 60 nights by it."""
    if not species.KEY.fullmatch(species_key):
        raise InputFault(f"{species_key!r} is not a species key such as nilaparvata-lugens")
    if watch is None and warning is None and alarm is None and jump is None and trend is None:
        raise InputFault("the rule needs a threshold: --watch, --warning, --alarm, --jump or --trend")
    if (jump or trend) and floor is None:
        raise InputFault("--jump and --trend need --floor, the least catch they may fire at")
    bars = [bar for bar in (watch, warning, alarm) if bar is not None]
    if bars != sorted(bars):
        raise InputFault("--watch, --warning and --alarm must rise")
    if k > n:
        raise InputFault("--k cannot be more than --of")
    if field and commune:
        raise InputFault("a rule is for a field, a commune or the whole org: give --field or --commune")
    rule = model.AlertRule(
        org, species_key, author, watch, warning, alarm, field, commune, clear_below, clear_nights, k, n, min_lamp_s,
        floor, jump, trend,
    )  # fmt: skip
    with addresses.database(data) as conn:
        if org not in {one.org_id for one in orgs.list_orgs(conn)}:
            raise InputFault(f"there is no org {org}: add its traps or fields first")
        if field and fields.org_of(conn, field) != org:
            raise Conflict(f"field {field} does not belong to org {org}")
        rule = store.put_rule(conn, rule)
        conn.commit()
    typer.echo(f"rule for {species_key} in {field or commune or org} is in force, version {rule.version}")


@cli.command()
def end(
    species_key: Annotated[str, typer.Argument(metavar="SPECIES")],
    org: Annotated[str, typer.Option(help="The org whose rule it is.")],
    field: Annotated[str | None, typer.Option(help="The rule of this field.")] = None,
    commune: Annotated[str | None, typer.Option(help="The rule of this commune.")] = None,
    data: addresses.DataOption = None,
) -> None:
    """Takes a rule out of force. Its alerts go on under the next rule that fits their fields, or end."""
    rule = model.AlertRule(org, species_key, "", field_id=field, commune_code=commune)
    with addresses.database(data) as conn:
        if not store.end_rule(conn, rule):
            raise NotFound(f"no rule for {species_key} in {field or commune or org} is in force")
        conn.commit()
    typer.echo(f"the rule for {species_key} in {field or commune or org} is no longer in force")


@cli.command()
def propose(
    org: Annotated[str, typer.Option(help="The org to give rules to.")],
    author: Annotated[str, typer.Option(help="Who takes them over; kept with the rules.")] = "proposal",
    data: addresses.DataOption = None,
) -> None:
    """Puts the proposed rules in force for every species that has none yet. An agronomist should look at each."""
    with addresses.database(data) as conn:
        orgs.ensure_org(conn, org)
        rules = store.propose_rules(conn, org, author)
        conn.commit()
    typer.echo(f"{len(rules)} proposed rules are in force in {org}; see them: lighttrap rule list --org {org}")
