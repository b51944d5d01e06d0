package trial

import (
	"strings"
	"testing"

	"github.com/pygent/pygent/agent/agenttest"
)

// tiny is a job of one call.
const tiny = `-- job --
title: write a file
language: any
prompt: Write one into a.txt.
check: test "$(cat a.txt)" = one
most: 20
-- tree b.txt --
b
-- reply --
-- call write_file --
{"path": "a.txt", "content": "one\n"}
-- told --
a.txt
-- reply --
Done.
`

func runJob(t *testing.T, text string, o Options) Report {
	t.Helper()
	jobs, err := Jobs(write(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return jobs[0].Run(t.Context(), o)
}

func TestJobMeasures(t *testing.T) {
	r := runJob(t, tiny, Options{})
	if r.Err != nil || r.Rounds != 2 || r.Calls != 1 || r.ToolErrors != 0 || r.EditBytes != len(`{"content":"one\n","path":"a.txt"}`) || r.RequestBytes <= 2*r.FirstRequest {
		t.Errorf("%+v", r)
	}
	if table := Table([]Report{r}); !strings.Contains(table, "1/1") || !strings.Contains(table, "done") {
		t.Error(table)
	}
}

// A job fails for each of its reasons.
func TestJobFails(t *testing.T) {
	for _, c := range []struct {
		name, old, new, want string
	}{
		{"check", `= one`, `= two`, "the check fails"},
		{"told", "-- told --\na.txt", "-- told --\nb.txt", `no result says "b.txt"`},
		{"too many tokens", "most: 20", "most: 3", "at most 3"},
		{"an error that should be none", `"path": "a.txt"`, `"path": "../a.txt"`, "an error: true, want false"},
		{"no error", "-- call write_file --", "-- call write_file | fails --", "an error: false, want true"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := runJob(t, strings.Replace(tiny, c.old, c.new, 1), Options{})
			if r.Err == nil || !strings.Contains(r.Err.Error(), c.want) {
				t.Errorf("%v, want %q", r.Err, c.want)
			}
			if table := Table([]Report{r}); !strings.Contains(table, "FAILED") || !strings.Contains(table, "0/1") {
				t.Error(table)
			}
		})
	}
}

func TestJobSkipped(t *testing.T) {
	r := runJob(t, strings.Replace(tiny, "language: any", "language: any\nneeds: no-such-program", 1), Options{})
	if r.Skipped != "no no-such-program" || !strings.Contains(Table([]Report{r}), "skipped: no no-such-program") {
		t.Errorf("%+v", r)
	}
}

func TestRealModelNeedsSandbox(t *testing.T) {
	model := agenttest.Script(agenttest.Text("done"))
	if r := runJob(t, tiny, Options{Model: model}); r.Err == nil || !strings.Contains(r.Err.Error(), "sandbox") || model.Remaining() != 1 {
		t.Errorf("%+v", r)
	}
}

// What a model has changed in the files of the check does not count.
func TestCheckFilesArePutBack(t *testing.T) {
	text := strings.NewReplacer(`check: test "$(cat a.txt)" = one`, "check: sh check.sh", "-- reply --\nDone.", "-- check check.sh --\ngrep -q two a.txt\n-- reply --\nDone.", "a.txt\", \"content\": \"one\\n\"", "check.sh\", \"content\": \"exit 0\\n\"", "-- told --\na.txt\n", "").Replace(tiny)
	if r := runJob(t, text, Options{}); r.Err == nil || !strings.Contains(r.Err.Error(), "the check fails") {
		t.Errorf("%v", r.Err)
	}
}
