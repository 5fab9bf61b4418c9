-- The statements of a hand-written gateway, one for each edge, on SQLite.
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
    FROM json_each(:students) p JOIN enrolment e ON e.student_id = p.value AND e.ended_at IS NULL
    JOIN audience a ON a.audience_id = e.class_id AND a.record_kind = 'lesson'
    WHERE a.date BETWEEN :from AND :to AND (e.start_date IS NULL OR e.start_date <= a.date)
      AND (e.end_date IS NULL OR e.end_date >= a.date)) m
JOIN lesson l ON l.id = m.record_id LEFT JOIN subject u ON u.id = l.subject_id
WHERE l.ended_at IS NULL AND NOT l.is_superseded ORDER BY l.starts_at, l.id
-- name: homework
SELECT m.student, h.date AS due_date, h.title, p.status AS progress, u.name AS subject_name
FROM (SELECT DISTINCT p.value AS student, a.record_id
    FROM json_each(:students) p JOIN enrolment e ON e.student_id = p.value AND e.ended_at IS NULL
    JOIN audience a ON a.audience_id = e.class_id AND a.record_kind = 'homework'
    WHERE a.date BETWEEN :from AND :to AND (e.start_date IS NULL OR e.start_date <= a.date)
      AND (e.end_date IS NULL OR e.end_date >= a.date)) m
JOIN homework h ON h.id = m.record_id
LEFT JOIN homework_progress p ON p.homework_id = h.id AND p.student_id = m.student AND p.ended_at IS NULL
LEFT JOIN subject u ON u.id = h.subject_id
WHERE h.ended_at IS NULL AND (h.published_at IS NULL OR h.published_at <= :now) ORDER BY h.date, h.id
-- name: grades
SELECT g.student_id AS student, g.date, g.display_value, g.value, g.status, a.out_of, u.name AS subject_name
FROM json_each(:students) p JOIN grade g ON g.id IN (
  SELECT id FROM grade WHERE student_id = p.value AND ended_at IS NULL
    AND (published_at IS NULL OR published_at <= :now) ORDER BY date DESC, id DESC LIMIT :first)
LEFT JOIN assessment a ON a.id = g.assessment_id LEFT JOIN subject u ON u.id = g.subject_id
ORDER BY g.date DESC, g.id DESC
-- name: grade_counts
SELECT g.student_id AS student, count(*) AS total FROM json_each(:students) p JOIN grade g ON g.student_id = p.value
WHERE g.ended_at IS NULL AND (g.published_at IS NULL OR g.published_at <= :now) GROUP BY g.student_id
-- name: absences
SELECT a.student_id AS student, a.kind, a.starts_at, a.justification_status, r.label
FROM json_each(:students) p JOIN absence a ON a.id IN (
  SELECT id FROM absence WHERE student_id = p.value AND ended_at IS NULL ORDER BY date DESC, id DESC LIMIT :first)
LEFT JOIN absence_reason r ON r.id = a.reason_id ORDER BY a.date DESC, a.id DESC
-- name: news
SELECT n.title, n.published_at, r.id IS NOT NULL AS is_read FROM news_item n
LEFT JOIN news_read r ON r.news_id = n.id AND r.person_id = :guardian
WHERE n.id IN (SELECT a.record_id FROM json_each(:students) p
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
