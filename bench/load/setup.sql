-- What pgbench needs beside the tables of the ledger: customers by number, ids that ascend in time
-- as those of the ledger do, and the drawdown as one call.

CREATE TABLE bench_customer (n integer PRIMARY KEY, id uuid NOT NULL);
INSERT INTO bench_customer SELECT row_number() OVER (ORDER BY id), id FROM customer;
ANALYZE;

CREATE FUNCTION bench_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(overlay(uuid_send(gen_random_uuid())
        PLACING substring(int8send((extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6), 'hex')::uuid
$$;

CREATE FUNCTION bench_draw(n integer, amount bigint, key text) RETURNS uuid LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
    usd CONSTANT uuid := '2714e483-4ff1-48e4-9e25-ac732e8f24f2';
    a record;
    s record;
    d CONSTANT uuid := bench_id();
    t CONSTANT bigint := (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
    h bytea;
BEGIN
    SELECT account.customer_id, balance, last_sequence, last_hash INTO a
      FROM bench_customer b JOIN account ON account.customer_id = b.id AND account.credit_type_id = usd
     WHERE b.n = n FOR UPDATE OF account;
    SELECT id, credit_grant_id INTO s FROM segment
     WHERE customer_id = a.customer_id AND credit_type_id = usd AND open AND remaining - held >= amount
     ORDER BY priority, ends_at, id LIMIT 1;
    UPDATE segment SET remaining = remaining - amount, used = used + amount, digest = sha256(uuid_send(d))
     WHERE id = s.id AND customer_id = a.customer_id;
    INSERT INTO drawdown (id, customer_id, credit_type_id, status, amount, applied, shortfall, released, reversed,
        slices, effective_at, metadata, created_at, created_by, idempotency_key, input, digest)
    VALUES (d, a.customer_id, usd, 'POSTED', amount, amount, 0, 0, 0,
        format('[{"segment_id":"%s","parent":{"grant":"%s"},"amount":%s,"reversed":0}]', s.id, s.credit_grant_id, amount),
        t, '{}', t, 'bench', key,
        format('{"amount":"%s","creditTypeId":"%s"}', amount, usd),
        sha256(uuid_send(d)));
    h := sha256(a.last_hash || uuid_send(d) || int8send(amount));
    INSERT INTO ledger_entry (id, customer_id, credit_type_id, sequence, kind, amount, running_balance, effective_at,
        recorded_at, effective_max, late, created_by, segment_id, credit_grant_id, drawdown_id, hash)
    VALUES (bench_id(), a.customer_id, usd, a.last_sequence + 1, 'DEDUCTION', -amount, a.balance - amount, t,
        t, t, false, 'bench', s.id, s.credit_grant_id, d, h);
    UPDATE account SET balance = balance - amount, last_sequence = last_sequence + 1, last_hash = h,
        recorded_max = t, effective_max = t, digest = sha256(uuid_send(d))
     WHERE customer_id = a.customer_id AND credit_type_id = usd;
    RETURN d;
END $$;
