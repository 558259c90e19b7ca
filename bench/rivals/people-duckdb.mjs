// The people of an extract in DuckDB: provider spells and continuous spells by the rule nhsd, and the counts of bench/people.py.
// usage: node people-duckdb.mjs create DB FILE...                  the table of episodes, once; not timed
//        node people-duckdb.mjs count THREADS DB OUTDIR FROM TO    the job; dates YYYY-MM-DD, whole financial years
//        node people-duckdb.mjs check THREADS DB OUTDIR FROM TO    the job, and all emergency admissions by their people
// The table holds what hestia's store holds: typed and cleaned, the person as a number of 128 bits, all diagnoses.
import { DuckDBInstance } from '@duckdb/node-api';
import { mkdirSync, rmSync } from 'node:fs';

const [command, ...args] = process.argv.slice(2);
const quote = s => "'" + s.replaceAll("'", "''") + "'";
const names = n => Array.from({ length: n }, (_, i) => 'd' + String(i + 1).padStart(2, '0'));

async function open(path, threads) {
  const db = await DuckDBInstance.create(path, { threads: String(threads), memory_limit: '4GB' });
  const c = await db.connect();
  await c.run('SET preserve_insertion_order=false');
  return c;
}

async function create(path, files) {
  rmSync(path, { force: true });
  const c = await open(path, 2);
  const source = `read_csv([${files.map(quote).join(',')}], header=true, quote='"', all_varchar=true, union_by_name=true)`;
  const columns = new Set((await c.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`)).getRowsJson().map(row => row[0]));
  const text = name => columns.has(name) ? `nullif(nullif(nullif(trim(${name}), ''), '&'), '-')` : 'CAST(NULL AS VARCHAR)';
  // activity before 1930 is a sentinel
  const date = name => `(CASE WHEN ${text(name)} >= '1930' THEN TRY_CAST(${text(name)} AS DATE) END)`;
  await c.run(`CREATE TABLE episodes AS SELECT
      CASE WHEN ${text('PSEUDO_HESID')} IS NULL THEN md5_number('row ' || EPIKEY) ELSE md5_number(PSEUDO_HESID) END AS person,
      CAST(EPIKEY AS UBIGINT) AS epikey,
      CASE WHEN provider[1] IN ('N', '8') THEN provider[:5] ELSE provider[:3] END AS provider, ${text('PROVSPNOPS')} AS number,
      ${['ADMIDATE', 'EPISTART', 'EPIEND', 'DISDATE', 'SUBDATE'].map(n => `${date(n)} AS ${n.toLowerCase()}`).join(', ')},
      CAST(coalesce(TRY_CAST(EPIORDER AS UTINYINT), 255) AS UTINYINT) AS epiorder, CAST(PARTYEAR AS UINTEGER) AS partyear,
      ${['EPISTAT', 'CLASSPAT', 'ADMIMETH', 'ADMISORC', 'DISDEST', 'DISMETH', 'SEX'].map(n => `${text(n)} AS ${n.toLowerCase()}`).join(', ')},
      CASE WHEN age BETWEEN 7001 AND 7007 THEN 0 WHEN age <= 130 THEN least(age, 120) END AS age,
      CASE WHEN area LIKE '___00' AND area NOT LIKE '59%' THEN area[:3] ELSE area END AS area,
      ${names(20).map((n, i) => `${text('DIAG_4_' + n.slice(1))} AS ${n}`).join(', ')}
    FROM (SELECT *, coalesce(${text('PROCODET')}, ${text('PROCODE3')}) AS provider, TRY_CAST(${text('STARTAGE')} AS USMALLINT) AS age,
                 ${text('RESPCT_HIS')} AS area
          FROM ${source})`);
}

const list = text => '(' + text.split(' ').map(quote).join(', ') + ')';
const any = (n, test) => '(' + names(n).map(test).join(' OR ') + ')';
const emergency = `admimeth IN ${list('21 22 23 24 25 28 2A 2B 2C 2D')}`;
const dementia = any(3, d => `${d} LIKE 'F00%' OR ${d} LIKE 'F01%' OR ${d} LIKE 'F02%' OR ${d} LIKE 'F03%' OR ${d} LIKE 'G30%'`);
const diabetes = any(20, d => `(${d} >= 'E10' AND ${d} < 'E15')`);
const complications = `d01[:3] IN ${list('E10 E11 E12 E13 E14')} AND d01[4] BETWEEN '0' AND '8'`;
const quarter = "year(day) || 'Q' || quarter(day)";

// A repeat of a record key within a person goes: kept are finished rows first, then the later file, then the newer.
const repeats = `CREATE TEMP TABLE repeats AS
  WITH twice AS (SELECT person, epikey FROM episodes GROUP BY person, epikey HAVING count(*) > 1)
  SELECT row AS repeated FROM (
    SELECT e.rowid AS row, row_number() OVER (PARTITION BY person, epikey
      ORDER BY CASE WHEN epistat = '3' THEN 0 ELSE 1 END, partyear DESC, subdate DESC NULLS LAST, e.rowid) AS i
    FROM episodes e JOIN twice USING (person, epikey)) WHERE i > 1`;
const kept = 'FROM episodes WHERE rowid NOT IN (SELECT repeated FROM repeats)';

const valid = `CREATE TEMP TABLE valid AS
  SELECT person, epikey, provider, number, epiorder, classpat, admimeth, admisorc, disdest, disdate, area,
         least(epistart, epiend) AS epistart, greatest(epistart, epiend) AS epiend, ${dementia} AS dementia,
         coalesce(admidate, CASE WHEN epiorder = 1 AND coalesce(admimeth NOT IN ('2B', '81'), true)
                                  AND coalesce(admisorc NOT IN ('51', '52', '53'), true) THEN least(epistart, epiend) END) AS admidate,
         CASE WHEN classpat IN ('3', '4') THEN epikey END AS alone
  ${kept} AND epistat = '3' AND provider IS NOT NULL AND epistart IS NOT NULL AND epiend IS NOT NULL`;

// Where one episode of an ADMIDATE and provider has no spell number, those of the others are left out (a join takes less than a window).
const spells = `CREATE TEMP TABLE spells AS
  WITH partly AS (
    SELECT person, admidate, provider, true AS is_partly FROM valid WHERE admidate IS NOT NULL AND alone IS NULL
    GROUP BY ALL HAVING count(number) BETWEEN 1 AND count(*) - 1),
  numbered AS (
    SELECT valid.*, CASE WHEN is_partly IS NULL THEN number END AS key
    FROM valid LEFT JOIN partly ON valid.person = partly.person AND valid.admidate = partly.admidate AND valid.provider = partly.provider
    WHERE valid.admidate IS NOT NULL),
  grouped AS (
    SELECT person, provider, admidate, min(epikey) AS key, max(epiend) AS ended, bool_or(dementia) AS dementia,
           arg_min({'epistart': epistart, 'classpat': classpat, 'admimeth': admimeth, 'admisorc': admisorc, 'area': area},
                   (epistart, epiorder, epiend, epikey)) AS first,
           arg_max({'disdate': disdate, 'disdest': disdest},
                   (CASE WHEN disdate IS NULL THEN 0 ELSE 1 END, epistart, epiorder, epiend, epikey)) AS last
    FROM numbered GROUP BY person, provider, admidate, alone, numbered.key)
  SELECT person, admidate, key, ended, dementia, least(admidate, first.epistart) AS began, first.classpat AS classpat,
         first.admimeth AS admimeth, first.admisorc AS admisorc, first.area AS area, last.disdate AS disdate, last.disdest AS disdest
  FROM grouped`;

// Each spell against the one before it: 0 to 2 days, a transfer recorded, none of the exclusions. A continuous spell is what its first
// spell says: to count them it is enough to keep the spells that no link leads to.
const continuous = `CREATE TEMP TABLE continuous AS
  WITH before AS (
    SELECT *, lag(ended) OVER w AS ended_before, lag(disdest) OVER w AS disdest_before, lag(classpat) OVER w AS classpat_before
    FROM spells WINDOW w AS (PARTITION BY person ORDER BY began, ended, key))
  SELECT person, admidate, classpat, area FROM before
  WHERE NOT coalesce(began - ended_before BETWEEN 0 AND 2
      AND (coalesce(disdest_before IN ${list('49 50 51 52 53 84')}, false) OR coalesce(admisorc IN ${list('49 50 51 52 53 87')}, false)
           OR coalesce(admimeth IN ('2B', '81'), false))
      AND NOT coalesce(disdest_before = '19' AND admisorc = '51' AND admimeth = '21', false)
      AND coalesce(classpat_before NOT IN ('3', '4'), true) AND coalesce(classpat NOT IN ('3', '4'), true), false)`;

function tables(from, to) {
  const window = `BETWEEN DATE ${quote(from)} AND DATE ${quote(to)}`;
  const admissions = `SELECT person, area, admidate AS day, sex, CASE WHEN age >= 85 THEN 85 ELSE age // 5 * 5 END AS band, admimeth, d01
    ${kept} AND epistat = '3' AND epiorder = 1 AND provider IS NOT NULL AND epistart IS NOT NULL AND epiend IS NOT NULL
      AND classpat IN ('1', '2', '5') AND admidate ${window}`;
  const members = `SELECT DISTINCT person ${kept} AND epistat = '3' AND admidate ${window} AND ${diabetes}`;
  return {
    admissions: `SELECT area, ${quarter} AS quarter, sex, band, CASE WHEN ${emergency} THEN 'E' ELSE 'P' END AS class, count(*) AS n
      FROM (${admissions}) WHERE sex IN ('1', '2') AND band IS NOT NULL AND (${emergency} OR admimeth IN ('11', '12', '13')) GROUP BY ALL`,
    complications: `SELECT area, quarter, sex, band, events, count(*) AS people FROM (
        SELECT person, area, ${quarter} AS quarter, sex, band, count(*) AS events FROM (${admissions})
        WHERE sex IN ('1', '2') AND band IS NOT NULL AND ${emergency} AND ${complications} GROUP BY ALL) GROUP BY ALL`,
    dementia: `SELECT area, strftime(disdate, '%Y-%m') AS month, count(*) AS n, sum(disdate - admidate) AS days,
        sum((disdate - admidate) * (disdate - admidate)) AS squares
      FROM spells WHERE dementia AND classpat = '1' AND ${emergency} AND disdate ${window}
        AND disdate - admidate BETWEEN 0 AND 29200 GROUP BY ALL`,
    cohort_emergency: `SELECT area, ${quarter} AS quarter, count(*) AS n FROM (${admissions})
      WHERE ${emergency} AND person IN (SELECT person FROM members) GROUP BY ALL`,
    // at each 31 March: where the last row begun by then says, else the first one after; not who died in hospital by then
    cohort: `WITH years AS (SELECT CAST(unnest(generate_series(DATE ${quote(from)} + INTERVAL 1 YEAR, DATE ${quote(to)} + INTERVAL 1 DAY,
                                          INTERVAL 1 YEAR)) AS DATE) - 1 AS march),
      rows AS (SELECT person, coalesce(admidate, epistart) AS day, epistart, epiend, epiorder, epikey, area, age, dismeth, disdate
               ${kept} AND epistat = '3' AND coalesce(admidate, epistart) IS NOT NULL AND person IN (SELECT person FROM members)),
      places AS (
        SELECT person, march,
               coalesce(arg_max({'area': area, 'age': age, 'day': coalesce(epistart, day)}, (day, epistart, epiend, epiorder, epikey))
                          FILTER (day <= march),
                        arg_min({'area': area, 'age': age, 'day': coalesce(epistart, day)}, (day, epistart, epiend, epiorder, epikey))
                          FILTER (day > march)) AS place,
               min(coalesce(disdate, epiend)) FILTER (dismeth IN ('4', '5')) AS died
        FROM rows, years GROUP BY person, march)
      SELECT place.area AS area, year(march) - 1 AS year, count(*) AS members FROM places
      WHERE coalesce(died > march, true) AND coalesce(1461 * place.age + 730 + 4 * (march - place.day) >= 0, true) GROUP BY ALL`,
    continuous: `SELECT area, ${quarter} AS quarter, count(*) AS n FROM (SELECT *, admidate AS day FROM continuous)
      WHERE classpat IN ('1', '2', '5') AND day ${window} GROUP BY ALL`,
    totals: `SELECT (SELECT count(*) ${kept}) AS episodes, (SELECT count(*) FROM spells) AS spells,
      (SELECT count(*) FROM continuous) AS continuous, (SELECT count(*) FROM members) AS members`,
    repeats: `SELECT area, year, sex, band, events, count(*) AS people FROM (
        SELECT person, area, year(day - INTERVAL 3 MONTH) AS year, sex, band, count(*) AS events FROM (${admissions})
        WHERE sex IN ('1', '2') AND band IS NOT NULL AND ${emergency} GROUP BY ALL) GROUP BY ALL`,
    members,
  };
}

async function count(threads, path, out, from, to) {
  const c = await open(path, threads);
  const { members, ...results } = tables(from, to);
  if (command !== 'check') delete results.repeats;
  mkdirSync(out, { recursive: true });
  for (const statement of [repeats, valid, spells, continuous, `CREATE TEMP TABLE members AS ${members}`]) await c.run(statement);
  for (const [name, query] of Object.entries(results)) {
    await c.run(`COPY (${query}) TO ${quote(out + '/' + name + '.csv')} (HEADER true)`);
  }
}

if (command === 'create' && args.length >= 2) await create(args[0], args.slice(1));
else if (['count', 'check'].includes(command) && args.length === 5) await count(...args);
else { console.error('usage: node people-duckdb.mjs create DB FILE... | count|check THREADS DB OUTDIR FROM TO'); process.exit(2); }
