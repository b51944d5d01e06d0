package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pygent/pygent/agent/journal"
)

// maxCounted bounds how many files of the state directory are counted.
const maxCounted = 200_000

// onPath checks whether `pygent`, which editors run, starts this program.
func onPath(exe string) finding {
	f := finding{Area: areaProgram, Name: "PATH"}
	found, err := exec.LookPath("pygent")
	if err != nil {
		f.Detail = "PATH has no `pygent`: an editor cannot start it by name"
		f.Cure = "add " + filepath.Dir(exe) + " to PATH"
		return f
	}
	f.OK, f.Detail = true, "`pygent` is "+found
	a, errA := os.Stat(found)
	b, errB := os.Stat(exe)
	if errA == nil && errB == nil && !os.SameFile(a, b) {
		f.OK, f.Cure = false, "this is another program than "+exe+": remove one, or put the directory of the right one first in PATH"
	}
	return f
}

// stateFinding checks the state directory, which holds sessions and logs, and reports its
// size. Pygent also works without one.
func stateFinding() finding {
	f := finding{Area: areaState, Name: "directory"}
	dir, err := makeStateDir()
	if err != nil {
		f.Detail, f.Cure = err.Error(), "make the directory writable, or set XDG_STATE_HOME to one that is; without it Pygent keeps no session and cannot undo"
		return f
	}
	var files, size int64
	walked := filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // removed meanwhile, or in a command's home directory
		}
		if files++; files > maxCounted {
			return fs.SkipAll
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	f.OK = walked == nil
	more := ""
	if files > maxCounted {
		more = "more than "
	}
	f.Detail = fmt.Sprintf("%s, %s%s", dir, more, megabytes(size))
	if list, err := journal.NewStore(filepath.Join(dir, "sessions")).List(); err == nil {
		f.Detail += fmt.Sprintf(", %d session(s), including those of tasks", len(list))
	}
	return f
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// editor is an editor for which a client exists, with files that show whether it is
// installed.
type editor struct {
	name     string
	programs []string
	clients  []string // patterns of filepath.Glob
}

// places returns the editors and their paths on this system.
func places() []editor {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil
	}
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) {
		data = filepath.Join(home, ".local", "share")
	}
	var code []string
	for _, dir := range []string{".vscode", ".vscode-server", ".vscode-oss", ".cursor", ".windsurf"} {
		code = append(code, filepath.Join(home, dir, "extensions", "pygent.pygent-*"))
	}
	return []editor{
		{"VS Code", []string{"code", "codium", "cursor", "windsurf"}, code},
		{"Neovim", []string{"nvim"}, []string{
			filepath.Join(data, "nvim", "site", "pack", "*", "*", "pygent*"),
			filepath.Join(data, "nvim", "lazy", "pygent*"),
		}},
	}
}

// editors reports the installed editors, with or without their client.
func editors(known []editor) []finding {
	var list []finding
	for _, e := range known {
		f := finding{Area: areaEditors, Name: e.name}
		for _, pattern := range e.clients {
			if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
				f.OK, f.Detail = true, "its client is "+found[0]
			}
		}
		for _, name := range e.programs {
			if path, err := exec.LookPath(name); err == nil && !f.OK && f.Detail == "" {
				f.Detail, f.Cure = "no Pygent client found for "+path, "install the client in editors/ of Pygent's repository"
			}
		}
		if f.Detail != "" {
			list = append(list, f)
		}
	}
	if len(list) == 0 {
		list = append(list, finding{Area: areaEditors, Name: "editors", OK: true, Detail: "found no editor that Pygent has a client for; none is required"})
	}
	return list
}
