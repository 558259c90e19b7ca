-- Indexes and views of hestia.sqlite; docs/database.md shows them at work. Nothing here asks for more than SQLite 3.8.3.

CREATE INDEX results_by_period ON results (measure, period, area_code);
CREATE INDEX results_by_area ON results (area_code, measure, period_start);
CREATE INDEX impact_by_site ON impact (site_code, measure);
CREATE INDEX sensitivity_by_site ON sensitivity (site_code, measure);
CREATE INDEX site_review_by_site ON site_review (site_code, measure);
CREATE INDEX counterfactual_by_site ON counterfactual (site_code, measure, period_start);
CREATE INDEX cohorts_by_area ON cohorts (area_code, year);
CREATE INDEX reported_by_measure ON reported (measure, area_code, period);
CREATE INDEX breaks_by_area ON breaks (area_code, provider);
CREATE INDEX audit_by_stage ON audit (stage, dataset, file);

-- Every measure of every site, period by period; of whatever it is split by, the total.
CREATE VIEW series_of_site AS
SELECT measure, area_code, area_name, period_type, period, period_start, period_end, statistic, unit,
       value, lowercl, uppercl, total_count, total_pop,
       comparator, comparator_value, compared, suppressed, incomplete, note
FROM results
WHERE area_role = 'site' AND sex = 'persons' AND age = 'all' AND split = '';

-- Every row of an area beside the same row of the study's first comparator (England, as a rule), whole: with the area
-- in it. The column comparator_value of results is without the area, as the test in `compared` takes it.
CREATE VIEW england_beside AS
SELECT r.measure, r.area_code, r.area_name, r.area_role, r.period_type, r.period, r.period_start, r.sex, r.age, r.split,
       r.statistic, r.unit, r.value, r.lowercl, r.uppercl, r.total_count,
       e.area_code AS england, e.value AS england_value, e.lowercl AS england_lowercl, e.uppercl AS england_uppercl,
       e.total_count AS england_count,
       r.value - e.value AS difference,
       CASE WHEN e.value <> 0 THEN r.value / e.value END AS ratio,
       r.compared, r.suppressed, r.incomplete
FROM results AS r
JOIN results AS e
  ON e.measure = r.measure AND e.area_code = r.comparator AND e.period = r.period
 AND e.sex = r.sex AND e.age = r.age AND e.split = r.split AND e.statistic = r.statistic;

-- Of every measure and length of period the newest period whose rows have all arrived, for all areas and comparators.
CREATE VIEW latest_period AS
SELECT r.measure, r.area_code, r.area_name, r.area_role, r.period_type, r.period, r.period_start, r.period_end,
       r.statistic, r.unit, r.value, r.lowercl, r.uppercl, r.total_count, r.compared, r.suppressed
FROM results AS r
JOIN (SELECT measure, period_type, max(period_start) AS newest
      FROM results WHERE incomplete = 0 GROUP BY measure, period_type) AS last
  ON last.measure = r.measure AND last.period_type = r.period_type AND last.newest = r.period_start
WHERE r.sex = 'persons' AND r.age = 'all' AND r.split = '';

-- The site review as one reads it out.
CREATE VIEW site_review_in_words AS
SELECT impact, site_code, site_name, measure, title, unit, comparator, expected, verdict,
       baseline_from, baseline_to, round(baseline_value, 1) AS baseline,
       review_from, review_to, round(review_value, 1) AS review,
       round(change_percent, 1) AS change_percent, round(difference, 1) AS difference_from_comparator,
       p, p_method, round(100 * detectable) AS detectable_percent, break_flag, sentence
FROM site_review;

-- How many rows of results there are, and how many of them disclosure control took a number from.
CREATE VIEW suppressed_cells AS
SELECT measure, statistic, period_type, area_role, count(*) AS n_rows, sum(suppressed) AS n_suppressed,
       sum(value IS NULL) AS n_without_value
FROM results
GROUP BY measure, statistic, period_type, area_role;
