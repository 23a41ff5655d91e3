"""Waves must agree with the works in them."""

VIOLATIONS = """
SELECT 'WAVES' AS kind, coalesce(w.number, f.wave_id::text) AS subject,
       format('%s, at %s, has work that is %s, at %s', coalesce(w.status, 'missing'), w.location_id,
              f.status, f.location_id) AS detail
FROM fulfillment_order AS f
LEFT JOIN wave AS w ON w.id = f.wave_id
WHERE f.wave_id IS NOT NULL
  AND (w.location_id IS DISTINCT FROM f.location_id
       OR (w.ended_at IS NOT NULL AND f.status IN ('RELEASED', 'PICKING')))
UNION ALL
SELECT 'WAVES', number, format('%s, started at %s, ended at %s, list %s', status,
       coalesce(started_at::text, 'no time'), coalesce(ended_at::text, 'no time'), pick_list_id)
FROM wave
WHERE (ended_at IS NULL) <> (status IN ('OPEN', 'PICKING'))
   OR (started_at IS NULL) <> (pick_list_id IS NULL)
   OR (status = 'OPEN' AND started_at IS NOT NULL)
   OR (status = 'PICKING' AND started_at IS NULL)
"""
"""A query: kind, subject and detail of each. WAVES: a work is in a wave of its own location, an
ended wave has no work that waits to be picked, and a wave that was started has its pick list.
"""
