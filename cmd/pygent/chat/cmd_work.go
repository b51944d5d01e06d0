package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/agent/session"
	"github.com/pygent/pygent/cmd/pygent/internal/term"
	"github.com/pygent/pygent/rpc"
	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

// execTimeout bounds /cmd, in seconds. Ctrl-C ends it earlier.
const execTimeout = 600

func listTasks(ctx context.Context, t *talk, args string) (outcome, error) {
	if id, ok := strings.CutPrefix(args, "cancel "); ok {
		return t.task(ctx, rpc.MethodTaskCancel, strings.TrimSpace(id))
	}
	if args != "" {
		return t.task(ctx, rpc.MethodTaskStatus, args)
	}
	var res tasks.ListResult
	if err := t.client.Call(ctx, rpc.MethodTaskList, tasks.ListParams{}, &res); err != nil {
		return outcome{}, err
	}
	if len(res.Tasks) == 0 {
		return outcome{text: "there are no tasks"}, nil
	}
	var b strings.Builder
	for _, task := range res.Tasks {
		fmt.Fprintf(&b, "%s  %-24s %s, %s\n", task.TaskID, term.Line(task.Name, 24), term.Line(task.Status, 80), count(task.Steps, "round"))
	}
	return outcome{text: b.String()}, nil
}

func (t *talk) task(ctx context.Context, method, id string) (outcome, error) {
	var task tasks.Task
	if err := t.client.Call(ctx, method, tasks.TaskParams{TaskID: id}, &task); err != nil {
		return outcome{}, err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s after %s\n", task.Name, task.Status, count(task.Steps, "round"))
	for _, c := range task.Changes {
		fmt.Fprintf(&b, "%s %s (+%d -%d)\n", c.Change, c.Path, c.Added, c.Removed)
	}
	if task.Question != nil {
		fmt.Fprintf(&b, "it asks: %s\n", task.Question.Text)
	}
	b.WriteString(task.Text)
	return outcome{text: b.String()}, nil
}

func execute(ctx context.Context, t *talk, line string) (outcome, error) {
	if line == "" {
		return outcome{}, errors.New("/cmd: give a command")
	}
	id, err := t.open(ctx)
	if err != nil {
		return outcome{}, err
	}
	var res runtime.Result
	err = t.client.Call(ctx, rpc.MethodExec, session.ExecParams{SessionID: id, Command: line, TimeoutSeconds: execTimeout}, &res)
	return outcome{text: res.Text}, err
}

// copyIn copies a file of the user or of a task into the workspace.
func copyIn(ctx context.Context, t *talk, args string) (outcome, error) {
	fields := strings.Fields(args)
	if len(fields) < 1 || len(fields) > 2 {
		return outcome{}, errors.New("/cp: give FROM, and TO for another name")
	}
	from, to := fields[0], ""
	if len(fields) == 2 {
		to = fields[1]
	}
	if task, path, ok := strings.Cut(from, ":"); ok && strings.HasPrefix(task, "task_") {
		return t.collect(ctx, tasks.CollectParams{TaskID: task, Path: path, Dest: to})
	}
	if to == "" {
		to = filepath.Base(from)
	}
	if err := copyFile(t.root, from, to); err != nil {
		return outcome{}, err
	}
	return outcome{text: "copied to " + to}, nil
}

func (t *talk) collect(ctx context.Context, p tasks.CollectParams) (outcome, error) {
	id, err := t.open(ctx)
	if err != nil {
		return outcome{}, err
	}
	p.SessionID = id
	var res tasks.CollectResult
	if err := t.client.Call(ctx, rpc.MethodCollect, p, &res); err != nil {
		return outcome{}, err
	}
	for _, s := range res.Skipped {
		res.Text += fmt.Sprintf("\nskipped %s: %s", s.Path, s.Reason)
	}
	return outcome{text: res.Text}, nil
}

// copyFile copies a regular file to a new one below root.
func copyFile(root, from, to string) (err error) {
	if !filepath.IsAbs(from) {
		from = filepath.Join(root, from)
	}
	info, err := os.Stat(from) // before opening, because opening a pipe waits for its writer
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%q is not a regular file", from)
	}
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dir, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer dir.Close()
	dst, err := dir.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	_, err = io.Copy(dst, src)
	return err
}

func diff(ctx context.Context, t *talk, paths string) (outcome, error) {
	id, _, _ := t.state()
	if id == "" {
		return outcome{}, errors.New("no turn has changed anything yet")
	}
	var res session.DiffResult
	err := t.client.Call(ctx, rpc.MethodDiff, session.DiffParams{SessionID: id, Paths: strings.Fields(paths)}, &res)
	out := outcome{patch: res.Patch}
	for _, f := range res.Files {
		out.text += fmt.Sprintf("%s %s (+%d -%d)\n", f.Change, f.Path, f.Added, f.Removed)
	}
	if err == nil && out.text == "" {
		out.text = "nothing was changed"
	}
	return out, err
}

func undo(ctx context.Context, t *talk, paths string) (outcome, error) {
	id, _, _ := t.state()
	if id == "" {
		return outcome{}, errors.New("no turn has changed anything yet")
	}
	var res session.RevertResult
	err := t.client.Call(ctx, rpc.MethodRevert, session.RevertParams{SessionID: id, Paths: strings.Fields(paths)}, &res)
	if err != nil {
		return outcome{}, err
	}
	var b strings.Builder
	for _, c := range res.Conflicts {
		fmt.Fprintf(&b, "not reverted: %s: %s\n", c.Path, c.Reason)
	}
	switch n := len(res.Applied); {
	case n == 1:
		b.WriteString("1 file is restored; /undo again reverts this")
	case n > 1:
		fmt.Fprintf(&b, "%d files are restored; /undo again reverts this", n)
	case len(res.Conflicts) == 0:
		b.WriteString("there was nothing to undo")
	}
	return outcome{text: b.String()}, nil
}
