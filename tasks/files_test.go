package tasks_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pygent/pygent/runtime"
	"github.com/pygent/pygent/tasks"
)

func TestFilesOfTasksAndSessions(t *testing.T) {
	f := setup(t, false, making(map[string]string{"out/a.txt": "a", "b.bin": "\xff"}), tasks.Options{})
	write(t, f.parent, map[string]string{"mine.txt": "m"})
	id := f.run(t, tasks.StartParams{}).TaskID
	for _, tt := range []struct {
		p    tasks.FileParams
		want tasks.FileContent
	}{
		{tasks.FileParams{TaskID: id, Path: "out/a.txt"}, tasks.FileContent{Content: "a", Encoding: "utf-8"}},
		{tasks.FileParams{TaskID: id, Path: "out/a.txt", Binary: true}, tasks.FileContent{Content: "YQ==", Encoding: "base64"}},
		{tasks.FileParams{TaskID: id, Path: "b.bin"}, tasks.FileContent{Content: "/w==", Encoding: "base64"}},
		{tasks.FileParams{Path: "mine.txt"}, tasks.FileContent{Content: "m", Encoding: "utf-8"}},
	} {
		if got, err := f.ReadFile(t.Context(), tt.p); got != tt.want || err != nil {
			t.Errorf("%+v: %+v, %v", tt.p, got, err)
		}
	}
	got, err := f.ListFiles(t.Context(), tasks.ListFilesParams{TaskID: id})
	want := tasks.FileList{Entries: []runtime.Entry{{Name: "b.bin", Type: "file", Size: 1}, {Name: "out", Type: "dir"}}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}

	for _, path := range []string{"..", "../x", "/etc/hostname", "out/../../x"} {
		if _, err := f.ReadFile(t.Context(), tasks.FileParams{TaskID: id, Path: path}); !errors.Is(err, runtime.ErrOutside) {
			t.Errorf("read %q: %v", path, err)
		}
		if _, err := f.ListFiles(t.Context(), tasks.ListFilesParams{TaskID: id, Path: path}); !errors.Is(err, runtime.ErrOutside) {
			t.Errorf("list %q: %v", path, err)
		}
	}
	if _, err := f.ReadFile(t.Context(), tasks.FileParams{TaskID: id, SessionID: f.session, Path: "x"}); !isInvalid("sessionId")(err) {
		t.Errorf("both: %v", err)
	}
	if _, err := f.ListFiles(t.Context(), tasks.ListFilesParams{TaskID: "X"}); !errors.Is(err, tasks.ErrNotFound) {
		t.Errorf("unknown task: %v", err)
	}
}
