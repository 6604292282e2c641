// Asks our HTTP front as Grafana's ClickHouse datasource does: by clickhouse-go over HTTP, in the Native format. Prints one JSON document.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

type result struct {
	Greeting string           `json:"greeting"`
	Rows     []map[string]any `json:"rows"`
	Many     int              `json:"many"`
	Sum      uint64           `json:"sum"`
	Swarms   []map[string]any `json:"swarms"`
	Refused  int32            `json:"refused"`
	Syntax   int32            `json:"syntax"`
	Missing  int32            `json:"missing"`
	Limit    int32            `json:"limit"`
	Packed   int              `json:"packed"`
	Framed   int              `json:"framed"`
}

func options(compression clickhouse.CompressionMethod) *clickhouse.Options {
	return &clickhouse.Options{
		Addr:        []string{os.Args[1]},
		Protocol:    clickhouse.HTTP,
		Auth:        clickhouse.Auth{Database: "default", Username: "default", Password: os.Getenv("FRONT_PASSWORD")},
		Settings:    clickhouse.Settings{"max_execution_time": 60},
		Compression: &clickhouse.Compression{Method: compression},
		DialTimeout: 10 * time.Second,
	}
}

func main() {
	ctx := context.Background()
	db := clickhouse.OpenDB(options(clickhouse.CompressionNone))
	defer db.Close()
	must(db.PingContext(ctx))
	out := result{}
	must(db.QueryRowContext(ctx, "SELECT displayName()").Scan(&out.Greeting))
	out.Rows = rows(db.QueryContext(ctx, `SELECT toUInt8(7) AS u8, toInt64(-5) AS i64, 'text' AS s, CAST(NULL, 'Nullable(UInt32)') AS none, toNullable(toUInt32(9)) AS some,
		toLowCardinality('low') AS low, toDateTime('2026-11-24 12:00:00', 'UTC') AS at, toDateTime64('2026-11-24 12:00:00.123', 3, 'UTC') AS ms, [1, 2]::Array(UInt16) AS list, map('a', 1.5) AS named, toFloat64(2.5) AS f, true AS b`))
	for r := rowsOf(db.QueryContext(ctx, "SELECT number FROM numbers(300000)")); r.next(); out.Many++ {
		var n uint64
		must(r.scan(&n))
		out.Sum += n
	}
	out.Swarms = rows(db.QueryContext(ctx, "SELECT swarm, proved, completable, ts FROM swarms WHERE proved >= {least:UInt32} ORDER BY swarm", clickhouse.Named("least", "1")))
	_, err := db.ExecContext(ctx, "DROP TABLE swarm_sampled")
	out.Refused = code(err)
	out.Syntax = code(db.QueryRowContext(ctx, "SELEC 1").Err())
	out.Missing = code(db.QueryRowContext(ctx, "SELECT * FROM nowhere").Err())
	slow := clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{"max_execution_time": 1}))
	out.Limit = code(db.QueryRowContext(slow, "SELECT count() FROM numbers(1000000000000) WHERE cityHash64(number) % 7 = 1").Err())
	packed := clickhouse.OpenDB(options(clickhouse.CompressionGZIP))
	defer packed.Close()
	for r := rowsOf(packed.QueryContext(ctx, "SELECT number FROM numbers(1000)")); r.next(); out.Packed++ {
		var n uint64
		must(r.scan(&n))
	}
	framed := clickhouse.OpenDB(options(clickhouse.CompressionLZ4))
	defer framed.Close()
	for r := rowsOf(framed.QueryContext(ctx, "SELECT number FROM numbers(100000)")); r.next(); out.Framed++ {
		var n uint64
		must(r.scan(&n))
	}
	must(json.NewEncoder(os.Stdout).Encode(out))
}

type cursor struct {
	next func() bool
	scan func(...any) error
}

type sqlRows interface {
	Next() bool
	Scan(...any) error
	Columns() ([]string, error)
	Err() error
}

func rowsOf[R sqlRows](r R, err error) cursor {
	must(err)
	return cursor{next: func() bool {
		more := r.Next()
		if !more {
			must(r.Err())
		}
		return more
	}, scan: r.Scan}
}

func rows[R sqlRows](r R, err error) []map[string]any {
	must(err)
	names, err := r.Columns()
	must(err)
	all := []map[string]any{}
	for r.Next() {
		values := make([]any, len(names))
		places := make([]any, len(names))
		for i := range values {
			places[i] = &values[i]
		}
		must(r.Scan(places...))
		row := map[string]any{}
		for i, name := range names {
			row[name] = values[i]
		}
		all = append(all, row)
	}
	must(r.Err())
	return all
}

// The code of ClickHouse's exception; over HTTP the client only passes its text on.
func code(err error) int32 {
	if err == nil {
		return 0
	}
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		return exception.Code
	}
	text := err.Error()
	for i := 0; i+5 < len(text); i++ {
		var number int32
		if n, _ := fmt.Sscanf(text[i:], "Code: %d.", &number); n == 1 {
			return number
		}
	}
	return -1
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
