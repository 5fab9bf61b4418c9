-- The statements of a hand-written gateway, one for each edge, on PostgreSQL.
-- name: students
SELECT s.id, s.first_name, s.last_name,
  (SELECT c.name FROM enrolment e JOIN school_class c ON c.id = e.class_id
    WHERE e.student_id = s.id AND e.ended_at IS NULL AND c.class_type = 'HOMEROOM' AND c.ended_at IS NULL
    ORDER BY c.name, c.id LIMIT 1) AS class_name
FROM guardianship g JOIN student s ON s.id = g.student_id
WHERE g.guardian_id = :guardian AND g.has_data_access AND g.ended_at IS NULL AND s.ended_at IS NULL
  AND (g.valid_from IS NULL OR g.valid_from <= :today) AND (g.valid_to IS NULL OR g.valid_to >= :today)
ORDER BY s.id
-- name: lessons
SELECT m.student, l.title, l.starts_at, l.ends_at, l.status, u.name AS subject_name
FROM (SELECT DISTINCT p.value AS student, a.record_id
    FROM unnest(:students::varchar[]) AS p(value) JOIN enrolment e ON e.student_id = p.value AND e.ended_at IS NULL
    JOIN audience a ON a.audience_id = e.class_id AND a.record_kind = 'lesson'
    WHERE a.date BETWEEN :from AND :to AND (e.start_date IS NULL OR e.start_date <= a.date)
      AND (e.end_date IS NULL OR e.end_date >= a.date)) m
JOIN lesson l ON l.id = m.record_id LEFT JOIN subject u ON u.id = l.subject_id
WHERE l.ended_at IS NULL AND NOT l.is_superseded ORDER BY l.starts_at, l.id
-- name: homework
SELECT m.student, h.date AS due_date, h.title, p.status AS progress, u.name AS subject_name
FROM (SELECT DISTINCT p.value AS student, a.record_id
    FROM unnest(:students::varchar[]) AS p(value) JOIN enrolment e ON e.student_id = p.value AND e.ended_at IS NULL
    JOIN audience a ON a.audience_id = e.class_id AND a.record_kind = 'homework'
    WHERE a.date BETWEEN :from AND :to AND (e.start_date IS NULL OR e.start_date <= a.date)
      AND (e.end_date IS NULL OR e.end_date >= a.date)) m
JOIN homework h ON h.id = m.record_id
LEFT JOIN homework_progress p ON p.homework_id = h.id AND p.student_id = m.student AND p.ended_at IS NULL
LEFT JOIN subject u ON u.id = h.subject_id
WHERE h.ended_at IS NULL AND (h.published_at IS NULL OR h.published_at <= :now) ORDER BY h.date, h.id
-- name: grades
SELECT p.value AS student, g.date, g.display_value, g.value, g.status, a.out_of, u.name AS subject_name
FROM unnest(:students::varchar[]) AS p(value) CROSS JOIN LATERAL (
  SELECT * FROM grade WHERE student_id = p.value AND ended_at IS NULL
    AND (published_at IS NULL OR published_at <= :now) ORDER BY date DESC, id DESC LIMIT :first) g
LEFT JOIN assessment a ON a.id = g.assessment_id LEFT JOIN subject u ON u.id = g.subject_id
ORDER BY g.date DESC, g.id DESC
-- name: grade_counts
SELECT g.student_id AS student, count(*) AS total
FROM unnest(:students::varchar[]) AS p(value) JOIN grade g ON g.student_id = p.value
WHERE g.ended_at IS NULL AND (g.published_at IS NULL OR g.published_at <= :now) GROUP BY g.student_id
-- name: absences
SELECT p.value AS student, a.kind, a.starts_at, a.justification_status, r.label
FROM unnest(:students::varchar[]) AS p(value) CROSS JOIN LATERAL (
  SELECT * FROM absence WHERE student_id = p.value AND ended_at IS NULL ORDER BY date DESC, id DESC LIMIT :first) a
LEFT JOIN absence_reason r ON r.id = a.reason_id ORDER BY a.date DESC, a.id DESC
-- name: news
SELECT n.title, n.published_at, r.id IS NOT NULL AS is_read FROM news_item n
LEFT JOIN news_read r ON r.news_id = n.id AND r.person_id = :guardian
WHERE n.id IN (SELECT a.record_id FROM unnest(:students::varchar[]) AS p(value)
    JOIN enrolment e ON e.student_id = p.value AND e.ended_at IS NULL
    JOIN audience a ON a.audience_id = e.class_id AND a.record_kind = 'news_item'
    WHERE (e.start_date IS NULL OR e.start_date <= a.date) AND (e.end_date IS NULL OR e.end_date >= a.date))
  AND n.ended_at IS NULL AND n.published_at <= :now AND (n.visible_from IS NULL OR n.visible_from <= :now)
  AND (n.visible_to IS NULL OR n.visible_to >= :now)
ORDER BY n.is_headline DESC, n.published_at DESC, n.id DESC LIMIT 3
-- name: conversations
SELECT c.subject, p.unread_count FROM participant p JOIN conversation c ON c.id = p.conversation_id
WHERE p.person_id = :guardian AND p.folder = 'INBOX' AND p.ended_at IS NULL
ORDER BY p.last_message_at DESC, p.conversation_id DESC LIMIT 3
-- name: dashboard_as_json
WITH students AS MATERIALIZED (
  SELECT s.id, s.first_name, s.last_name,
    (SELECT c.name FROM enrolment e JOIN school_class c ON c.id = e.class_id
      WHERE e.student_id = s.id AND e.ended_at IS NULL AND c.class_type = 'HOMEROOM' AND c.ended_at IS NULL
      ORDER BY c.name, c.id LIMIT 1) AS class_name
  FROM guardianship g JOIN student s ON s.id = g.student_id
  WHERE g.guardian_id = :guardian AND g.has_data_access AND g.ended_at IS NULL AND s.ended_at IS NULL
    AND (g.valid_from IS NULL OR g.valid_from <= :today) AND (g.valid_to IS NULL OR g.valid_to >= :today))
SELECT json_build_object('data', json_build_object(
  'viewer', json_build_object('students', (SELECT coalesce(json_agg(json_build_object(
    'displayName', s.first_name || ' ' || s.last_name,
    'schoolClass', json_build_object('name', s.class_name),
    'timetable', json_build_object('lessons', (SELECT coalesce(json_agg(json_build_object(
        'title', l.title, 'startsAt', to_char(l.starts_at, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM'),
        'endsAt', to_char(l.ends_at, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM'), 'status', l.status,
        'subject', CASE WHEN u.id IS NULL THEN NULL ELSE json_build_object('name', u.name) END)
        ORDER BY l.starts_at, l.id), '[]')
      FROM (SELECT DISTINCT a.record_id FROM enrolment e
        JOIN LATERAL (SELECT record_id FROM audience a WHERE a.audience_id = e.class_id AND a.record_kind = 'lesson'
          AND a.date BETWEEN :from AND :from AND (e.start_date IS NULL OR e.start_date <= a.date)
          AND (e.end_date IS NULL OR e.end_date >= a.date) OFFSET 0) a ON true
        WHERE e.student_id = s.id AND e.ended_at IS NULL) m
      JOIN lesson l ON l.id = m.record_id LEFT JOIN subject u ON u.id = l.subject_id
      WHERE l.ended_at IS NULL AND NOT l.is_superseded)),
    'homework', json_build_object('nodes', (SELECT coalesce(json_agg(json_build_object(
        'dueDate', h.date, 'title', h.title, 'isDone', coalesce(h.progress = 'DONE', false),
        'subject', CASE WHEN h.subject_name IS NULL THEN NULL ELSE json_build_object('name', h.subject_name) END)
        ORDER BY h.date, h.id), '[]')
      FROM (SELECT h.id, h.date, h.title, p.status AS progress, u.name AS subject_name
        FROM (SELECT DISTINCT a.record_id FROM enrolment e
          JOIN LATERAL (SELECT record_id FROM audience a
            WHERE a.audience_id = e.class_id AND a.record_kind = 'homework'
            AND a.date BETWEEN :from AND :to AND (e.start_date IS NULL OR e.start_date <= a.date)
            AND (e.end_date IS NULL OR e.end_date >= a.date) OFFSET 0) a ON true
          WHERE e.student_id = s.id AND e.ended_at IS NULL) m
        JOIN homework h ON h.id = m.record_id
        LEFT JOIN homework_progress p ON p.homework_id = h.id AND p.student_id = s.id AND p.ended_at IS NULL
        LEFT JOIN subject u ON u.id = h.subject_id
        WHERE h.ended_at IS NULL AND (h.published_at IS NULL OR h.published_at <= :now)
        ORDER BY h.date, h.id LIMIT 4) h)),
    'grades', json_build_object(
      'totalCount', (SELECT count(*) FROM grade g WHERE g.student_id = s.id AND g.ended_at IS NULL
        AND (g.published_at IS NULL OR g.published_at <= :now)),
      'nodes', (SELECT coalesce(json_agg(json_build_object('date', g.date, 'displayValue', g.display_value,
          'value', CASE WHEN g.status IN ('GRADED', 'ABSENT_ZERO', 'NOT_SUBMITTED_ZERO') THEN g.value END, 'outOf', a.out_of, 'status', g.status,
          'subject', CASE WHEN u.id IS NULL THEN NULL ELSE json_build_object('name', u.name) END)
          ORDER BY g.date DESC, g.id DESC), '[]')
        FROM (SELECT * FROM grade WHERE student_id = s.id AND ended_at IS NULL
          AND (published_at IS NULL OR published_at <= :now) ORDER BY date DESC, id DESC LIMIT 4) g
        LEFT JOIN assessment a ON a.id = g.assessment_id LEFT JOIN subject u ON u.id = g.subject_id)),
    'absences', json_build_object('nodes', (SELECT coalesce(json_agg(json_build_object('kind', a.kind,
        'startsAt', to_char(a.starts_at, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM'),
        'justificationStatus', a.justification_status,
        'reason', CASE WHEN r.id IS NULL THEN NULL ELSE json_build_object('label', r.label) END)
        ORDER BY a.date DESC, a.id DESC), '[]')
      FROM (SELECT * FROM absence WHERE student_id = s.id AND ended_at IS NULL ORDER BY date DESC, id DESC LIMIT 3) a
      LEFT JOIN absence_reason r ON r.id = a.reason_id)))
    ORDER BY s.id), '[]') FROM students s)),
  'conversations', json_build_object('nodes', (SELECT coalesce(json_agg(json_build_object(
      'subject', c.subject, 'unreadCount', c.unread_count)), '[]')
    FROM (SELECT c.subject, p.unread_count FROM participant p JOIN conversation c ON c.id = p.conversation_id
      WHERE p.person_id = :guardian AND p.folder = 'INBOX' AND p.ended_at IS NULL
      ORDER BY p.last_message_at DESC, p.conversation_id DESC LIMIT 3) c)),
  'news', json_build_object('nodes', (SELECT coalesce(json_agg(json_build_object('title', n.title,
      'publishedAt', to_char(n.published_at, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM'), 'isRead', n.is_read)), '[]')
    FROM (SELECT n.title, n.published_at, r.id IS NOT NULL AS is_read FROM news_item n
      LEFT JOIN news_read r ON r.news_id = n.id AND r.person_id = :guardian
      WHERE n.id IN (SELECT a.record_id FROM students s JOIN enrolment e ON e.student_id = s.id AND e.ended_at IS NULL
        JOIN audience a ON a.audience_id = e.class_id AND a.record_kind = 'news_item'
        WHERE (e.start_date IS NULL OR e.start_date <= a.date) AND (e.end_date IS NULL OR e.end_date >= a.date))
      AND n.ended_at IS NULL AND n.published_at <= :now AND (n.visible_from IS NULL OR n.visible_from <= :now)
      AND (n.visible_to IS NULL OR n.visible_to >= :now)
      ORDER BY n.is_headline DESC, n.published_at DESC, n.id DESC LIMIT 3) n))
)) AS answer
