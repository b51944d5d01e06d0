package tasks_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/inprocess"
)

// The original checked the limit and then acted: with a limit of 1, five
// concurrent callers started five tasks.
func TestLimitHoldsForConcurrentStarters(t *testing.T) {
	for _, most := range []int{1, 3} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			var ran atomic.Int32
			f := setup(t, false, runnerFunc(func(ctx context.Context, turn inprocess.Turn) tasks.Outcome {
				ran.Add(1)
				return waiting(ctx, turn)
			}), tasks.Options{Max: most})
			errs := make([]error, 10)
			begin := make(chan struct{})
			var wg sync.WaitGroup
			for i := range errs {
				wg.Go(func() {
					<-begin
					_, errs[i] = f.Start(t.Context(), tasks.StartParams{Prompt: "go"})
				})
			}
			close(begin)
			wg.Wait()
			started := 0
			for _, err := range errs {
				switch {
				case err == nil:
					started++
				case !errors.Is(err, tasks.ErrLimit) || !strings.Contains(err.Error(), fmt.Sprintf("max %d tasks reached", most)):
					t.Errorf("error %v", err)
				}
			}
			if started != most {
				t.Errorf("%d tasks were started, the limit is %d", started, most)
			}
			if list, _ := f.List(t.Context(), tasks.ListParams{State: tasks.StateRunning}); len(list.Tasks) != most {
				t.Errorf("%d tasks run", len(list.Tasks))
			}
			id := f.first(t)
			if _, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: id}); err != nil {
				t.Error(err)
			}
			f.start(t, tasks.StartParams{}) // the slot is free again
			if err := f.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if got := int(ran.Load()); got != most+1 {
				t.Errorf("%d turns ran", got)
			}
		})
	}
}

// first returns the id of the oldest task.
func (f *fixture) first(t testing.TB) string {
	t.Helper()
	list, err := f.List(t.Context(), tasks.ListParams{})
	if err != nil || len(list.Tasks) == 0 {
		t.Fatalf("%+v, %v", list, err)
	}
	return list.Tasks[0].TaskID
}

func TestDefaultLimit(t *testing.T) {
	f := setup(t, false, waiting, tasks.Options{})
	for range tasks.DefaultMax {
		f.start(t, tasks.StartParams{})
	}
	if _, err := f.Start(t.Context(), tasks.StartParams{Prompt: "go"}); !errors.Is(err, tasks.ErrLimit) || f.Max() != 3 {
		t.Errorf("error %v", err)
	}
}

// The original skipped missing files in silence and copied from outside.
func TestRefusedFilesStartNothing(t *testing.T) {
	ran := false
	f := setup(t, false, runnerFunc(func(context.Context, inprocess.Turn) tasks.Outcome {
		ran = true
		return tasks.Outcome{State: tasks.StateFinished}
	}), tasks.Options{Max: 1})
	write(t, f.parent, map[string]string{"there.txt": "x", "dir/there.txt": "x"})
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	root := f.parent.Workspace().Dir()
	for name, target := range map[string]string{"abs": outside, "rel": "../" + filepath.Base(filepath.Dir(outside)), "up": ".."} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		file string
		want error // nil: an *InvalidError for files[1]
		name string
	}{
		{"missing.txt", nil, "missing.txt"},
		{"dir/missing.txt", nil, "dir/missing.txt"},
		{"", nil, "path"},
		{"a\x00b", nil, `a\x00b`},
		{"../secret", runtime.ErrOutside, "../secret"},
		{"dir/../../x", runtime.ErrOutside, "dir/../../x"},
		{outside, runtime.ErrOutside, filepath.Base(outside)},
		{"~/x", runtime.ErrOutside, "~/x"},
		{"abs", runtime.ErrOutside, "abs"},
		{"rel", runtime.ErrOutside, "rel"},
		{"up/x", runtime.ErrOutside, "up/x"},
	}
	for _, tt := range tests {
		_, err := f.Start(t.Context(), tasks.StartParams{Prompt: "go", Files: []string{"there.txt", tt.file}})
		var invalid *runtime.InvalidError
		switch {
		case err == nil || !strings.Contains(err.Error(), tt.name) || !strings.Contains(err.Error(), "files[1]"):
			t.Errorf("%q: error %v does not name it", tt.file, err)
		case tt.want == nil && !errors.As(err, &invalid), tt.want != nil && !errors.Is(err, tt.want):
			t.Errorf("%q: error %v", tt.file, err)
		}
		if n := f.workspaces(); n != 0 {
			t.Errorf("%q: %d workspaces are left", tt.file, n)
		}
	}
	if list, _ := f.List(t.Context(), tasks.ListParams{}); len(list.Tasks) != 0 || ran {
		t.Errorf("tasks %+v, ran: %v", list.Tasks, ran)
	}
	if task := f.run(t, tasks.StartParams{Files: []string{"there.txt", "dir"}}); task.State != tasks.StateFinished { // the slot is free
		t.Errorf("task %+v", task)
	}
	wantFile(t, f.made[len(f.made)-1], "dir/there.txt", "x")
}

func TestWhatCannotBeCopiedIsSaid(t *testing.T) {
	f := setup(t, false, finishing, tasks.Options{})
	write(t, f.parent, map[string]string{"dir/there.txt": "x"})
	root := f.parent.Workspace().Dir()
	if err := os.Symlink("/etc/hostname", filepath.Join(root, "dir/abs")); err != nil {
		t.Fatal(err)
	}
	res, err := f.Start(t.Context(), tasks.StartParams{Prompt: "go", Files: []string{"dir"}})
	if err != nil || len(res.Skipped) != 1 || res.Skipped[0].Path != "dir/abs" || res.Skipped[0].Reason == "" {
		t.Errorf("%+v, %v", res, err)
	}
	got := f.call(t, f.env, "delegate_task", `{"prompt":"go","files":["dir"]}`)
	if !strings.HasPrefix(got.Text, "started task_") || !strings.Contains(got.Text, `(1 not copied: "dir/abs": `) {
		t.Errorf("delegate_task answered %+v", got)
	}
}

func TestRefusedParametersAreNamed(t *testing.T) {
	f := setup(t, false, finishing, tasks.Options{})
	tests := []struct {
		field  string
		params tasks.StartParams
	}{
		{"prompt", tasks.StartParams{Prompt: " \n"}},
		{"prompt", tasks.StartParams{Prompt: strings.Repeat("x", 1<<20+1)}},
		{"persona", tasks.StartParams{Prompt: "go", Persona: strings.Repeat("x", 64<<10+1)}},
		{"name", tasks.StartParams{Prompt: "go", Name: strings.Repeat("x", 201)}},
		{"files", tasks.StartParams{Prompt: "go", Files: make([]string, 1001)}},
		{"stepTimeoutSeconds", tasks.StartParams{Prompt: "go", StepTimeoutSeconds: -1}},
		{"taskTimeoutSeconds", tasks.StartParams{Prompt: "go", TaskTimeoutSeconds: 1e18}},
		{"taskTimeoutSeconds", tasks.StartParams{Prompt: "go", TaskTimeoutSeconds: math.NaN()}},
		{"limits.tokens", tasks.StartParams{Prompt: "go", Limits: &event.Limits{Tokens: -1}}},
	}
	for _, tt := range tests {
		_, err := f.Start(t.Context(), tt.params)
		var invalid *runtime.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != tt.field {
			t.Errorf("%s: error %v", tt.field, err)
		}
	}
	for args, want := range map[string]string{
		`{"prompt":""}`:                            "[error] prompt: is empty",
		`{"prompt":"go","timeout":-1}`:             "[error] timeout: -1: give seconds",
		`{"prompt":"go","step_timeout":-1}`:        "[error] step_timeout: -1: give seconds",
		`{"prompt":"go","files":["missing.txt"]}`:  "[error] files[0]: file missing.txt not found",
		`{"prompt":"go","files":"missing.txt"}`:    `[error] delegate_task: argument "files" must be a JSON array`,
		`{"prompt":"go","persona":"a","tools":[]}`: `[error] delegate_task: unknown argument "tools"`,
	} {
		if got := f.call(t, f.env, "delegate_task", args); !got.IsError || !strings.HasPrefix(got.Text, want) {
			t.Errorf("%s: %+v", args, got)
		}
	}
	if n := f.workspaces(); n != 0 {
		t.Errorf("%d workspaces are left", n)
	}
}

func TestNameIsThePromptsFirstLine(t *testing.T) {
	f := setup(t, false, finishing, tasks.Options{})
	var got []string
	for _, p := range []tasks.StartParams{{Prompt: "\n one\ntwo"}, {Prompt: "x", Name: "mine"}, {Prompt: strings.Repeat("ä", 70)}} {
		got = append(got, f.run(t, p).Name)
	}
	if diff := cmp.Diff([]string{"one", "mine", strings.Repeat("ä", 59) + "…"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestTaskOutlivesTheRequestThatStartedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, false, waiting, tasks.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		res, err := f.Start(ctx, tasks.StartParams{Prompt: "go"})
		cancel()
		synctest.Wait()
		if task, _ := f.Status(t.Context(), tasks.TaskParams{TaskID: res.TaskID}); err != nil || task.State != tasks.StateRunning {
			t.Errorf("%+v, %v", task, err)
		}
	})
}

func TestFailureToMakeAWorkspaceFreesTheSlot(t *testing.T) {
	broken := errors.New("disk full")
	m := newManager(t, t.Context(), inprocess.Options{
		Runner:     finishing,
		NewRuntime: func(context.Context, *runtime.Workspace) (*runtime.Runtime, error) { return nil, broken },
	})
	for range 3 {
		if _, err := m.Start(t.Context(), tasks.StartParams{Prompt: "go"}); !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
	if err := m.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
