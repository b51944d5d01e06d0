package docker

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseReport(t *testing.T) {
	for line, want := range map[string]report{
		"nodir":        {kind: reportNoDir},
		"start 12 3":   {kind: reportStart, pid: "12", oomKills: 3},
		"start 12 -":   {kind: reportStart, pid: "12", oomKills: -1},
		"exit 137":     {kind: reportExit, code: 137},
		"swept 0":      {kind: reportSwept},
		"swept 1 5 77": {kind: reportSwept, oomKills: 1, unknown: true},
	} {
		got, ok := parseReport(line)
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(report{})); diff != "" || !ok {
			t.Errorf("%q: ok %v, %s", line, ok, diff)
		}
	}
	for _, line := range []string{"", "Killed", "exit", "exit x", "sh: can't fork", "start 1", "swept"} {
		if got, ok := parseReport(line); ok {
			t.Errorf("%q: %+v", line, got)
		}
	}
}

func TestDemuxHoldsOutputUntilTheStart(t *testing.T) {
	var out bytes.Buffer
	d := newDemux(&out)
	_, _ = d.stdout().Write([]byte("early"))
	if out.Len() > 0 {
		t.Errorf("passed on before the start: %q", out.String())
	}
	_, _ = d.stderr().Write([]byte("sta"))
	_, _ = d.stderr().Write([]byte("rt 7 0\nKilled\nexit 0\n"))
	_, _ = d.stdout().Write([]byte(" late"))
	if out.String() != "early late" {
		t.Errorf("got %q", out.String())
	}
	if first, second := <-d.reports, <-d.reports; first.kind != reportStart || second.kind != reportExit {
		t.Errorf("got %+v, %+v", first, second)
	}
	flood := strings.Repeat("exit 1\n", 100) + strings.Repeat("x", 10*reportBytes)
	if n, err := d.stderr().Write([]byte(flood)); n != len(flood) || err != nil || len(d.line) > reportBytes {
		t.Errorf("a flood of reports: %d, %v, %d kept", n, err, len(d.line))
	}
}

func TestDemuxIgnoresReportsThatAreNotDue(t *testing.T) {
	d := newDemux(&bytes.Buffer{})
	_, _ = d.stderr().Write([]byte("exit 0\nswept 0\nstart 7 0\nnodir\nstart 8 0\nswept 0\nexit 3\nexit 0\nswept 1\nswept 2\nexit 4\n"))
	close(d.reports)
	var got []report
	for r := range d.reports {
		got = append(got, r)
	}
	want := []report{{kind: reportStart, pid: "7"}, {kind: reportExit, code: 3}, {kind: reportSwept, oomKills: 1}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(report{})); diff != "" {
		t.Error(diff)
	}
}

func TestDemuxOutlivesItsReader(t *testing.T) {
	calls := 0
	d := newDemux(writerFunc(func([]byte) (int, error) { calls++; return 0, errors.New("full") }))
	d.begin()
	for range 3 {
		if n, err := d.stdout().Write([]byte("x")); n != 1 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	}
	if calls != 1 {
		t.Errorf("asked a broken writer %d times", calls)
	}
}
