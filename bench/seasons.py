"""Three seasons of a province, made in the database directly: what the API is asked about when it is measured."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from lighttrap import model
from lighttrap.store import alerts, orgs, pool, tokens

ORG = "bench"
FIELDS = 500
NIGHTS = 300
SPECIES = (
    "nilaparvata-lugens",
    "sogatella-furcifera",
    "nephotettix-spp",
    "recilia-dorsalis",
    "laodelphax-striatellus",
    "scirpophaga-incertulas",
    "chilo-suppressalis",
    "sesamia-inferens",
    "cnaphalocrocis-medinalis",
    "orseolia-oryzae",
)
# In the order in which years of work would have written it: night after night, so that a trap's season lies scattered.
_FILL = {
    "field": """
        INSERT INTO field (field_id, org_id, name, commune_code, boundary)
        SELECT format('field-%%s', n), %(org)s, format('Ruộng %%s', n), (31400 + n %% 40)::text,
               jsonb_build_object('type', 'Polygon', 'coordinates', jsonb_build_array(
                   (SELECT jsonb_agg(jsonb_build_array(105.5 + n %% 25 * 0.02 + 0.003 * cosd(corner * 18),
                                                       9.4 + n / 25 * 0.02 + 0.003 * sind(corner * 18)) ORDER BY corner)
                    FROM generate_series(0, 20) AS corner)))
        FROM generate_series(1, %(fields)s) AS n
    """,
    "deployment": """
        INSERT INTO deployment (trap_id, field_id, from_at)
        SELECT trap_id, format('field-%%s', 1 + row_number() OVER (ORDER BY trap_id) %% %(fields)s), in_service_from
        FROM trap WHERE org_id = %(org)s
    """,
    # Of a hundred nights two are silent, two lost and four partial.
    "trap_night": """
        INSERT INTO trap_night (trap_id, night, lamp_s, covered_s, readings, first_at, last_at)
        SELECT trap_id, night, lamp_s, 39600, lamp_s / 600, night + time '18:00' AT TIME ZONE 'Asia/Ho_Chi_Minh',
               (night + 1) + time '05:00' AT TIME ZONE 'Asia/Ho_Chi_Minh'
        FROM (
            SELECT t.trap_id, n::date AS night,
                   CASE WHEN dice < 0.02 THEN NULL WHEN dice < 0.04 THEN 9000 WHEN dice < 0.08 THEN 24000
                        ELSE 39600 END AS lamp_s
            FROM generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS n
            CROSS JOIN trap t CROSS JOIN LATERAL (SELECT random() + 0 * length(t.trap_id) AS dice) AS d
            WHERE t.org_id = %(org)s ORDER BY n, t.trap_id
        ) AS thrown WHERE lamp_s IS NOT NULL
    """,
    "catch": """
        INSERT INTO catch (trap_id, species, night, count, lamp_s, readings)
        SELECT n.trap_id, s.species, n.night,
               exp(random() * (4.5 + 2.5 * sin(extract(doy FROM n.night) / 15.0 + s.place)))::bigint, n.lamp_s,
               n.readings
        FROM (SELECT * FROM trap_night ORDER BY night, trap_id) AS n
        CROSS JOIN unnest(%(species)s::text[]) WITH ORDINALITY AS s (species, place)
    """,
    "judged_night": """
        INSERT INTO judged_night (rule_id, field_id, night, value, traps, is_valid, is_final, level, calm, changed_at)
        SELECT r.rule_id, v.field_id, v.night, v.value, v.traps, true, true, w.level,
               w.level = 0 AND v.value < r.floor / 2, v.night + 1
        FROM (
            SELECT d.field_id, c.night, c.species, count(*) AS traps, avg(c.count) AS value
            FROM catch c JOIN deployment d ON d.trap_id = c.trap_id WHERE c.lamp_s >= 19800
            GROUP BY c.night, d.field_id, c.species
        ) AS v
        JOIN alert_rule r ON r.org_id = %(org)s AND r.species = v.species
        CROSS JOIN LATERAL (SELECT CASE WHEN v.value >= r.alarm THEN 3 WHEN v.value >= r.warning THEN 2
                                        WHEN v.value >= coalesce(r.watch, 5 * r.floor) THEN 1 ELSE 0 END AS level) AS w
        ORDER BY v.night, v.field_id
    """,
    "alert": """
        INSERT INTO alert (org_id, rule_id, species, field_id, level, highest, opened_night, cleared_night, state,
                           raised_at, cleared_at)
        SELECT DISTINCT ON (j.rule_id, j.field_id, e.over) r.org_id, r.rule_id, r.species, j.field_id, j.level, j.level,
               j.night, e.over, CASE WHEN e.over IS NULL THEN 'active' ELSE 'cleared' END, j.night + 1, e.over + 1
        FROM judged_night j JOIN alert_rule r ON r.rule_id = j.rule_id
        CROSS JOIN LATERAL (SELECT CASE WHEN j.night < %(last)s::date - 3
                                        THEN date_trunc('month', j.night)::date + 31 END AS over) AS e
        WHERE j.level > 0
        ORDER BY j.rule_id, j.field_id, e.over, j.night
    """,
    "alert_event": """
        INSERT INTO alert_event (alert_id, number, word, level, night, fanned_out_at)
        SELECT alert_id, 1, 'raised', level, opened_night, now() FROM alert
    """,
    "ledger": """
        INSERT INTO ledger (trap_id, boot, stored, sent_upto, first_at, last_at)
        SELECT trap_id, boot, int8multirange(int8range(1, 6601)), 6600 + (boot + length(trap_id)) %% 3,
               now() - interval '1 day' * 100 * (4 - boot), now() - interval '1 day' * 100 * (3 - boot)
        FROM trap CROSS JOIN generate_series(1, 3) AS boot WHERE org_id = %(org)s
    """,
    "trap_status": """
        INSERT INTO trap_status (trap_id, online, said_at, received_at, firmware, battery_v, panel_v, signal_dbm)
        SELECT trap_id, true, now(), now(), '2.1.0', 12.4, 17.9, -71 FROM trap WHERE org_id = %(org)s
    """,
}


def fill(dsn: str, fields: int = FIELDS, nights: int = NIGHTS) -> str:
    """Gives the traps of ORG fields, rules, nights, and what follows from them. Returns a viewer's token."""
    first, last = last_night() - timedelta(days=nights - 1), last_night()
    values = {"org": ORG, "fields": fields, "species": list(SPECIES), "first": first, "last": last}
    with pool.connect(dsn) as conn:
        conn.execute("SET statement_timeout = 0")
        conn.execute("SELECT setseed(0.5)")
        orgs.ensure_org(conn, ORG)
        alerts.propose_rules(conn, ORG, "bench")
        for statement in _FILL.values():
            conn.execute(statement, values)
        _, secret = tokens.add_token(
            conn, org_id=ORG, name="bench", role=model.Role.VIEWER, created_by="bench",
            expires_at=datetime.now(UTC) + timedelta(days=1),
        )  # fmt: skip
        conn.commit()
        conn.autocommit = True
        conn.execute("VACUUM (ANALYZE)")
    return secret


def last_night() -> date:
    """The last of the nights that `fill` makes."""
    return datetime.now(UTC).date() - timedelta(days=1)
