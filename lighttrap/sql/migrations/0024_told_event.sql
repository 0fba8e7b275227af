CREATE VIEW told_event AS
SELECT e.event_id, e.alert_id, e.number, e.word, e.level, e.night, e.facts, e.is_late, a.org_id, o.name AS org_name,
       a.kind, a.species, a.fault, a.trap_id, f.name AS field_name, u.name AS commune,
       coalesce(f.time_zone, 'Asia/Ho_Chi_Minh') AS time_zone,
       coalesce(r.is_proposal, false) AS is_proposal, s.phone,
       coalesce(s.farmers_need_approval, false) OR coalesce(r.is_proposal, false) AS needs_approval, p.verdict,
       jsonb_strip_nulls(jsonb_build_object('vi', y.name_vi, 'en', y.name_en, 'km', y.name_km)) AS names
FROM alert_event e
JOIN alert a ON a.alert_id = e.alert_id
JOIN org o ON o.org_id = a.org_id
LEFT JOIN alert_rule r ON r.rule_id = a.rule_id
LEFT JOIN field f ON f.field_id = a.field_id
LEFT JOIN commune u ON u.commune_code = f.commune_code
LEFT JOIN org_setting s ON s.org_id = a.org_id
LEFT JOIN approval p ON p.event_id = e.event_id
LEFT JOIN species y ON y.species = a.species;

COMMENT ON VIEW told_event IS
    'An event of an alert with all that its messages say; the one place where what recipients read is put together.';
