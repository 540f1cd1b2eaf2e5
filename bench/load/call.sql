\set n random(1, :customers)
\set amount random(1, 100)
\set key random(1, 9000000000000000000)
SELECT bench_draw(:n, :amount, :key::text);
