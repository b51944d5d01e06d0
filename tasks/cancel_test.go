package tasks_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pygent/pygent/agent/approval"
	"github.com/pygent/pygent/agent/conversation"
	"github.com/pygent/pygent/agent/event"
	"github.com/pygent/pygent/agent/journal"
	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/tasks"
	"github.com/pygent/pygent/tasks/backendtest"
)

// asking makes restored tasks with an open approval, whose sessions are kept.
func (f *fixture) asking(t testing.TB, ids ...string) (list []tasks.Restored) {
	t.Helper()
	for _, id := range ids {
		a := backendtest.Asked(t, f.store, tasks.Assignment{TaskID: id, SessionID: "s_" + id, ParentSessionID: f.session, Task: "p"})
		list = append(list, tasks.Restored{
			TaskID: id, SessionID: "s_" + id, Outcome: tasks.Outcome{State: tasks.StateInterrupted}, Asked: &a,
		})
	}
	return list
}

// asks reports whether a task's approval is pending.
func (f *fixture) asks(t testing.TB, id string) bool {
	t.Helper()
	res, err := f.PendingRequests(t.Context(), session.PendingRequestsParams{})
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(res.Requests, func(r approval.PendingRequest) bool { return r.Approval != nil && r.Approval.TaskID == id })
}

// keptCancel reports whether the kept session of a task is cancelled, and not one
// that asks.
func (f *fixture) keptCancel(t testing.TB, id string) bool {
	t.Helper()
	r, err := f.store.Reader("s_" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	tail, err := conversation.ReadTail(r.Back)
	cancelled := tail.End != nil && tail.End.Status == event.StatusCancelled
	if err != nil || cancelled == (tail.Asked != nil) {
		t.Fatalf("session s_%s: %+v, %v", id, tail, err)
	}
	return cancelled
}

// While the cancel of a task that asks is being recorded, nobody can answer it.
// When it cannot be recorded, the task keeps asking.
func TestCancelIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, false, finishing, tasks.Options{})
		f.client.OnEvent = func(context.Context, event.Event) { time.Sleep(time.Second) } // a slow client
		f.Restore(f.session, f.asking(t, "task"))
		other, err := f.store.Open("s_task")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: "task"}); !errors.Is(err, journal.ErrInUse) || !f.asks(t, "task") {
			t.Errorf("error %v, asks: %v", err, f.asks(t, "task"))
		}
		if task, err := f.Status(t.Context(), tasks.TaskParams{TaskID: "task"}); err != nil || task.State != tasks.StateInterrupted || len(f.told("task")) > 0 {
			t.Errorf("%+v, %v", task, err)
		}
		if err := other.Close(); err != nil || f.keptCancel(t, "task") || len(f.client.Events()) > 0 {
			t.Errorf("%v; events %+v", err, f.client.Events())
		}
		var late error
		go func() {
			time.Sleep(time.Second / 2)
			late = f.Answer("task", tasks.Answer{RequestKey: "a_1"})
		}()
		begin := time.Now()
		if task, err := f.Cancel(t.Context(), tasks.TaskParams{TaskID: "task"}); err != nil || task.State != tasks.StateCancelled {
			t.Errorf("%+v, %v", task, err)
		}
		if time.Since(begin) < time.Second {
			t.Error("the answer came after the cancel")
		}
		synctest.Wait()
		if !errors.Is(late, tasks.ErrNotAsking) {
			t.Errorf("an answer meanwhile: %v", late)
		}
		if ends := f.client.Events(event.KindTurnFinished); !f.keptCancel(t, "task") || len(ends) != 1 {
			t.Errorf("ends that were told: %+v", ends)
		}
	})
}

// The cancel of a turn that its Backend has not begun is recorded too; the end of
// the server is not a cancel.
func TestCancelBeforeTheTurnIsKept(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(ctx context.Context, f *fixture)
		want bool
	}{
		{"cancel", func(ctx context.Context, f *fixture) { _, _ = f.Cancel(ctx, tasks.TaskParams{TaskID: "task"}) }, true},
		{"close", func(ctx context.Context, f *fixture) { _ = f.Close(ctx) }, false},
	} {
		for _, where := range []string{"in line", "without a runtime"} {
			t.Run(tt.name+" "+where, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					f := setup(t, false, waiting, tasks.Options{Max: 1})
					if where == "in line" {
						f.start(t, tasks.StartParams{})
					} else {
						f.making = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
					}
					f.Restore(f.session, f.asking(t, "task"))
					if err := f.Answer("task", tasks.Answer{RequestKey: "a_1"}); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					tt.end(t.Context(), f)
					if got := f.keptCancel(t, "task"); got != tt.want {
						t.Errorf("kept as cancelled: %v", got)
					}
					if ends := f.client.Events(event.KindTurnFinished); (len(ends) == 1) != tt.want {
						t.Errorf("ends that were told: %+v", ends)
					}
					if task, err := f.Status(t.Context(), tasks.TaskParams{TaskID: "task"}); err != nil || task.State != tasks.StateCancelled || task.Error != "cancelled" {
						t.Errorf("%+v, %v", task, err)
					}
				})
			})
		}
	}
}

// A turn whose time is up before its runtime is ready has timed out.
func TestTimeoutBeforeTheTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t, false, finishing, tasks.Options{TaskTimeout: 10 * time.Second})
		f.making = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		f.Restore(f.session, f.asking(t, "task"))
		f.send(t, "task", "go")
		if task := f.ended(t, "task"); task.State != tasks.StateTimeout || task.Status != "timeout after 10s" {
			t.Errorf("%+v", task)
		}
	})
}
