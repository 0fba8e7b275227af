-- list_hours --
-- The trap is looked for in its org here, for the hours have none.
SELECT h.hour, h.readings, h.lamp_s, h.lag_s
FROM trap t JOIN trap_hour h ON h.trap_id = t.trap_id
WHERE t.org_id = %(org_id)s AND t.trap_id = %(trap_id)s AND h.trap_id = %(trap_id)s AND h.hour >= %(first_at)s
ORDER BY h.hour
