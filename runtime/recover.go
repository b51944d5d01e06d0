package runtime

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/pygent/pygent/runtime/internal/filelock"
	"github.com/pygent/pygent/runtime/internal/nolink"
	"github.com/pygent/pygent/runtime/protect"
	"github.com/pygent/pygent/runtime/statedir"
)

// maxEditLogs bounds the journals that one start looks at.
const maxEditLogs = 10_000

// recoverEdits finishes the edits of killed processes, and makes Apply keep its
// own. Its problems are for the user: the workspace can be used in any case.
func (w *Workspace) recoverEdits(state string) {
	dir, err := editDir(state, w.dir)
	if err != nil {
		w.recovered = append(w.recovered, fmt.Sprintf("edits of several files are not kept against the death of the server: %v", err))
		return
	}
	w.edits = dir
	in, err := os.OpenRoot(dir)
	if err != nil {
		return // it was just made; Apply says so
	}
	defer func() { _ = in.Close() }()
	d, err := in.Open(".")
	if err != nil {
		return
	}
	names, _ := d.Readdirnames(maxEditLogs)
	_ = d.Close()
	for _, name := range names {
		if strings.HasSuffix(name, editLogSuffix) {
			w.recoverFrom(in, name)
		}
	}
}

// recoverFrom finishes the edit of one journal, unless its process lives, and
// removes the journal.
func (w *Workspace) recoverFrom(in *os.Root, name string) {
	info, err := in.Lstat(name)
	if err != nil {
		return // another process recovers too
	}
	if !info.Mode().IsRegular() || !statedir.IsOwn(info) {
		w.say("the journal %q of an edit is not a file of yours and is left alone", name)
		return
	}
	f, err := in.OpenFile(name, os.O_RDWR|nolink.Nonblock, 0)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }()
	if ok, err := filelock.Try(f, true); err != nil || !ok || !isAt(f, filepath.Join(in.Name(), name)) {
		return
	}
	text, err := readAtMost(f, nil, maxBatchBytes+maxEditHead+1024)
	if err == nil {
		head, contents, committed, damage := parseEdits(string(text))
		switch {
		case damage != nil:
			w.say("the journal of an edit that a killed server had begun cannot be used: %v%s", damage, w.standing(head))
		case head.Workspace != "" && head.Workspace != w.dir:
			w.say("the journal of an edit in %q is left out here", head.Workspace)
		case committed:
			w.finish(head, contents)
		}
		w.removeTemps(head)
	}
	_ = in.Remove(name)
	_ = f.Close() // where open files cannot be removed
	_ = in.Remove(name)
}

func (w *Workspace) say(format string, args ...any) {
	w.recovered = append(w.recovered, fmt.Sprintf(format, args...))
}

// standing says which files of a damaged journal have their new content.
func (w *Workspace) standing(head editHead) string {
	var list []string
	for _, s := range head.Files {
		sum, err := w.sumOfReal(s.Path)
		switch {
		case err != nil && !errors.Is(err, fs.ErrNotExist), len(list) > 20:
		case sum == s.Sum && sum != s.Was:
			list = append(list, quote(s.Path)+" is as it was to become")
		case sum == s.Was:
			list = append(list, quote(s.Path)+" is as it was before")
		default:
			list = append(list, quote(s.Path)+" is neither")
		}
	}
	if len(list) == 0 {
		return ""
	}
	return "; look at its files: " + strings.Join(list, ", ")
}

// finish makes the steps that are missing. A file that is neither as before nor as
// it was to become belongs to somebody else by now.
func (w *Workspace) finish(head editHead, contents []string) {
	for _, s := range head.Files {
		var content string
		if !s.Remove {
			content, contents = contents[0], contents[1:]
		}
		if err := w.finishStep(s, content, head.Allowed); err != nil {
			w.say("an edit that a killed server had begun was finished but for %s: %v", quote(s.Path), err)
		}
	}
}

func (w *Workspace) finishStep(s editStep, content string, allowed []string) error {
	clean, err := cleanFile(s.Path)
	if err != nil {
		return err
	}
	if real, err := w.resolve(clean); err != nil || real != clean {
		return errors.New("its path leads elsewhere now")
	}
	if !s.Remove && sumOf(content) != s.Sum {
		return errors.New("its new content is damaged")
	}
	now, err := w.sumOfReal(clean)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return reason(err)
	}
	if now == "" && s.Was != "" && !s.Remove && w.waits(s) {
		now = s.Was // the process died while the file had its second name only
	}
	switch now {
	case s.Sum: // done, also for a removal, whose Sum is ""
		return nil
	case s.Was:
	default:
		return errors.New("it was changed by somebody else meanwhile and stays as it is")
	}
	if err := w.gate("write", clean, clean, allowed); err != nil {
		return err
	}
	if s.Remove {
		return nolink.Within(w.root, path.Dir(clean), func(dir *os.Root) error { return dir.Remove(path.Base(clean)) })
	}
	return w.putBack(s, clean, content, allowed)
}

// putBack writes the content of a step.
func (w *Workspace) putBack(s editStep, clean, content string, allowed []string) error {
	dir, _, err := nolink.MakeParent(w.root, clean, 0o755)
	if err != nil {
		return reason(err)
	}
	at := place{dir, path.Base(clean), clean}
	defer at.close()
	old, err := dir.Lstat(at.base)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return reason(err)
	}
	if err != nil {
		old = nil
	}
	last := func() error { return w.gate("write", clean, clean, allowed) }
	if err := w.replace(at, content, old, last); err != nil {
		return err
	}
	if s.Mode != 0 {
		return dir.Chmod(at.base, s.Mode.Perm())
	}
	return nil
}

// waits reports whether the old file of a step still has its second name.
func (w *Workspace) waits(s editStep) bool {
	sum, err := w.sumOfReal(s.Backup)
	return err == nil && sum == s.Was
}

// removeTemps removes the temporary files of a journal. It trusts no name.
func (w *Workspace) removeTemps(head editHead) {
	for _, s := range head.Files {
		for _, name := range []string{s.Temp, s.Backup} {
			clean, err := cleanFile(name)
			if err != nil || !isTemp(path.Base(clean)) || protect.Of(w.root, path.Dir(clean)).Grade == protect.Never {
				continue
			}
			_ = nolink.Within(w.root, path.Dir(clean), func(dir *os.Root) error {
				if info, err := dir.Lstat(path.Base(clean)); err != nil || !info.Mode().IsRegular() {
					return err
				}
				return dir.Remove(path.Base(clean))
			})
		}
	}
}

// sumOfReal returns the sum of a regular file at a path without links, "" and
// fs.ErrNotExist when there is none.
func (w *Workspace) sumOfReal(real string) (sum string, err error) {
	clean, err := cleanFile(real)
	if err != nil {
		return "", err
	}
	dir, err := nolink.Parent(w.root, clean)
	if nolink.IsGone(err) {
		return "", fs.ErrNotExist
	}
	if err != nil {
		return "", err
	}
	at := place{dir, path.Base(clean), clean}
	defer at.close()
	return w.sumAt(at)
}

// sumAt returns the sum of the file at a place.
func (w *Workspace) sumAt(at place) (string, error) {
	f, _, err := w.openRegularIn(at.dir, at.base, at.real)
	if errors.Is(err, ErrNotFound) {
		return "", fs.ErrNotExist
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
