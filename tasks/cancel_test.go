package tasks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/tasks"
)

// asking are restored tasks that ask.
func asking(ids ...string) (list []tasks.Restored) {
	for _, id := range ids {
		list = append(list, tasks.Restored{
			TaskID: id, SessionID: "s_" + id, Outcome: tasks.Outcome{State: tasks.StateInterrupted}, Asks: true,
		})
	}
	return list
}

// While the cancel of a task that asks is being kept, nobody can answer it. Where
// it cannot be kept the task goes on asking.
func TestCancelIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("the disk is full")
		var kept []string
		f := setup(t, false, tasks.Options{Runner: finishing, Cancelled: func(id string) error {
			time.Sleep(time.Second)
			if kept = append(kept, id); len(kept) == 1 {
				return full
			}
			return nil
		}})
		f.Restore("s_1", asking("task"))
		if _, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: "task"}); !errors.Is(err, full) || !f.Asks("task") {
			t.Errorf("error %v, asks: %v", err, f.Asks("task"))
		}
		if task, err := f.Status(t.Context(), tasks.TaskParams{TaskID: "task"}); err != nil || task.State != tasks.StateInterrupted || len(f.told("task")) > 0 {
			t.Errorf("%+v, %v", task, err)
		}
		var late error
		go func() {
			time.Sleep(time.Second / 2)
			late = f.Answer("task", tasks.Answer{RequestKey: "a_1"})
		}()
		if task, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: "task"}); err != nil || task.State != tasks.StateCancelled {
			t.Errorf("%+v, %v", task, err)
		}
		synctest.Wait()
		if !errors.Is(late, tasks.ErrNotAsking) {
			t.Errorf("an answer meanwhile: %v", late)
		}
		if diff := cmp.Diff([]string{"s_task", "s_task"}, kept); diff != "" {
			t.Error(diff)
		}
	})
}

// The cancel of a turn that its Runner has never seen is kept too; the end of the
// server is no cancel.
func TestCancelBeforeTheTurnIsKept(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(ctx context.Context, f *fixture)
		want []string
	}{
		{"cancel", func(ctx context.Context, f *fixture) { _, _ = f.Cancel(ctx, tasks.TaskParams{TaskID: "task"}) }, []string{"s_task"}},
		{"close", func(ctx context.Context, f *fixture) { _ = f.Close(ctx) }, nil},
	} {
		for _, where := range []string{"in line", "without a runtime"} {
			t.Run(tt.name+" "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var kept []string
					opts := tasks.Options{Max: 1, Runner: waiting, Cancelled: func(id string) error {
						kept = append(kept, id)
						return nil
					}}
					f := setup(t, false, opts)
					if where == "in line" {
						f.start(t, tasks.StartParams{})
					} else {
						f.making = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
					}
					f.Restore("s_1", asking("task"))
					if err := f.Answer("task", tasks.Answer{RequestKey: "a_1"}); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					tt.end(t.Context(), f)
					if diff := cmp.Diff(tt.want, kept); diff != "" {
						t.Errorf("kept (-want +got):\n%s", diff)
					}
					if task, err := f.Status(t.Context(), tasks.TaskParams{TaskID: "task"}); err != nil || task.State != tasks.StateCancelled || task.Error != "cancelled" {
						t.Errorf("%+v, %v", task, err)
					}
				})
			})
		}
	}
}

// A turn whose time is up before its runtime is there has timed out.
func TestTimeoutBeforeTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, false, tasks.Options{Runner: finishing, TaskTimeout: 10 * time.Second})
		f.making = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		f.Restore("s_1", asking("task"))
		f.send(t, "task", "go")
		if task := f.ended(t, "task"); task.State != tasks.StateTimeout || task.Status != "timeout after 10s" {
			t.Errorf("%+v", task)
		}
	})
}
