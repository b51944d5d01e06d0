package trial

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// file is one file of a tree.
type file struct {
	data []byte
	mode fs.FileMode // permission bits; 0 is 0644, or what they were
	link bool        // data is the target of a symbolic link
}

// tree holds files by their path with slashes. An empty directory does not count.
type tree map[string]file

// add puts a section's file into the tree.
func (t tree) add(s section) error {
	f := file{data: s.data, link: s.has("link")}
	if s.has("mode") {
		mode, err := strconv.ParseUint(s.flags["mode"], 8, 32)
		if err != nil {
			return fmt.Errorf("mode of %s: %w", s.name, err)
		}
		f.mode = fs.FileMode(mode)
	}
	if old, ok := t[s.name]; ok {
		if !s.has("append") {
			return fmt.Errorf("%s is given twice", s.name)
		}
		f.data = append(slices.Clone(old.data), f.data...)
		f.mode = old.mode
	}
	t[s.name] = f
	return nil
}

// replace puts a section's file into the tree, where one may be. The mode stays
// unless the section gives one.
func (t tree) replace(s section) error {
	old, ok := t[s.name]
	if !ok || s.has("append") {
		return t.add(s)
	}
	delete(t, s.name)
	err := t.add(s)
	if f := t[s.name]; f.mode == 0 {
		f.mode = old.mode
		t[s.name] = f
	}
	return err
}

// settle gives the files that say nothing of their mode the usual one.
func (t tree) settle() {
	for name, f := range t {
		if f.mode == 0 && !f.link {
			f.mode = 0o644
			t[name] = f
		}
	}
}

// write writes the tree below dir.
func (t tree) write(dir string) error {
	for name, f := range t {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if f.link {
			if err := os.Symlink(string(f.data), path); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(path, f.data, 0o644); err != nil {
			return err
		}
		if f.mode != 0 {
			if err := os.Chmod(path, f.mode); err != nil {
				return err
			}
		}
	}
	return nil
}

// readTree reads what is below dir. It follows no links.
func readTree(dir string) (tree, error) {
	t := tree{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		f := file{mode: info.Mode().Perm()}
		if d.Type() == fs.ModeSymlink {
			target, err := os.Readlink(path)
			t[filepath.ToSlash(name)] = file{data: []byte(target), link: true}
			return err
		}
		f.data, err = os.ReadFile(path)
		t[filepath.ToSlash(name)] = f
		return err
	})
	return t, err
}

// same compares t, which was read, with what it should be; the error lists the
// differences.
func (t tree) same(want tree) error {
	var diffs []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		w := want[name]
		switch got, ok := t[name]; {
		case !ok:
			diffs = append(diffs, name+" is missing")
		case got.link != w.link:
			diffs = append(diffs, fmt.Sprintf("%s: a link: %v, want %v", name, got.link, w.link))
		case string(got.data) != string(w.data):
			diffs = append(diffs, fmt.Sprintf("%s:\n  have %s\n  want %s", name, quote(got.data), quote(w.data)))
		case w.mode != 0 && !w.link && got.mode != w.mode && runtime.GOOS != "windows":
			diffs = append(diffs, fmt.Sprintf("%s: mode %o, want %o", name, got.mode, w.mode))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if _, ok := want[name]; !ok {
			diffs = append(diffs, fmt.Sprintf("%s is there: %s", name, quote(t[name].data)))
		}
	}
	if diffs == nil {
		return nil
	}
	return errors.New(strings.Join(diffs, "\n"))
}

// quote shows a file's content on one line, without what is too long.
func quote(data []byte) string {
	const most = 1500
	if len(data) > most {
		return fmt.Sprintf("%q… (%d bytes)", data[:most], len(data))
	}
	return fmt.Sprintf("%q", data)
}
