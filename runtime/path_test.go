package runtime_test

import (
	"context"
	"errors"
	"path"
	goruntime "runtime"
	"strings"
	"testing"

	"github.com/pygent/pygent/runtime"
)

var badPaths = []struct {
	name    string
	outside bool
}{
	{"", false},
	{"..", true},
	{"../x", true},
	{"a/../../x", true},
	{"a/../..", true},
	{"./../x", true},
	{"/", true},
	{"/etc/passwd", true},
	{"//host/share", true},
	{"~", true},
	{"~/.ssh/id", true},
	{`C:\x`, true},
	{"c:/x", true},
	{"C:", true},
	{`\\host\share`, true},
	{`a\b`, false},
	{`..\x`, false},
	{"a\x00b", false},
	{strings.Repeat("x", 5000), false},
}

func TestBadPathsAreRefusedAndNothingIsTouched(t *testing.T) {
	ws := workspace(t, map[string]string{"file": "x"})
	dst := workspace(t, nil)
	for _, bad := range badPaths {
		_, readErr := ws.ReadFile(bad.name, 10)
		_, writeErr := ws.WriteFile(bad.name, []byte("x"))
		_, fromErr := ws.CopyTo(context.Background(), dst, bad.name, "x", runtime.CopyOptions{})
		_, toErr := ws.CopyTo(context.Background(), dst, "file", bad.name, runtime.CopyOptions{})
		for op, err := range map[string]error{"read": readErr, "write": writeErr, "copy from": fromErr, "copy to": toErr} {
			if err == nil {
				t.Errorf("%s %q was not refused", op, bad.name)
				continue
			}
			var invalid *runtime.InvalidError
			if got := errors.Is(err, runtime.ErrOutside); got != bad.outside || !got && !errors.As(err, &invalid) {
				t.Errorf("%s %q: wrong kind of error: %v", op, bad.name, err)
			}
			if len(err.Error()) > 300 || strings.ContainsRune(err.Error(), 0) {
				t.Errorf("%s: the error repeats too much: %q", op, err)
			}
		}
	}
	if got := tree(t, dst); len(got) > 0 {
		t.Errorf("left in the destination: %v", got)
	}
}

func TestDirectoriesAreNoFiles(t *testing.T) {
	ws := workspace(t, map[string]string{"dir/": "", "file": "x", "link": "-> dir"})
	for _, name := range []string{".", "./", "dir", "dir/", "dir/.", "link", "link/", "file/"} {
		var invalid *runtime.InvalidError
		if _, err := ws.ReadFile(name, 10); !errors.As(err, &invalid) {
			t.Errorf("read %q: %v", name, err)
		}
		if _, err := ws.WriteFile(name, nil); !errors.As(err, &invalid) {
			t.Errorf("write %q: %v", name, err)
		}
	}
}

// A path that cannot exist is an error of the caller in every method.
func TestImpossiblePathsAreInvalid(t *testing.T) {
	files := map[string]string{"dir/": "", "file": "x", "loop": "-> loop", "to": "-> file"}
	if goruntime.GOOS == "windows" {
		t.Skip("Windows says of each that it is not there, or makes it")
	}
	long := strings.Repeat("n", 300)
	for _, name := range []string{"file/x", "file/x/y", "to/x", long, "dir/" + long, long + "/x", "loop", "loop/x"} {
		ws, dst := workspace(t, files), workspace(t, files)
		ctx := context.Background()
		for op, do := range map[string]func() error{
			"read":        func() error { _, err := ws.ReadFile(name, 10); return err },
			"write":       func() error { _, err := ws.WriteFile(name, nil); return err },
			"list":        func() error { _, _, err := ws.List(name, runtime.ListOptions{}); return err },
			"resolve":     func() error { _, err := ws.ResolveDir(name); return err },
			"copy from":   func() error { _, err := ws.CopyTo(ctx, dst, name, "x", runtime.CopyOptions{}); return err },
			"copy to":     func() error { _, err := ws.CopyTo(ctx, dst, "file", name, runtime.CopyOptions{}); return err },
			"copy dir to": func() error { _, err := ws.CopyTo(ctx, dst, ".", name, runtime.CopyOptions{}); return err },
		} {
			var invalid *runtime.InvalidError
			switch err := do(); {
			case !errors.As(err, &invalid):
				t.Errorf("%s %.20q: %v", op, name, err)
			case invalid.Field != "path" || len(err.Error()) > 300:
				t.Errorf("%s %.20q: field %q: %v", op, name, invalid.Field, err)
			}
		}
	}
}

func FuzzCleanPath(f *testing.F) {
	for _, bad := range badPaths {
		f.Add(bad.name)
	}
	f.Add("a/./b//c/../d/")
	f.Fuzz(func(t *testing.T, name string) {
		clean, err := runtime.CleanPath(name)
		if err != nil {
			var invalid *runtime.InvalidError
			if !errors.Is(err, runtime.ErrOutside) && !errors.As(err, &invalid) {
				t.Fatalf("%q: untyped error %v", name, err)
			}
			return
		}
		if clean != path.Clean(clean) || path.IsAbs(clean) || clean == ".." || strings.HasPrefix(clean, "../") {
			t.Fatalf("%q became %q", name, clean)
		}
		if again, err := runtime.CleanPath(clean); err != nil || again != clean {
			t.Fatalf("%q became %q, which becomes %q, %v", name, clean, again, err)
		}
	})
}

// FuzzWriteStaysInside writes through any path and link target.
func FuzzWriteStaysInside(f *testing.F) {
	f.Add("link/x", "../..")
	f.Add("link/../x", "/etc")
	f.Add("link", "dir/../../x")
	f.Add("dir/link/x", "../dir")
	f.Fuzz(func(t *testing.T, name, target string) {
		if len(name) > 200 || len(target) > 200 || strings.ContainsRune(target, 0) || target == "" {
			t.Skip("the file system takes no such names")
		}
		host := workspace(t, map[string]string{"ws/dir/": "", "ws/link": "-> " + target, "ws/dir/link": "-> " + target, "guard": "g"})
		ws, err := runtime.OpenWorkspace(host.Dir()+"/ws", runtime.OpenOptions{})
		must(t, err)
		defer func() { must(t, ws.Close()) }()
		_, _ = ws.WriteFile(name, []byte("written"))
		for file, content := range tree(t, host) {
			if !strings.HasPrefix(file, "ws/") && (file != "guard" || content != "g") {
				t.Fatalf("%q with links to %q touched %q", name, target, file)
			}
		}
	})
}
